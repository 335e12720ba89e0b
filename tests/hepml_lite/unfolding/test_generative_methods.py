"""Generative unfolding of a Gaussian problem, where posterior and iterations are known."""

import numpy as np
import pytest

from hepml_lite.densities import Bridge, BridgeDensity, Flow, TrainingPlan
from hepml_lite.exact.gaussian_recursion import GaussianUnfolding
from hepml_lite.unfolding import ConditionalGeneration, DistributionMapping, SimulatedEvents

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


def test_the_posterior_of_an_event():
    unfolding = ConditionalGeneration(flow, n_samples=2000).fit(simulation())
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


def test_pairs_give_the_migration():
    true, measured = PROBLEM.simulation(N, rng=5)
    mapping = DistributionMapping(Bridge(BridgeDensity(plan=PLAN))).fit(simulation())
    unfolded = mapping.unfold(measured[:, None]).samples[0, :, 0]
    assert unfolded.mean() == pytest.approx(0, abs=0.06)
    assert unfolded.std() == pytest.approx(1, abs=0.06)
    exact = np.corrcoef(true, measured)[0, 1]
    assert np.corrcoef(unfolded, measured)[0, 1] == pytest.approx(exact, abs=0.04)


def test_nothing_is_unfolded_before_fit():
    with pytest.raises(ValueError, match="call fit"):
        ConditionalGeneration().unfold(np.zeros((3, 1)))
