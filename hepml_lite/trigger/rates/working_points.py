"""False-positive rates in a mixture of simulated events: what can be said with so many events.

A mixture of processes in the shares of a sample is no beam: its false-positive rate is a number of
this sample and not a rate in Hz (for those see `rates`). It is what the papers quote. The interval
is that of Clopper and Pearson (Biometrika 26 (1934) 404), which never covers too little.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval, checked_level, efficiency_interval
from hepml_lite.statistics.settings_checks import checked_number

FEWEST = 10  # background events above a threshold that may be quoted


class WorkingPoint(NamedTuple):
    """A threshold, and what passes it.

    Attributes:
        threshold: events with a score of at least this pass.
        false_positive: of the background, with its Clopper-Pearson interval.
        true_positive: of the signal, with its Wilson interval.
        n_background: background events that pass.
    """

    threshold: float
    false_positive: Interval
    true_positive: Interval
    n_background: int


def clopper_pearson(passed: int, total: int, level: float = 0.68) -> Interval:
    """A share with its Clopper-Pearson interval.

    Raises:
        ValueError: unless 0 <= passed <= total and total > 0.
    """
    efficiency_interval(passed, total, level)  # the same checks
    found = binomtest(int(passed), int(total)).proportion_ci(checked_level(level), "exact")
    return Interval(passed / total, float(found.low), float(found.high))


def at_false_positive(
    background: ArrayLike, signal: ArrayLike, false_positive: float, level: float = 0.68
) -> WorkingPoint:
    """The lowest threshold that at most this share of the background passes.

    Args:
        background: (B,) scores.
        signal: (S,) scores.
        false_positive: share of the mixture, such as 1e-3.
        level: of the intervals.

    Raises:
        ValueError: for a share that leaves fewer than ten background events: the sample is too
            small to quote it.
    """
    below = np.sort(checked_finite("background", background, 1))[::-1]
    above = checked_finite("signal", signal, 1)
    wanted = checked_number("false_positive", false_positive, 0, 1, "()", "0.001")
    allowed = int(wanted * len(below) * (1 + 1e-12))
    if allowed < FEWEST:
        raise ValueError(
            f"false_positive {wanted:g} of {len(below)} events leaves {allowed}: give at least "
            f"{FEWEST / wanted:.0f} background events, or quote a larger share"
        )
    inside = below[:allowed]
    threshold = float(inside[-1])
    if allowed < len(below) and below[allowed] == threshold:  # equal scores pass together
        inside = inside[inside > threshold]
        threshold = float(inside[-1]) if len(inside) else float(np.nextafter(below[0], np.inf))
    n_background = int((below >= threshold).sum())
    return WorkingPoint(
        threshold,
        clopper_pearson(n_background, len(below), level),
        efficiency_interval(int((above >= threshold).sum()), len(above), level),
        n_background,
    )
