"""Truncation of a Gaussian whose probability inside a box is known."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import norm

from hepml_lite.densities import TruncatedDensity, truncated
from hepml_lite.statistics.settings_checks import checked_rng


@dataclass
class UnitGaussian:
    """Independent Gaussians of width one around the condition (C = 2), or around zero."""

    def fit(self, *_, **__):
        return self

    def sample(self, n, condition=None, rng=0):
        mean = np.zeros(2) if condition is None else np.asarray(condition, float)
        return mean + checked_rng(rng).normal(size=(n, *mean.shape))

    def log_prob(self, x, condition=None):
        return norm.logpdf(x, 0 if condition is None else condition).sum(-1)


def test_samples_and_density_inside_a_box():
    inside = norm.cdf(1) - norm.cdf(-1)
    density = truncated(UnitGaussian(), -1, [1, np.inf])
    expected = inside * norm.cdf(1)
    assert density.acceptance() == pytest.approx(expected, abs=0.02)
    x = density.sample(20_000)
    assert x.shape == (20_000, 2)
    assert (np.abs(x[:, 0]) <= 1).all()
    assert (x[:, 1] >= -1).all()
    assert x[:, 0].std() == pytest.approx(0.5396, abs=0.01)  # of a Gaussian cut at one width
    log_prob = density.log_prob([[0, 0], [0, -1.5]])
    assert log_prob[0] == pytest.approx(2 * norm.logpdf(0) - np.log(expected), abs=0.03)
    assert log_prob[1] == -np.inf


def test_each_condition_has_its_own_acceptance():
    density = truncated(UnitGaussian(), 0, np.inf)
    conditions = np.array([[0.0, 0.0], [2.0, 2.0]])
    x = density.sample(4000, conditions)
    assert x.shape == (4000, 2, 2)
    assert (x >= 0).all()
    expected = np.sqrt(2 / np.pi)  # of half a Gaussian
    np.testing.assert_allclose(x[:, 0].mean(0), expected, atol=0.05)
    np.testing.assert_allclose(x[:, 1].mean(0), 2 + norm.pdf(2) / norm.cdf(2), atol=0.07)
    acceptance = norm.cdf([0, 2]) ** 2
    log_prob = density.log_prob(np.ones((2, 2)), conditions)
    free = norm.logpdf(1, conditions).sum(1)
    np.testing.assert_allclose(log_prob, free - np.log(acceptance), atol=0.05)


def test_support_of_a_prior():
    density = TruncatedDensity(UnitGaussian(), lambda x: (x**2).sum(-1) < 1)
    assert density.acceptance() == pytest.approx(1 - np.exp(-0.5), abs=0.02)
    assert ((density.sample(1000) ** 2).sum(-1) < 1).all()


def test_hardly_anything_inside():
    with pytest.warns(UserWarning, match="of the draws are inside"):
        truncated(UnitGaussian(), 1.5, np.inf).sample(100)
    with pytest.raises(ValueError, match="outside in all of 3000 draws"):
        truncated(UnitGaussian(), 50, np.inf).sample(3)
    with pytest.raises(ValueError, match="none of 10000 draws"):
        truncated(UnitGaussian(), 50, np.inf).log_prob([[51, 51]])


def test_box_without_a_content():
    with pytest.raises(ValueError, match="every low must be below its high"):
        truncated(UnitGaussian(), [0, 1], [1, 1])
