"""One number for intervals: narrow is good, and a coverage that is not 68 % costs.

The score of the HiggsML uncertainty challenge, arXiv:2410.02867: with the mean width w of the
intervals and the share c of them that holds the truth,

    score = -ln((w + epsilon) f(c)),

where f is one within two binomial errors of 68.27 %, 1 + ((below - c) / error)^4 for a coverage
below that band, and 1 + ((c - above) / error)^3 above it: too few covered is worse than too many.
The larger score is better. Widths have the unit of the parameter: scores of two parameters, or of
different numbers of intervals, cannot be compared.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.settings_checks import checked_count, checked_number

LEVEL = 0.6827
EPSILON = 1e-3  # keeps the score of empty intervals finite; as in the code of the challenge
BAND = 2.0  # binomial errors that cost nothing
POWER_BELOW = 4
POWER_ABOVE = 3


class CoverageScore(NamedTuple):
    """What the intervals are worth.

    Attributes:
        score: the larger, the better.
        width: mean width of the intervals.
        coverage: share of the truths inside, with its binomial interval.
        penalty: f of the coverage, one if it is right.
    """

    score: float
    width: float
    coverage: Interval
    penalty: float


def coverage_score(
    low: ArrayLike, high: ArrayLike, truths: ArrayLike, epsilon: float = EPSILON
) -> CoverageScore:
    """Score 68 % intervals.

    Args:
        low: lower ends (N,).
        high: upper ends (N,).
        truths: true values (N,).
        epsilon: added to the width.

    Raises:
        ValueError: lengths that differ, NaN, or an interval whose ends are exchanged.
    """
    below = checked_finite("low", low, n_axes=1)
    above = checked_finite("high", high, n_axes=1)
    truth = checked_finite("truths", truths, n_axes=1)
    if not len(below) or not below.shape == above.shape == truth.shape:
        raise ValueError(
            f"{len(below)} lower and {len(above)} upper ends for {len(truth)} truths: give one of "
            "each for every truth"
        )
    if (below > above).any():
        first = int(np.argmax(below > above))
        raise ValueError(
            f"interval {first} goes from {below[first]} to {above[first]}: are low and high "
            "exchanged?"
        )
    n_inside = int(((below <= truth) & (truth <= above)).sum())
    width = float((above - below).mean())
    penalty = coverage_penalty(n_inside / len(truth), len(truth))
    added = checked_number("epsilon", epsilon, 0, np.inf, "()", "0.001")
    score = -np.log((width + added) * penalty)
    return CoverageScore(float(score), width, efficiency_interval(n_inside, len(truth)), penalty)


def coverage_penalty(coverage: float, n: int) -> float:
    """F of a coverage that was measured with n intervals: one within the band around 68.27 %.

    Raises:
        ValueError: a coverage outside [0, 1], such as 68 for 68 %, or no interval.
    """
    coverage = checked_number("coverage", coverage, 0, 1, "[]", "0.68")
    n = checked_count("n", n)
    error = (LEVEL * (1 - LEVEL) / n) ** 0.5
    pull = (coverage - LEVEL) / error
    if pull < -BAND:
        return 1 + (-BAND - pull) ** POWER_BELOW
    if pull > BAND:
        return 1 + (pull - BAND) ** POWER_ABOVE
    return 1.0
