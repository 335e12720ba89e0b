"""OmniFold follows the exact recursion of a Gaussian problem, and its limits are exact."""

import numpy as np
import pytest

from hepml_lite.exact.gaussian_recursion import GaussianUnfolding
from hepml_lite.unfolding import OmniFold, SimulatedEvents

N = 20_000


def unfolded(problem, n_iterations):
    true, measured = problem.simulation(N)
    _, data = problem.nature(N)
    events = SimulatedEvents.of(true[:, None], measured[:, None])
    method = OmniFold(n_iterations=n_iterations, model="trees", folds=2)
    return true, method.fit(events).unfold(data[:, None])


def test_mean_and_width_follow_the_recursion():
    problem = GaussianUnfolding()
    true, result = unfolded(problem, 8)
    for weights, exact in zip(result.history, problem.steps(8), strict=True):
        mean = np.average(true, weights=weights)
        width = np.average((true - mean) ** 2, weights=weights) ** 0.5
        assert mean == pytest.approx(exact.mean, abs=0.04)
        assert width == pytest.approx(exact.width, abs=0.04)


def test_a_perfect_detector_gives_the_density_ratio():
    problem = GaussianUnfolding(smearing=0)
    true, result = unfolded(problem, 1)
    exact = problem.weights(true, 1)
    assert np.mean(np.abs(result.weights - exact)) < 0.1


def test_no_iteration_gives_the_prior():
    _, result = unfolded(GaussianUnfolding(), 0)
    np.testing.assert_array_equal(result.weights, 1)
