"""OmniFold with a nuisance parameter follows the exact answer of two detectors, one of them off."""

import numpy as np
import pytest

from hepml_lite.densities import TrainingPlan
from hepml_lite.exact.gaussian_profiling import GaussianProfiling
from hepml_lite.unfolding import OmniFold, ProfiledOmniFold, SimulatedEvents

N = 8000
PROBLEM = GaussianProfiling()
PLAN = TrainingPlan(epochs=6, batch_size=512, learning_rate=2e-2, progress=False)
RESPONSE_PLAN = TrainingPlan(epochs=15, batch_size=512, learning_rate=2e-2, progress=False)


def as_events(true, measured):
    return SimulatedEvents.of(true[:, None], measured)


@pytest.fixture(scope="module")
def fitted():
    nuisance = np.random.default_rng(5).uniform(-1.2, 1.2, 2 * N)
    varied = as_events(*PROBLEM.simulation(2 * N, nuisance, rng=7))
    method = ProfiledOmniFold(OmniFold(n_iterations=4, folds=2, plan=PLAN), plan=RESPONSE_PLAN)
    return method.fit(as_events(*PROBLEM.simulation(N)), varied, nuisance)


def test_the_change_of_the_response_is_that_of_a_shifted_gaussian(fitted):
    true, measured = PROBLEM.simulation(N)
    off = measured[:, 1] - true
    exact = (0.5 * off - 0.5**2 / 2) / PROBLEM.shifted_smearing**2
    assert np.sqrt(np.mean((fitted.response(0.5) - exact) ** 2)) < 0.15 * exact.std()


def test_truth_and_nuisance_follow_the_exact_steps(fitted):
    true, _ = PROBLEM.simulation(N)
    result = fitted.unfold(PROBLEM.nature(N)[1])
    # 3 statistical errors of the mean, and 0.02 for the learned response
    tolerance = 3 * (2 / N) ** 0.5 + 0.02
    for weights, theta, exact in zip(
        result.history, result.nuisance, PROBLEM.steps(4), strict=True
    ):
        assert np.average(true, weights=weights) == pytest.approx(exact.truth.mean, abs=tolerance)
        assert theta == pytest.approx(exact.nuisance, abs=tolerance)
    without = (PROBLEM.truth.mean + PROBLEM.truth.mean + PROBLEM.nuisance) / 2
    assert np.average(true, weights=result.weights) < without - 3 * tolerance


def test_a_tight_constraint_holds_the_nuisance_where_it_is(fitted):
    fitted.constraint = 1e-4
    result = fitted.unfold(PROBLEM.nature(N)[1][:1000])
    fitted.constraint = None
    assert np.abs(result.nuisance).max() < 1e-3


def test_a_nuisance_for_each_varied_event():
    events = as_events(*PROBLEM.simulation(50))
    with pytest.raises(ValueError, match=r"nuisance has shape \(3,\) for 50 varied events"):
        ProfiledOmniFold().fit(events, events, [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="call fit"):
        ProfiledOmniFold().unfold(np.zeros((5, 2)))
