"""Integrals with known values: pulls, densities that are normalised, and flows that help."""

import numpy as np
import pytest

from hepml_lite.exact.integrands import GaussianPeaks, Separable, diagonal_peaks, ridge
from hepml_lite.generation.importance_sampling import (
    FlowIntegrator,
    Integral,
    VegasGrid,
    combined,
    integrate,
    unweighting_efficiency,
    vegas,
)
from hepml_lite.generation.importance_sampling.channel_shares import best_shares
from hepml_lite.generation.importance_sampling.gaussian_channel import GaussianChannel


@pytest.mark.parametrize("integrand", [diagonal_peaks(2), ridge(2), Separable(2)], ids=str)
def test_known_integrals_are_those_of_a_grid(integrand):
    axis = (np.arange(150) + 0.5) / 150
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    assert np.mean(integrand(points)) == pytest.approx(integrand.integral, rel=1e-3)


def test_vegas_pulls_are_of_order_one():
    integrand = Separable(3)
    found = [vegas(integrand, 3, 4000, rng=seed) for seed in range(40)]
    pulls = [(one.value - integrand.integral) / one.error for one in found]
    assert abs(np.mean(pulls)) < 3 / np.sqrt(40)
    assert 0.7 < np.std(pulls) < 1.4


def test_vegas_beats_uniform_points():
    integrand = Separable(4)
    uniform = integrand(np.random.default_rng(0).random((20_000, 4)))
    error = uniform.std() / np.sqrt(20_000)
    assert vegas(integrand, 4, 20_000).error < error / 5


def test_grid_density_is_normalised_and_that_of_its_points():
    grid = VegasGrid(2, n_bins=20)
    x = np.random.default_rng(0).random((2000, 2))
    grid.adapt(x, diagonal_peaks(2)(x))
    axis = (np.arange(400) + 0.5) / 400
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    _, everywhere = grid.from_uniform(grid.to_uniform(points))
    assert everywhere.mean() == pytest.approx(1, rel=0.01)
    drawn, density = grid.sample(1000, np.random.default_rng(1))
    back, density_again = grid.from_uniform(grid.to_uniform(drawn))
    np.testing.assert_allclose(back, drawn, atol=1e-12)
    np.testing.assert_allclose(density_again, density)


def test_a_frozen_constant_function_keeps_the_grid():
    grid = VegasGrid(1, n_bins=10)
    x = (np.arange(1000) + 0.5)[:, None] / 1000
    grid.adapt(x, np.ones(1000))
    np.testing.assert_allclose(grid.edges[0], np.linspace(0, 1, 11), atol=1e-9)


def test_estimates_are_combined_by_their_numbers_of_points():
    parts = [Integral(1.0, 0.1, 100), Integral(2.0, 0.2, 300)]
    assert combined(parts) == pytest.approx((1.75, np.hypot(0.025, 0.15), 400))


def test_unweighting_efficiency():
    assert unweighting_efficiency(np.ones(50)) == 1
    assert unweighting_efficiency([1.0] * 9 + [10.0], share_above=0) == pytest.approx(0.19)
    rising = np.linspace(0, 1, 100_001)  # uniform weights: mean 1/2, largest 1
    assert unweighting_efficiency(rising, share_above=0) == pytest.approx(0.5, abs=1e-3)
    assert unweighting_efficiency(rising, share_above=0.1) > 0.5


def test_a_flow_finds_a_ridge_that_vegas_cannot_see():
    integrand = GaussianPeaks(tuple(np.linspace(0.3, 0.7, 200)), 2, 400.0)
    plain = vegas(integrand, 2, 20_000, rng=1)
    found = integrate(integrand, 2, 20_000, rng=1)
    assert abs(found.value - integrand.integral) < 4 * found.error
    assert found.error < plain.error / 2
    assert found.n_evaluations == 20_000


def test_evaluations_are_counted():
    calls = []

    def counted(x):
        calls.append(len(x))
        return np.exp(-10 * x.sum(axis=1))

    found = FlowIntegrator(2).integrate(counted, 5000)
    assert sum(calls) == found.n_evaluations == 5000


def test_an_integrator_can_be_used_again():
    integrator = FlowIntegrator(2)
    first = integrator.integrate(Separable(2), 3000, rng=1)
    assert integrator.integrate(Separable(2), 3000, rng=1) == first


def test_a_function_of_either_sign():
    def difference(x):
        return 3 * x[:, 0] - 1

    found = integrate(difference, 2, 5000)
    assert abs(found.value - 0.5) < 4 * found.error


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: integrate(lambda x: x, 2, 5000), "one value a point"),
        (lambda: integrate(lambda x: np.full(len(x), np.nan), 2, 5000), "NaN|finite"),
        (lambda: integrate(lambda x: np.zeros(len(x)), 2, 5000), "zero at all"),
        (lambda: integrate(lambda x: x[:, 0], 2, 100), "n_evaluations"),
        (lambda: unweighting_efficiency([-1.0, 2.0]), "negative|weights"),
        (lambda: unweighting_efficiency([1.0, 2.0], 1.0), "share_above"),
    ],
)
def test_impossible_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("integrand", "largest_ratio"),
    [(diagonal_peaks(6), 0.5), (ridge(4), 0.5), (Separable(6), 1.0)],
    ids=["peaks", "ridge", "separable"],
)
def test_half_of_the_error_of_vegas_with_equal_evaluations(integrand, largest_ratio):
    """Training included. VEGAS misses some of the peaks, so its real errors count, not its own."""
    d = integrand.n_dimensions
    values = [vegas(integrand, d, 20_000, rng=seed).value for seed in range(20)]
    of_vegas = np.sqrt(np.mean((np.array(values) - integrand.integral) ** 2))
    found = integrate(integrand, d, 20_000, rng=1)
    assert found.error < largest_ratio * of_vegas
    assert abs(found.value - integrand.integral) < 3 * found.error


def test_the_best_shares_make_one_weight_of_all():
    """f = 0.3 q1 + 0.7 q2: with these shares all weights are equal, and the variance is zero."""
    x = np.random.default_rng(0).random(20_000)
    channels = np.stack([2 * x, 2 * (1 - x)])
    f = np.array([0.3, 0.7]) @ channels
    shares = best_shares(f, np.ones_like(x), channels)
    np.testing.assert_allclose(shares, [0.3, 0.7], atol=0.02)
    useless = best_shares(f, np.ones_like(x), np.stack([f, np.exp(-((x - 0.5) ** 2) * 500)]))
    assert useless[1] == pytest.approx(0.02, abs=0.005)


def test_gaussians_are_a_density_of_the_cube_and_that_of_their_points():
    rng = np.random.default_rng(0)
    x = np.clip(0.5 + 0.15 * rng.normal(size=(3000, 2)), 0.01, 0.99)
    weights = np.where(x[:, 0] > 0.5, 1.0, 0.0)
    channel = GaussianChannel().fit(x, weights, rng)
    axis = (np.arange(300) + 0.5) / 300
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    assert channel.density(points).mean() == pytest.approx(1, abs=0.01)
    drawn = channel.sample(4000, rng)
    assert (drawn[:, 0] > 0.5).mean() > 0.8
    ratio = 1 / channel.density(drawn)  # its mean is the volume of the cube, where q is not tiny
    inside = channel.density(points) > 1e-2
    assert ratio[channel.density(drawn) > 1e-2].sum() / 4000 == pytest.approx(
        inside.mean(), rel=0.2
    )
