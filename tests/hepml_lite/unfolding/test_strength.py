import numpy as np
import pytest
from unfolding_problems import problem

from hepml_lite.unfolding import iterative_bayes, strength, tikhonov

STRENGTHS = 10.0 ** np.arange(-3, 8, 0.5)


def tikhonov_of(response, prior):
    return lambda measured, tau: tikhonov(measured, response, prior, tau)


def test_rank_of_d_counts_to_the_first_two_entries_of_noise():
    assert strength.rank_from_d([50, 9, -4, 0.3, 1.1]) == 3
    assert strength.rank_from_d([0.1, 0.2]) == 1
    assert strength.rank_from_d([9, 8, 7]) == 3


def test_global_correlation_of_two_bins_is_their_correlation_and_of_independent_ones_zero():
    np.testing.assert_allclose(strength.global_correlation([[4, 3], [3, 9]]), 0.5)
    np.testing.assert_allclose(strength.global_correlation(np.diag([1, 2, 0])), 0, atol=1e-7)
    assert strength.global_correlation(np.ones((2, 2))).tolist() == [1, 1]


def test_l_curve_and_cross_validation_pick_a_strength_with_a_smaller_error_than_the_extremes():
    response, prior, nature, _ = problem(12, smearing=1.5)
    nature = nature * 30
    counts = np.random.default_rng(5).poisson(response @ nature).astype(float)
    method = tikhonov_of(response, prior)

    def error(tau):
        return np.sqrt(np.mean((method(counts, tau).unfolded / nature - 1) ** 2))

    picked = [
        strength.scan_l_curve(method, counts, response, prior, STRENGTHS).best,
        strength.cross_validation(method, counts, response, STRENGTHS).best,
    ]
    for best in picked:
        assert error(best) < 0.5 * error(STRENGTHS[0])
        assert error(best) < 0.5 * error(STRENGTHS[-1])


def test_cross_validation_prefers_few_iterations_where_the_prior_is_right():
    response, _, nature, counts = problem()

    def method(measured, n):
        return iterative_bayes(measured, response, nature, int(n))

    scan = strength.cross_validation(method, counts, response, [1, 10, 100, 1000])
    assert scan.best == 1
    with pytest.raises(ValueError, match="measured is not whole"):
        strength.cross_validation(method, counts + 0.5, response, [1])


def test_an_l_curve_of_four_points_has_no_corner():
    response, prior, _, counts = problem()
    with pytest.raises(ValueError, match="a curvature needs five or more"):
        strength.scan_l_curve(tikhonov_of(response, prior), counts, response, prior, [1, 2, 3, 4])
