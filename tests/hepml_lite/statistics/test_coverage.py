"""Coverage tests on a posterior that is known: theta of N(0, 1), x = theta + noise of N(0, 1)."""

import numpy as np
import pytest
from scipy import stats

from hepml_lite.statistics import two_sample


def draws_and_truths(n=1000, n_draws=99, width=1.0, shift=0.0, n_parameters=2, seed=0):
    """Draws of the posterior N(x/2, 1/2), made wider or shifted in units of its width."""
    rng = np.random.default_rng(seed)
    truths = rng.normal(size=(n, n_parameters))
    data = truths + rng.normal(size=truths.shape)
    noise = shift + width * rng.normal(size=(n_draws, *truths.shape))
    return data / 2 + np.sqrt(0.5) * noise, truths


@pytest.mark.parametrize(
    ("width", "n_draws", "expected"),
    [(1.0, 10, [0.68, 0.95]), (1.0, 400, [0.68, 0.95]), (0.5, 400, [0.381, 0.673])],
)
def test_coverage_of_intervals(width, n_draws, expected):
    """Half as wide as it should be, a 68 % interval holds 38 % and a 95 % interval 67 %."""
    sample = draws_and_truths(4000, n_draws, width)
    found = [two_sample.interval_coverage(*sample, level)[0].value for level in (0.68, 0.95)]
    assert found == pytest.approx(expected, abs=0.025)


def test_coverage_has_binomial_errors():
    coverage = two_sample.interval_coverage(*draws_and_truths(1000))
    assert len(coverage) == 2
    assert coverage[0].error == pytest.approx(np.sqrt(0.68 * 0.32 / 1000), rel=0.05)


class TestRanks:
    def test_the_exact_posterior_is_uniform(self):
        p_values = [
            two_sample.simulation_based_calibration(
                *draws_and_truths(200, 30, seed=i, n_parameters=1)
            ).p_values[0]
            for i in range(200)
        ]
        assert stats.kstest(p_values, "uniform").pvalue > 0.01

    @pytest.mark.parametrize("wrong", [{"width": 0.5}, {"width": 2.0}, {"shift": 0.3}])
    def test_wrong_posteriors_are_seen(self, wrong):
        found = two_sample.simulation_based_calibration(*draws_and_truths(**wrong))
        assert found.p_values.max() < 1e-3

    def test_ranks_by_hand(self):
        draws = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])  # three draws of two truths
        found = two_sample.simulation_based_calibration(
            np.tile(draws, 5), np.tile([2.5, 9.0], 5), n_bins=2
        )
        assert found.ranks[:2, 0].tolist() == [2, 3]

    def test_equal_values_have_ranks_at_random(self):
        found = two_sample.simulation_based_calibration(np.zeros((9, 1000)), np.zeros(1000))
        assert found.p_values[0] > 0.01


class TestTarp:
    def test_the_exact_posterior_is_uniform(self):
        p_values = [
            two_sample.tarp(*draws_and_truths(100, 50, seed=i), rng=i).p_value for i in range(200)
        ]
        assert stats.kstest(p_values, "uniform").pvalue > 0.01

    @pytest.mark.parametrize("width", [0.5, 2.0])
    def test_wrong_widths_are_seen(self, width):
        assert two_sample.tarp(*draws_and_truths(width=width)).p_value < 1e-3

    def test_the_curve_is_that_of_the_levels(self):
        found = two_sample.tarp(*draws_and_truths(4000))
        np.testing.assert_allclose(found.coverage, found.levels, atol=0.03)
        assert found.coverage[[0, -1]].tolist() == [0, 1]

    def test_the_prior_is_found_out_by_references_that_know_the_data(self):
        """Its intervals and its balls around random points cover, although it ignores the data."""
        rng = np.random.default_rng(0)
        truths = rng.normal(size=(1000, 2))
        data = truths + 0.3 * rng.normal(size=truths.shape)
        draws = rng.normal(size=(100, 1000, 2))
        assert two_sample.tarp(draws, truths).p_value > 0.01
        assert two_sample.tarp(draws, truths, references=data).p_value < 1e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d, t: two_sample.interval_coverage(d, t[:-1]), "give .draws, truths, parameters"),
        (lambda d, t: two_sample.interval_coverage(d, t, 1.5), "level is 1.5"),
        (lambda d, t: two_sample.interval_coverage(d * np.nan, t), "NaN"),
        (lambda d, t: two_sample.simulation_based_calibration(d, t, 30), "n_bins is 30"),
        (lambda d, t: two_sample.simulation_based_calibration(d[:3], t), "n_bins is 10"),
        (lambda d, t: two_sample.tarp(d, 0 * t), "same in all truths"),
        (lambda d, t: two_sample.tarp(d, t, t[:-1]), "one point for each truth"),
    ],
)
def test_bad_input_is_refused(call, message):
    draws, truths = draws_and_truths(100)
    with pytest.raises(ValueError, match=message):
        call(draws, truths)
