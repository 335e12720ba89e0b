"""Unified confidence intervals of a Poisson signal over a known background.

Feldman and Cousins, physics/9711021. A number k of events is in the acceptance region of a signal
mu by the order of R(k) = P(k | mu + b) / P(k | mu_best + b) with mu_best = max(0, k - b): the
numbers with the largest R are taken until their probability reaches the level.
"""

import math

import numpy as np
from scipy.special import gammaln, xlogy

from hepml_lite.statistics.intervals import checked_level
from hepml_lite.statistics.settings_checks import checked_count, checked_number

STEP = 0.005  # of the signal, as in the paper; edges are then found by bisection
STEP_OF_BACKGROUND = 0.01
LARGEST_BACKGROUND = 25.0  # the paper scans up to here to make its limits monotone
LARGEST_RISE = 0.4  # of the upper limit, from one background to the next
SMALLEST = 1e-300  # events expected, in place of none, whose logarithm is finite
TIE = 1e-12  # ratios that differ by rounding only are equal


def feldman_cousins(
    n: int, b: float, level: float = 0.9, *, monotone: bool = True
) -> tuple[float, float]:
    """The interval (low, high) of the signal for n observed events and b expected background.

    Because n is a whole number, the upper limit of the bare ordering sometimes rises when the
    background grows. The published tables replace it by the largest upper limit of this or any
    larger background, which is `monotone=True`. `monotone=False` is the bare ordering. Both cover
    at least `level`.

    >>> low, high = feldman_cousins(0, 3.0)
    >>> f"{low:.2f} {high:.2f}"
    '0.00 1.08'

    Args:
        n: observed events.
        b: expected background, known.
        level: confidence level, a fraction.
        monotone: the published limits, else those of the bare ordering.

    Raises:
        ValueError: n is no whole number from 0 on, b is negative, or level is not in (0, 1).
    """
    observed = checked_count("n", n, fewest=0, why="events are counted")
    background = checked_number("b", b, 0, np.inf, "[)", "3.0")
    confidence = checked_level(level)
    low, high = _bare(observed, background, confidence)
    if monotone:
        high = _monotone_upper_limit(observed, background, confidence, high)
    return low, high


def _bare(n: int, b: float, level: float) -> tuple[float, float]:
    """Smallest and largest signal whose acceptance region holds n."""
    largest = _surely_excluded(n, b, level)
    signals = np.arange(0, largest + STEP, STEP)
    accepted = np.flatnonzero(_accepts(n, signals, b, level))
    first, last = accepted[0], accepted[-1]
    low = 0.0
    if first > 0:
        low = _edge(n, b, level, inside=signals[first], outside=signals[first - 1])
    high = _edge(n, b, level, inside=signals[last], outside=signals[last] + STEP)
    return low, high


def _monotone_upper_limit(n: int, b: float, level: float, high: float) -> float:
    """The largest upper limit of the bare ordering at backgrounds from b on."""
    end = max(LARGEST_BACKGROUND, b + 10)
    rises = np.arange(STEP, LARGEST_RISE, STEP)
    for background in np.arange(b, end, STEP_OF_BACKGROUND):
        accepted = np.flatnonzero(_accepts(n, high + rises, background, level))
        if len(accepted):
            last = high + rises[accepted[-1]]
            high = _edge(n, background, level, inside=last, outside=last + STEP)
    return high


def _accepts(n: int, signals: np.ndarray, b: float, level: float) -> np.ndarray:
    """Whether n is in the acceptance region of each signal (S,), bool (S,).

    It is, if all numbers of a larger ratio R have together a probability below the level.
    """
    mean = float(signals.max(initial=0.0)) + b
    most = n + math.ceil(mean + 10 * math.sqrt(mean)) + 20
    k = np.arange(most)  # (K,)
    best = np.maximum(k, b)  # mu_best + b
    log_best = xlogy(k, best) - best - gammaln(k + 1)  # log P(k | mu_best + b)
    expected = np.maximum(signals + b, SMALLEST)[:, None]  # (S, 1)
    log_p = k * np.log(expected) - expected - gammaln(k + 1)  # (S, K)
    log_ratio = log_p - log_best
    is_before = log_ratio > log_ratio[:, [n]] + TIE
    return (np.exp(log_p) * is_before).sum(1) < level


def _surely_excluded(n: int, b: float, level: float) -> float:
    """A signal above all that can be accepted."""
    standard_deviations = 3 + 3 * math.sqrt(-math.log(1 - level))
    return max(n - b, 0) + standard_deviations * (math.sqrt(n + 1) + 1) + 5


def _edge(n: int, b: float, level: float, inside: float, outside: float) -> float:
    """Where acceptance ends between a signal inside and one outside."""
    for _ in range(30):
        middle = (inside + outside) / 2
        if _accepts(n, np.array([middle]), b, level)[0]:
            inside = middle
        else:
            outside = middle
    return float(inside)
