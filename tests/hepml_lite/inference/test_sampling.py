"""Draws and weights against Gaussians that are known, and ABC against an exact posterior."""

import numpy as np
import pytest

from hepml_lite import exact
from hepml_lite.inference import approximate_bayes, sampling


def log_gaussian(theta):
    """Mean (1, -1), widths 1 and 2, correlation 0.8."""
    covariance = np.array([[1.0, 1.6], [1.6, 4.0]])
    return exact.GaussianPrior(np.array([1.0, -1.0]), covariance).log_prob(theta)


def test_walkers_find_a_correlated_gaussian():
    start = np.random.default_rng(0).normal(size=(50, 2))
    chain = sampling.walkers(log_gaussian, start, 700, rng=1)[200:].reshape(-1, 2)
    assert chain.mean(0) == pytest.approx([1, -1], abs=0.15)
    assert np.cov(chain.T) == pytest.approx(np.array([[1.0, 1.6], [1.6, 4.0]]), abs=0.4)


def test_weights_repair_a_proposal():
    rng = np.random.default_rng(0)
    proposal = exact.GaussianPrior(np.zeros(2), 6 * np.eye(2))
    draws = proposal.sample(40_000, rng)
    found = sampling.weighted(draws, log_gaussian(draws), proposal.log_prob(draws))
    mean = np.average(found.theta, axis=0, weights=found.weights)
    assert mean == pytest.approx([1, -1], abs=0.1)
    assert 0.05 < found.effective_size / len(draws) < 0.6
    assert found.resampled(5000, rng).std(0) == pytest.approx([1, 2], abs=0.15)


def test_weights_of_the_right_proposal_are_one():
    draws = np.random.default_rng(0).normal(size=(100, 1))
    found = sampling.weighted(draws, np.full(100, 3.0), np.zeros(100))
    assert found.effective_size == pytest.approx(100)
    assert found.weights == pytest.approx(np.ones(100))


def test_abc_of_a_linear_gaussian():
    """The correction takes the width that the tolerance adds out again."""
    task = exact.posterior_tasks.GaussianLinear()
    theta, x = task.joint(20_000, rng=0)
    theta, x = theta[:, :1], x[:, :1]
    plain = approximate_bayes.rejection(theta, x, [0.3], 0.2, correct=False)
    corrected = approximate_bayes.rejection(theta, x, [0.3], 0.2)
    exact_width = np.sqrt(0.05)
    assert corrected.theta.std() == pytest.approx(exact_width, rel=0.05)
    assert corrected.theta.mean() == pytest.approx(0.15, abs=0.01)
    assert corrected.tolerance == plain.tolerance < 0.5


def test_abc_covers_with_many_summaries():
    """A line with eleven coefficients through sixty points: its residuals are too small."""
    rng = np.random.default_rng(1)
    theta = rng.normal(size=(1500, 1))
    x = theta + rng.normal(size=(1500, 10))  # the posterior has the width 1/sqrt(11)
    held = []
    for truth, observed in zip(theta[:400], x[:400], strict=True):
        draws = approximate_bayes.rejection(theta[400:], x[400:], observed, 0.055).theta
        held.append(abs(draws.mean() - truth[0]) < draws.std())
    assert np.mean(held) == pytest.approx(0.683, abs=0.06)  # 0.59 with the bare residuals


def test_abc_says_when_it_does_not_correct():
    theta = np.linspace(0, 1, 100)[:, None]
    x = np.tile(theta, (1, 3))
    with pytest.warns(UserWarning, match="10 points are too few"):
        moved = approximate_bayes.rejection(theta, x, [0.5, 0.5, 0.5], 0.1)
    plain = approximate_bayes.rejection(theta, x, [0.5, 0.5, 0.5], 0.1, correct=False)
    np.testing.assert_array_equal(moved.theta, plain.theta)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sampling.walkers(log_gaussian, np.zeros((5, 2)), 10), "even number"),
        (lambda: sampling.weighted(np.zeros((3, 1)), np.full(3, -np.inf), np.zeros(3)), "zero at"),
        (lambda: approximate_bayes.rejection(np.zeros((9, 1)), np.ones((9, 2)), [1.0]), "observed"),
        (lambda: approximate_bayes.rejection(np.zeros((9, 1)), np.ones((9, 1)), [1.0]), "two or"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
