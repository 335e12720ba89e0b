"""Thresholds that hold a rate while the beam changes.

A trigger with a fixed threshold keeps what the beam gives. A threshold that follows counts how many
crossings passed in the last interval, and moves so that the next one has the wanted number: a
stochastic approximation of a quantile (H. Robbins, S. Monro, Annals of Mathematical Statistics 22
(1951) 400). A large gain follows a drift closely and passes the noise of each count on to the
threshold; a small one is smooth and late. The rival takes the quantile of the last scores at once:
it has to keep them in memory.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import checked_count, checked_number

LOWEST = -1e300  # of a threshold that still moves


@dataclass(frozen=True)
class Followed:
    """What a threshold did in T intervals.

    Attributes:
        threshold: (T,) that was applied in each.
        share: (T,) of the crossings that passed.
    """

    threshold: np.ndarray
    share: np.ndarray


def fixed_threshold(batches: Iterable[np.ndarray], threshold: float) -> Followed:
    """The same threshold in all intervals; batches are the scores (n,) of each."""
    start = checked_number("threshold", threshold, example="5.0")
    shares = [np.mean(scores >= start) for scores in _checked_batches(batches)]
    return Followed(np.full(len(shares), start), np.array(shares))


def _checked_batches(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The scores (n,) of each interval, which has one crossing or more."""
    if not isinstance(batches, Iterable):
        raise ValueError(f"batches is {batches!r:.40}: give a list of the scores of each interval")
    for batch in batches:
        yield checked_finite("scores", batch, 1, fewest=1)


def following_threshold(
    batches: Iterable[np.ndarray], share: float, start: float, gain: float, scale: float
) -> Followed:
    """A threshold that moves after each interval by gain * scale * (passed / wanted - 1).

    It remembers one number. With exponential tails of the length `scale`, a gain of 1 corrects a
    small deviation at once. If the quantile drifts by d an interval, the threshold stays behind it
    by d / gain.

    Args:
        batches: the scores (n,) of each interval.
        share: of the crossings that should pass, 0 to 1.
        start: the first threshold.
        gain: above 0, at most 1.
        scale: the length over which the rate falls by e, in units of the score.

    Raises:
        ValueError: for a share, gain or scale outside of these ranges.
    """
    checked_number("share", share, 0, 1, "()", "0.002")
    checked_number("gain", gain, 0, 1, "(]", "0.3")
    checked_number("scale", scale, 0, np.inf, "()", "5.0")
    threshold = checked_number("start", start, LOWEST, -LOWEST, example="5.0")
    thresholds, shares = [], []
    for scores in _checked_batches(batches):
        passed = float(np.mean(scores >= threshold))
        thresholds.append(threshold)
        shares.append(passed)
        threshold += gain * scale * np.clip(passed / share - 1, -1, 2)  # one odd count moves little
    return Followed(np.array(thresholds), np.array(shares))


def quantile_threshold(
    batches: Iterable[np.ndarray], share: float, start: float, n_memory: int = 1
) -> Followed:
    """In each interval the quantile of the scores of the `n_memory` intervals before.

    Raises:
        ValueError: for a share outside 0 to 1, or fewer than one interval to remember.
    """
    checked_number("share", share, 0, 1, "()", "0.002")
    n_memory = checked_count("n_memory", n_memory)
    memory: list[np.ndarray] = []
    threshold = checked_number("start", start, LOWEST, -LOWEST, example="5.0")
    thresholds, shares = [], []
    for scores in _checked_batches(batches):
        thresholds.append(threshold)
        shares.append(float(np.mean(scores >= threshold)))
        memory = [*memory, scores][-n_memory:]
        threshold = float(np.quantile(np.concatenate(memory), 1 - share))
    return Followed(np.array(thresholds), np.array(shares))


def tail_length(scores: np.ndarray, share: float) -> float:
    """The length over which the rate falls by e, from the quantiles at `share` and at share / e.

    Raises:
        ValueError: for a share outside 0 to 1, or scores without a tail there.
    """
    checked_number("share", share, 0, 1, "()", "0.002")
    numbers = checked_finite("scores", scores, 1, fewest=2)
    low, high = np.quantile(numbers, [1 - share, 1 - share / np.e])
    if high <= low:
        raise ValueError(
            f"the quantiles of {len(numbers)} scores at {share:g} and a third of it are both "
            f"{low:g}: give more scores, or a larger share"
        )
    return float(high - low)
