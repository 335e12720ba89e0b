"""Known densities: normalised, with the entropy of their own events, equal to scipy's."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from hepml_lite.exact.densities import Checkerboard, GaussianRing, TwoMoons, linear_gaussian

PLANES = [GaussianRing(), TwoMoons(), Checkerboard()]


@pytest.mark.parametrize("known", PLANES, ids=str)
def test_density_integrates_to_one(known):
    points, area = known.grid(200)
    assert area * np.exp(known.log_prob(points)).sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("known", [*PLANES, linear_gaussian(3, 2)], ids=str)
def test_entropy_is_that_of_the_events(known):
    log_p = known.log_prob(*known.events(20_000, rng=1))
    assert np.isfinite(log_p).all()
    error = log_p.std() / np.sqrt(len(log_p))
    assert -log_p.mean() == pytest.approx(known.entropy, abs=4 * error + 1e-9)


def test_moments_of_the_ring():
    x, condition = GaussianRing().events(50_000)
    assert condition is None
    np.testing.assert_allclose((x**2).sum(1).mean(), 2**2 + 2 * 0.2**2, rtol=0.01)
    np.testing.assert_allclose(x.mean(0), [0, 0], atol=0.03)


def test_entropy_of_separate_gaussians_and_of_the_board():
    of_one = np.log(2 * np.pi * np.e * 0.2**2)
    assert GaussianRing().entropy == pytest.approx(np.log(8) + of_one, abs=1e-3)
    assert Checkerboard().entropy == pytest.approx(np.log(32))


def test_linear_gaussian_is_that_of_scipy():
    known = linear_gaussian(3, 2, location=100, scale=1e4)
    x, condition = known.events(20)
    expected = [
        multivariate_normal(mean, known.covariance).logpdf(row)
        for mean, row in zip(known.mean(condition), x, strict=True)
    ]
    np.testing.assert_allclose(known.log_prob(x, condition), expected)


def test_density_that_depends_on_a_condition():
    with pytest.raises(ValueError, match="condition is missing"):
        linear_gaussian(2, 2).log_prob(np.zeros((3, 2)))
