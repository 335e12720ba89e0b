"""A Boltzmann factor finds mean and width of a Gaussian nature, which it can describe exactly."""

import numpy as np
import pytest

from hepml_lite.exact.gaussian_recursion import GaussianUnfolding
from hepml_lite.unfolding import MomentUnfolding, SimulatedEvents
from hepml_lite.unfolding.moments import in_units

N = 6000
PROBLEM = GaussianUnfolding()


def events(**flags):
    true, measured = PROBLEM.simulation(N)
    return SimulatedEvents.of(true[:, None], measured[:, None], **flags)


def data():
    return PROBLEM.nature(N)[1][:, None]


def mean_and_width(simulation, weights):
    true = simulation.true[:, 0]
    mean = np.average(true, weights=weights)
    return mean, np.average((true - mean) ** 2, weights=weights) ** 0.5


@pytest.fixture(scope="module")
def answer():
    method = MomentUnfolding(n_steps=600).fit(events())
    return method, method.unfold(data())


def test_the_moments_of_nature_come_back_without_iterations(answer):
    mean, width = mean_and_width(events(), answer[1].weights)
    error = (1.14 + 1.5) ** 0.5 / N**0.5  # of data and of simulation, at detector level
    assert mean == pytest.approx(PROBLEM.truth.mean, abs=3 * error)
    assert width == pytest.approx(PROBLEM.truth.width, abs=3 * error)


def test_the_coefficients_are_those_of_two_gaussians(answer):
    variance = PROBLEM.truth.width**2
    exact = [PROBLEM.truth.mean / variance, (1 - 1 / variance) / 2]
    np.testing.assert_allclose(answer[0].coefficients, [exact], atol=0.12)


def test_a_simulation_that_is_right_gets_a_flat_factor():
    same = GaussianUnfolding(truth=PROBLEM.prior)
    result = MomentUnfolding(n_steps=400).fit(events()).unfold(same.nature(N)[1][:, None])
    assert result.weights.mean() == pytest.approx(1)
    assert result.weights.std() < 0.15


def test_misses_get_weights_and_fakes_none():
    rng = np.random.default_rng(4)
    measured_ok = rng.random(N) > 0.2
    true_ok = (rng.random(N) > 0.1) | ~measured_ok
    simulation = events(true_ok=true_ok, measured_ok=measured_ok)
    result = MomentUnfolding(n_steps=20).fit(simulation).unfold(data())
    assert (result.weights[~true_ok] == 0).all()
    assert (result.weights[simulation.missed] > 0).all()
    fakes = simulation.fake.sum() / measured_ok.sum()
    efficiency = simulation.matched.sum() / true_ok.sum()
    assert result.n_true == pytest.approx(N * (1 - fakes) / efficiency, rel=0.05)


def test_coefficients_in_units_are_those_of_the_same_polynomial():
    slopes = np.array([[0.5, -0.2]])
    found = in_units(slopes, np.array([3.0]), np.array([2.0]))
    t = np.array([1.0, 5.0])
    z = (t - 3) / 2
    exact = 0.5 * z - 0.2 * z**2
    ours = found[0, 0] * t + found[0, 1] * t**2
    assert np.diff(ours) == pytest.approx(np.diff(exact))  # the constant does not count


def test_nothing_is_unfolded_before_fit_or_from_negative_weights():
    with pytest.raises(ValueError, match="call fit"):
        MomentUnfolding().unfold(data())
    weights = np.ones(N)
    weights[0] = -1
    with pytest.raises(ValueError, match="are negative"):
        MomentUnfolding().fit(events()).unfold(data(), weights)
