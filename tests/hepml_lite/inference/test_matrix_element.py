"""The matrix-element method on smeared Drell-Yan events, against quadrature."""

import numpy as np
import pytest

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.exact import SmearedDrellYan
from hepml_lite.inference import matrix_element
from hepml_lite.inference.experiments.matrix_element import MatrixElementMethod

pytestmark = pytest.mark.xdist_group("matrix_element")  # one worker makes the events, once

SIMULATOR = SmearedDrellYan()
MIDDLE = 91.2
ENDS = {"low": [60.0, -np.inf, -1.0], "high": [120.0, np.inf, 1.0]}


@pytest.fixture(scope="module")
def learned():
    rng = np.random.default_rng(0)
    partons = SIMULATOR.partons(np.full((6000, 1), MIDDLE), rng)
    measured = SIMULATOR.measured(partons, rng)
    plan = TrainingPlan(epochs=12, batch_size=200, learning_rate=1e-2, progress=False)
    density = SIMULATOR.log_parton_density
    return matrix_element.fit(partons, measured, density, plan=plan, **ENDS)


@pytest.fixture(scope="module")
def events():
    return SIMULATOR.simulate([91.6], 60, rng=1)


def test_the_exact_likelihood_is_normalised():
    """The mean of p(x | 90.5) / p(x | 91.5) over events at 91.5 is one."""
    x = SIMULATOR.simulate([91.5], 150, rng=2)
    ratio = np.exp(SIMULATOR.log_likelihood([90.5], x) - SIMULATOR.log_likelihood([91.5], x))
    assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / 150**0.5)


def test_quadrature_is_a_mean_over_true_pairs():
    """p(x) at the middle, by brute force: the mean of T(x | z) over simulated pairs."""
    rng = np.random.default_rng(3)
    partons = SIMULATOR.partons(np.full((40_000, 1), MIDDLE), rng)
    x = SIMULATOR.measured(partons[:3], rng)
    for event in x:
        values = np.exp(SIMULATOR.log_transfer(event[None], partons))
        error = values.std() / len(values) ** 0.5
        exact = np.exp(SIMULATOR.log_likelihood([MIDDLE], event[None])[0])
        assert values.mean() == pytest.approx(exact, abs=4 * error)


def test_importance_sampling_is_right_where_the_transfer_function_is_known(learned, events):
    """Any proposal gives the exact likelihood within its errors."""
    known = MatrixElementMethod(
        SIMULATOR.log_parton_density, SIMULATOR.log_transfer, learned.proposal
    )
    found = known.event_likelihoods([[91.0]], events, n_draws=1000)
    exact = SIMULATOR.log_likelihood([91.0], events)
    pulls = (found.log_likelihood[0] - exact) / found.error[0]
    assert np.mean(np.abs(pulls) < 2) > 0.85
    assert abs(pulls.mean()) < 0.6
    assert np.median(found.effective_share) > 0.3


def test_learned_ratios_are_those_of_quadrature(learned, events):
    found = learned.event_likelihoods([[90.5], [92.0]], events, n_draws=500)
    exact = SIMULATOR.log_likelihood([92.0], events) - SIMULATOR.log_likelihood([90.5], events)
    ratio = found.log_likelihood[1] - found.log_likelihood[0]
    assert 1 - np.mean((ratio - exact) ** 2) / exact.var() > 0.97


def test_likelihoods_add_up(learned, events):
    of_events = learned.event_likelihoods([[91.0], [91.5]], events, n_draws=50)
    total = learned.log_likelihood([[91.0], [91.5]], events, n_draws=50)
    assert total == pytest.approx(of_events.log_likelihood.sum(1))


def test_draws_stay_in_the_phase_space(learned, events):
    partons = learned.proposal.sample(200, events, rng=0)
    assert partons[..., 0].min() >= 60
    assert np.abs(partons[..., 2]).max() <= 1


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ({"low": [0.0], "high": [1.0]}, "give 3 ends each"),
        ({"low": [0.0, 0.0, 0.0]}, "both ends or none"),
    ],
)
def test_bad_ends_are_refused(ends, message):
    with pytest.raises(ValueError, match=message):
        matrix_element.phase_space_change(3, **ends)
