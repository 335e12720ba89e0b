"""Generative unfolding of a Gaussian problem, where posterior and iterations are known."""

import numpy as np
import pytest

from hepml_lite.densities import Bridge, BridgeDensity, Flow, FlowMatching, TrainingPlan
from hepml_lite.exact.gaussian_recursion import GaussianUnfolding
from hepml_lite.unfolding import ConditionalGeneration, DistributionMapping, SimulatedEvents
from hepml_lite.unfolding.migration import migration_distance, migration_matrix

N = 10_000
PROBLEM = GaussianUnfolding()
GAIN = 2 / 3  # v / (v + e²)
FLOW_PLAN = TrainingPlan(epochs=10, batch_size=512, learning_rate=1e-2, progress=False)
PLAN = TrainingPlan(epochs=15, learning_rate=4e-3, progress=False)


def flow():
    return Flow(kind="affine", n_layers=1, hidden_features=(16,), plan=FLOW_PLAN)


def simulation():
    true, measured = PROBLEM.simulation(N)
    return SimulatedEvents.of(true[:, None], measured[:, None])


def flow_matching():
    plan = TrainingPlan(epochs=30, batch_size=512, learning_rate=4e-3, progress=False)
    return FlowMatching(plan=plan, sampler="heun", n_steps=12)


@pytest.mark.parametrize("make_density", [flow, flow_matching])
def test_the_posterior_of_an_event(make_density):
    unfolding = ConditionalGeneration(make_density, n_samples=2000).fit(simulation())
    x = np.array([[-1.0], [0.0], [1.5]])
    samples = unfolding.unfold(x).samples[..., 0]
    np.testing.assert_allclose(samples.mean(axis=0), GAIN * x[:, 0], atol=0.08)
    np.testing.assert_allclose(samples.std(axis=0), (1 - GAIN) ** 0.5, rtol=0.1)


def test_iterations_follow_the_recursion():
    _, data = PROBLEM.nature(N)
    result = ConditionalGeneration(flow, n_iterations=3).fit(simulation()).unfold(data[:, None])
    for unfolded, exact in zip(result.history, PROBLEM.steps(3)[1:], strict=True):
        assert unfolded.mean() == pytest.approx(exact.mean, abs=0.05)
        assert unfolded.std() == pytest.approx(exact.width, abs=0.05)
    assert result.effective_sample_size == pytest.approx(N)


EDGES = np.linspace(-2, 2, 6)


@pytest.mark.parametrize("paired", [True, False])
def test_the_spectrum_is_right_and_the_migration_only_with_pairs(paired):
    true, measured = PROBLEM.simulation(N, rng=5)
    mapping = DistributionMapping(Bridge(BridgeDensity(plan=PLAN)), paired=paired)
    result = mapping.fit(simulation()).unfold(measured[:, None])
    unfolded = result.samples[0, :, 0]
    assert unfolded.mean() == pytest.approx(0, abs=0.06)
    assert unfolded.std() == pytest.approx(1, abs=0.06)
    exact = migration_matrix(measured, true, EDGES, EDGES)
    wrong = migration_distance(migration_matrix(measured, unfolded, EDGES, EDGES), exact)
    if paired:
        assert wrong.max() < 0.1
    else:
        assert wrong.min() > 0.15


def test_nothing_is_unfolded_before_fit():
    with pytest.raises(ValueError, match="call fit"):
        ConditionalGeneration().unfold(np.zeros((3, 1)))
