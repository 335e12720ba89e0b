"""The sum of the weights of counted events, with an interval that does not forget the unseen."""

import numpy as np
from scipy.stats import gamma

from hepml_lite.statistics.intervals import Interval, checked_level
from hepml_lite.statistics.settings_checks import checked_number


def weighted_sum_interval(
    total: float, variance: float, largest: float, level: float = 0.68
) -> Interval:
    """A sum of weights of Poisson distributed counts, with its interval by the gamma method.

    The interval is that of Fay and Feuer (Statistics in Medicine 16 (1997) 791). With equal weights
    it is the exact (Garwood) interval of a Poisson mean times the weight. The upper end allows for
    one more event of the largest weight that could have been counted, although none was.

    Args:
        total: sum of the weights of the events that were counted.
        variance: sum of their squared weights.
        largest: the largest weight that any event could have had, counted or not.
        level: of confidence.

    Raises:
        ValueError: for numbers that are negative or not finite, a variance that does not belong to
            these weights, or a level outside (0, 1).
    """
    tail = (1 - checked_level(level)) / 2
    total = checked_number("total", total, 0, np.inf, "[)")
    variance = checked_number("variance", variance, 0, np.inf, "[)")
    largest = checked_number("largest", largest, 0, np.inf, "[)")
    if (total > 0) != (variance > 0) or variance > total * largest * (1 + 1e-9):
        raise ValueError(
            f"total {total:g}, variance {variance:g}, largest {largest:g}: give sums over the same "
            "events, sum w, sum w^2, and a largest weight that none of them exceeds"
        )
    low = _gamma_end(total, variance, tail)
    high = _gamma_end(total + largest, variance + largest**2, 1 - tail)
    return Interval(total, low, high)


def _gamma_end(total: float, variance: float, share: float) -> float:
    """The quantile of the gamma distribution with this mean and variance; 0 without events."""
    if total == 0 or variance == 0:
        return 0.0
    effective = (total / variance**0.5) ** 2  # events of equal weight
    return total / effective * float(gamma.ppf(share, effective))
