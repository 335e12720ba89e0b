"""Intervals of weighted counts."""

import pytest
from scipy.stats import chi2

from hepml_lite.statistics.weighted_counts import weighted_sum_interval


@pytest.mark.parametrize("count", [0, 1, 5, 100])
def test_equal_weights_give_the_exact_poisson_interval(count):
    interval = weighted_sum_interval(7.0 * count, 49.0 * count, 7.0, level=0.95)
    low = 7 * chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    assert interval == pytest.approx((7 * count, low, 7 * chi2.ppf(0.975, 2 * count + 2) / 2))


def test_refusals():
    with pytest.raises(ValueError, match="total"):
        weighted_sum_interval(-1, 1, 1)
