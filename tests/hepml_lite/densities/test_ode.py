"""Solvers against the exact path of a Gaussian, whose velocity is linear."""

import math

import pytest
import torch

from hepml_lite.densities import ode

MEAN, WIDTH = 3.0, 0.4


def gaussian_velocity(x, t):
    """Along (1 - t) noise + t x with x of this mean and width: the noise is stretched and moved."""
    width = math.hypot(1 - t, t * WIDTH)
    slope = (t * WIDTH**2 - (1 - t)) / width**2
    return MEAN + slope * (x - t * MEAN)


def path(noise, t):
    return t * MEAN + math.hypot(1 - t, t * WIDTH) * noise


@pytest.fixture
def noise():
    return torch.linspace(-3, 3, 31, dtype=torch.float64)[:, None]


def times(n_steps):
    return [step / n_steps for step in range(n_steps + 1)]


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_halved_steps_divide_the_error_as_the_order_says(method, order, noise):
    """At least: on this path the leading error of the midpoint rule cancels."""
    errors = []
    for n_steps in (32, 64):
        solution = ode.with_fixed_steps(gaussian_velocity, noise, times(n_steps), method)
        assert solution.n_evaluations == order * n_steps
        errors.append((solution.x - path(noise, 1.0)).abs().max().item())
    assert math.log2(errors[0] / errors[1]) > order - 0.25


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6])
def test_adaptive_steps_keep_their_tolerance(tolerance, noise):
    asked = []

    def counted(x, t):
        asked.append(t)
        return gaussian_velocity(x, t)

    solution = ode.with_adaptive_steps(counted, noise, 0.0, 1.0, tolerance)
    assert (solution.x - path(noise, 1.0)).abs().max() < 10 * tolerance
    assert solution.n_evaluations == len(asked)
    back = ode.with_adaptive_steps(gaussian_velocity, solution.x, 1.0, 0.0, tolerance)
    assert (back.x - noise).abs().max() < 50 * tolerance


def test_steps_of_dormand_and_prince_are_of_fifth_order(noise):
    rule = ode.DORMAND_PRINCE
    errors = []
    for n_steps in (8, 16):
        h = 1 / n_steps
        x = noise
        for t in times(n_steps)[:-1]:
            x = x + h * ode.combined(rule.weights, rule.velocities(gaussian_velocity, x, t, h))
        errors.append((x - path(noise, 1.0)).abs().max().item())
    assert math.log2(errors[0] / errors[1]) > 4.5


def test_a_velocity_that_is_not_finite_ends_with_an_error(noise):
    with pytest.raises(RuntimeError, match="is the velocity finite"):
        ode.with_adaptive_steps(lambda x, t: x * math.nan, noise, 0.0, 1.0)


def test_noise_in_each_step_keeps_the_equilibrium():
    """An Ornstein-Uhlenbeck process forgets its start and ends with width one."""
    torch.manual_seed(0)
    x = torch.full((20_000, 1), 5.0)
    steps = [10 * time for time in times(500)]
    end = ode.euler_maruyama(lambda x, t: -x, lambda t: math.sqrt(2), x, steps).x
    assert end.mean().item() == pytest.approx(0, abs=0.03)
    assert end.std().item() == pytest.approx(1, abs=0.03)


def test_the_divergence_is_the_trace_and_hutchinson_agrees_on_average():
    torch.manual_seed(0)
    matrix = torch.randn(5, 5, dtype=torch.float64)
    x = torch.randn(4, 5, dtype=torch.float64)

    def velocity(x, t):
        return t * (x @ matrix.T) + x.square() / 2

    expected = 2 * matrix.trace() + x.sum(1)
    v, exact = ode.divergence(velocity, x, 2.0)
    torch.testing.assert_close(v, velocity(x, 2.0))
    torch.testing.assert_close(exact, expected)
    _, estimate = ode.divergence(velocity, x, 2.0, ode.random_signs(4000, x))
    torch.testing.assert_close(estimate, expected, atol=0.5, rtol=0)


def test_another_method_is_refused(noise):
    with pytest.raises(ValueError, match="euler, midpoint, heun"):
        ode.with_fixed_steps(gaussian_velocity, noise, times(2), "rk4")
    with pytest.raises(ValueError, match="positive"):
        ode.with_adaptive_steps(gaussian_velocity, noise, 0.0, 1.0, tolerance=0)
