"""The check of the inference exploration: a region of Feldman and Cousins."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import poisson

from hepml_lite.checks import Wrong, exercise

N_COUNTS = 60  # counts that a reference looks at
LARGEST_COUNT = 40  # of a usual region
POINTS = (
    (0.5, 3.0, 0.9),
    (2.0, 1.0, 0.9),
    (5.0, 0.5, 0.68),
    (0.0, 3.0, 0.95),
    (8.0, 2.0, 0.9),
    (1.0, 3.0, 0.68),  # here sums of ratios and of chances take other counts
)
Region = Callable[[float, float, float], ArrayLike]


def region(
    signal: float,
    background: float,
    level: float,
    *,
    best: Callable[[np.ndarray, float], np.ndarray] | None = None,
    expected: float | None = None,
) -> np.ndarray:
    """Counts that are accepted by the ordering of Feldman and Cousins.

    Args:
        signal: expected.
        background: expected.
        level: the confidence level.
        best: other expectations (N,) of the denominator, for wrong answers.
        expected: another expectation of the numerator.
    """
    n = np.arange(N_COUNTS)
    mean = signal + background if expected is None else expected
    at_best = np.maximum(n, background) if best is None else best(n, background)
    chance = poisson.pmf(n, mean)
    ratio = chance / np.maximum(poisson.pmf(n, at_best), 1e-300)
    return _taken(n, chance, np.argsort(-ratio, kind="stable"), level)


def _taken(n: np.ndarray, chance: np.ndarray, order: np.ndarray, level: float) -> np.ndarray:
    """The first counts of an order until their chance reaches the level."""
    total = np.cumsum(chance[order])
    n_taken = int(np.searchsorted(total, level)) + 1
    return np.sort(n[order[:n_taken]])


def _by_chance(signal: float, background: float, level: float) -> np.ndarray:
    n = np.arange(N_COUNTS)
    chance = poisson.pmf(n, signal + background)
    return _taken(n, chance, np.argsort(-chance, kind="stable"), level)


def _sum_of_ratios(signal: float, background: float, level: float) -> np.ndarray:
    n = np.arange(N_COUNTS)
    ratio = poisson.pmf(n, signal + background) / poisson.pmf(n, np.maximum(n, background))
    return _taken(n, ratio / ratio.sum(), np.argsort(-ratio, kind="stable"), level)


def _central(signal: float, background: float, level: float) -> np.ndarray:
    tail = (1 - level) / 2
    low, high = poisson.ppf([tail, 1 - tail], signal + background)
    return np.arange(low, high + 1)


def _least_likely_first(signal: float, background: float, level: float) -> np.ndarray:
    n = np.arange(N_COUNTS)
    chance = poisson.pmf(n, signal + background)
    ratio = chance / poisson.pmf(n, np.maximum(n, background))
    return _taken(n, chance, np.argsort(ratio, kind="stable"), level)


def _from_above(signal: float, background: float, level: float) -> np.ndarray:
    """Of upper limits: all counts but the smallest."""
    n = np.arange(N_COUNTS)
    return n[poisson.cdf(n, signal + background) > 1 - level]


def _below_the_level(signal: float, background: float, level: float) -> np.ndarray:
    n = np.arange(N_COUNTS)
    chance = poisson.pmf(n, signal + background)
    ratio = chance / poisson.pmf(n, np.maximum(n, background))
    order = np.argsort(-ratio, kind="stable")
    total = np.cumsum(chance[order])
    return np.sort(n[order[: int(np.searchsorted(total, level))]])


SLIPS: tuple[tuple[Region, str], ...] = (
    (_by_chance, "these are ordered by P(n | s + b) alone. Divide it by the chance of the same n "
     "at the signal that fits it best"),
    (_sum_of_ratios, "the ratios are added up: they give the order only, the sum is over the "
     "chances P(n | s + b)"),
    (_central, "this is the central region, with equal tails on both sides: order by the ratio"),
    (_from_above, "this is the region of upper limits, from one side: order by the ratio"),
    (_least_likely_first, "the least likely counts come first: the largest ratio must be first"),
    (_below_the_level, "one count is missing: does the sum stop just below the level? The count "
     "that reaches it belongs to the region"),
    (lambda s, b, c: region(s, b, 1 - c), "the chance of these counts is one minus the level"),
    (lambda s, b, c: region(s, b, c, best=lambda n, b: n), "for n below the background the signal "
     "that fits best would be negative: it is at least zero"),
    (lambda s, b, c: region(s, b, c, expected=s), "the background is missing in P(n | s + b)"),
    (lambda s, b, c: region(s, b, c, best=lambda n, b: np.maximum(n - b, 0)), "the chance at the "
     "best signal lacks the background: it is P(n | best + b)"),
    (lambda s, b, c: region(b, s, c), "signal and background are swapped"),
    (lambda s, b, c: region(s, b, (1 + c) / 2), "the level is (1 + level)/2 here: take counts "
     "until their chance reaches the level itself"),
    (lambda s, b, c: region(s, b, 0.9), "the level is 90 % whatever is asked for: use the "
     "argument"),
    (lambda s, b, c: region(s, b, c, best=lambda n, b: n + b), "the best signal is n - b, at least "
     "zero, and not n: P(n | n + b) counts the background twice"),
    (lambda s, b, c: region(s, b, c, best=lambda n, b: np.full(len(n), b)), "the denominator is "
     "the chance without signal: it must be the one at the signal that fits n best"),
    (lambda s, b, c: region(s, b, c)[region(s, b, c) > 0], "zero events are a count, too: n "
     "begins at zero"),
    (lambda s, b, c: region(s, b, c)[:-1], "the largest count is missing: does a range end before "
     "it?"),
    (lambda s, b, c: region(s, b, c)[1:], "the smallest count of the region is missing: n begins "
     "at zero"),
    (lambda s, b, c: region(s, b, c) + 1, "all counts are one too large: n begins at zero"),
)  # fmt: skip


@exercise("6.6", reference=region)
def accepted_counts(answer, **context):
    """6.6: the sets of counts at five points, in any order."""
    found = [_counts(answer(*point), point) for point in POINTS]
    expected = [set(region(*point).tolist()) for point in POINTS]
    if found == expected:
        counts = sorted(expected[0])
        return f"at s = 0.5, b = 3 and 90 %: n from {counts[0]} to {counts[-1]}, as in the paper"
    for slip, why in SLIPS:
        if _equal(found, [set(slip(*point).tolist()) for point in POINTS]):
            raise Wrong(why)
    row = next(i for i in range(len(POINTS)) if found[i] != expected[i])
    s, b, level = POINTS[row]
    raise Wrong(
        f"at s = {s:g}, b = {b:g} and {100 * level:g} % the counts are {sorted(found[row])}: order "
        "all n by the ratio, and take them until their chance reaches the level"
    )


def _equal(found: Sequence[set[int]], expected: Sequence[set[int]]) -> bool:
    """Whether counts agree, those aside that nobody expects."""
    usual = set(range(LARGEST_COUNT))
    return [one & usual for one in found] == [one & usual for one in expected]


def _counts(answer: Any, point: tuple[float, float, float]) -> set[int]:
    """The counts of an answer at one point."""
    if isinstance(answer, set | frozenset):
        answer = sorted(answer)
    values = np.atleast_1d(np.asarray(answer))
    expected = region(*point)
    if values.ndim != 1 or not len(values):
        raise Wrong(f"return the counts in a list or an array (K,), not of shape {values.shape}")
    if values.dtype == bool:
        raise Wrong("this is a mask: return the counts themselves, as n[mask]")
    numbers = values.astype(float)
    if not np.isfinite(numbers).all():
        raise Wrong("there are NaN or infinite numbers among the counts")
    if (numbers != np.round(numbers)).any():
        if numbers.max() <= 1:
            raise Wrong("these are chances or ratios: return the counts n that are accepted")
        raise Wrong("counts are whole numbers: is this an interval of the signal?")
    if numbers.tolist() == [expected[0], expected[-1]] and len(expected) > 2:
        raise Wrong("these are the two ends: return all counts between them, too")
    return set(numbers.astype(int).tolist())
