"""Reports: what the bottom-line test, the closed gap and the coverage must say of known results."""

import numpy as np
import pytest
from scipy.stats import norm

from hepml_lite.unfolding import invert, iterative_bayes, reports, tikhonov
from tests.unfolding_problems import problem

RESPONSE, PRIOR, NATURE, COUNTS = problem()
VARIANCE = np.diag(COUNTS)


def bottom_line(result):
    other = 0.8 * NATURE + 0.2 * PRIOR
    return reports.bottom_line_test(NATURE, other, RESPONSE, VARIANCE, result.covariance)


def test_inversion_separates_two_models_exactly_as_the_data_do():
    test = bottom_line(invert(COUNTS, RESPONSE))
    assert test.unfolded.value == pytest.approx(test.measured.value, rel=1e-6)
    assert test.measured.n_degrees == len(COUNTS)


@pytest.mark.parametrize(
    "result",
    [iterative_bayes(COUNTS, RESPONSE, PRIOR, 2), tikhonov(COUNTS, RESPONSE, PRIOR, 100.0)],
    ids=["iterative Bayes", "Tikhonov"],
)
def test_a_regularised_covariance_claims_more_than_the_data_contain(result):
    test = bottom_line(result)
    assert not test.passed
    assert test.unfolded.value > 1.05 * test.measured.value


def test_errors_that_are_too_large_pass():
    result = invert(COUNTS, RESPONSE)
    larger = reports.bottom_line_test(
        NATURE, PRIOR, RESPONSE, VARIANCE, 4 * np.asarray(result.covariance)
    )
    assert larger.passed
    assert larger.unfolded.value == pytest.approx(larger.measured.value / 4, rel=1e-6)


def test_the_gap_is_closed_by_the_truth_and_by_half_of_it_in_part():
    rng = np.random.default_rng(2)
    simulated = rng.normal(size=20_000)
    nature = rng.normal(0.5, 1, size=20_000)
    edges = np.linspace(-2, 2.5, 21)
    exact = np.exp(0.5 * simulated - 0.125)
    closed = reports.closed_gap(simulated, None, exact, nature, edges, n_bootstrap=20)
    assert closed.share.value == pytest.approx(1, abs=4 * closed.share.error)
    half = reports.closed_gap(simulated, None, exact**0.5, nature, edges, n_bootstrap=20)
    # a distance is quadratic in the shift: half of the shift leaves a quarter of it
    assert half.share.value == pytest.approx(0.75, abs=0.03)
    alike = reports.closed_gap(simulated, None, exact, rng.normal(size=20_000), edges)
    assert alike.share is None
    assert "gap too small to tell" in str(alike)


def test_coverage_of_gaussian_errors_with_and_without_a_bias():
    rng = np.random.default_rng(3)
    truth = np.full(5, 100.0)
    shift = np.array([0, 0, 0, 0, 15.0])
    unfolded = truth + shift + 10 * rng.normal(size=(2000, 5))
    found = reports.coverage(unfolded, np.full((2000, 5), 10.0), truth)
    exact = norm.cdf(1) - norm.cdf(-1)
    biased = norm.cdf(1 - 1.5) - norm.cdf(-1 - 1.5)
    error = (exact * (1 - exact) / 2000) ** 0.5
    assert found.bins[0].value == pytest.approx(exact, abs=4 * error)
    assert found.bins[4].value == pytest.approx(biased, abs=4 * error)
    assert found.bias[4] == pytest.approx(1.5, abs=0.1)
    assert found.level == pytest.approx(exact)
