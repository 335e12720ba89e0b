"""What a variation costs a tagger: efficiencies at a fixed and at a refitted threshold."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_scores
from hepml_lite.statistics.intervals import Interval, central_interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.statistics.thresholds import threshold_at

FEWEST = 10  # background jets that pass the threshold; with fewer an interval says nothing


class EfficiencyShift(NamedTuple):
    """What a variation does to a tagger at a working point, each with a bootstrap interval.

    Attributes:
        signal_efficiency: of the varied jets at the threshold set on the nominal ones.
        nominal_rejection: 1/eps_B of the nominal jets at that threshold.
        fixed_rejection: 1/eps_B of the varied jets at that threshold.
        refitted_rejection: 1/eps_B of the varied jets at the nominal signal efficiency.
        efficiency_change: signal efficiency after the variation minus before, threshold fixed.
        fixed_ratio: rejection after the variation over that before, threshold fixed.
        refitted_ratio: the same with the threshold found again: what the tagger has really lost.
        threshold_change: threshold found again minus that of the nominal jets.
    """

    signal_efficiency: Interval
    nominal_rejection: Interval
    fixed_rejection: Interval
    refitted_rejection: Interval
    efficiency_change: Interval
    fixed_ratio: Interval
    refitted_ratio: Interval
    threshold_change: Interval


def shift_of_efficiency(
    labels: ArrayLike,
    nominal: ArrayLike,
    varied: ArrayLike,
    varied_labels: ArrayLike | None = None,
    signal_efficiency: float = 0.5,
    n_bootstrap: int = 200,
    rng: Seed = 0,
    level: float = 0.68,
) -> EfficiencyShift:
    """How efficiency and rejection change at the nominal threshold and at one found again.

    The same jets before and after share most of their statistical fluctuation. Each resample draws
    them in pairs and finds the threshold again. The intervals of changes and ratios then hold only
    what the variation adds. Other jets, such as those of another shower, are drawn alone.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        nominal: (N,) scores of the nominal jets; larger is more like signal.
        varied: (N,) scores of the same jets under a variation, or (M,) of others.
        varied_labels: (M,) labels of these others; None for the same jets.
        signal_efficiency: of the nominal jets, which sets the threshold.
        n_bootstrap: resamples, 2 or more.
        rng: generator or seed.
        level: of the intervals.

    Raises:
        ValueError: for shapes that do not agree, labels other than 0 and 1, a class without jets,
            scores that are NaN or infinite, an efficiency outside (0, 1], or fewer than
            ten background jets above the nominal threshold.
    """
    generator = checked_rng(rng)
    n_bootstrap = checked_count("n_bootstrap", n_bootstrap, 2, "an interval needs resamples")
    paired = varied_labels is None
    before = _by_class(labels, nominal, "nominal")
    after = _by_class(labels if varied_labels is None else varied_labels, varied, "varied")
    passing = int((before[0] >= threshold_at(before[1], signal_efficiency)).sum())
    if passing < FEWEST:
        raise ValueError(
            f"{passing} background jets pass at signal efficiency {signal_efficiency}: at least "
            f"{FEWEST} are needed; take more jets, or a larger efficiency"
        )
    resamples = []
    for _ in range(n_bootstrap):
        drawn = _drawn(before, generator)
        other = drawn if paired else _drawn(after, generator)
        resamples.append(_shift(_chosen(before, drawn), _chosen(after, other), signal_efficiency))
    low, high = central_interval(resamples, level)
    values = _shift(before, after, signal_efficiency)
    return EfficiencyShift(*(Interval(*map(float, x)) for x in zip(values, low, high, strict=True)))


def _shift(before: list[np.ndarray], after: list[np.ndarray], efficiency: float) -> np.ndarray:
    """The eight numbers of `EfficiencyShift`; scores of background and signal before and after."""
    threshold, refitted = (threshold_at(scores[1], efficiency) for scores in (before, after))
    passing = [(after[1] >= threshold).mean(), (before[1] >= threshold).mean()]
    cuts = (before[0], threshold), (after[0], threshold), (after[0], refitted)
    background = np.array([(scores >= cut).mean() for scores, cut in cuts])
    rejection = np.divide(1, background, out=np.full(3, np.inf), where=background > 0)
    # Where nothing passes, neither before nor after, any ratio is possible: inf, not 0 x inf
    lost = np.isinf(rejection[1:])
    ratios = np.multiply(rejection[1:], background[0], out=np.full(2, np.inf), where=~lost)
    change = passing[0] - passing[1]
    return np.array([passing[0], *rejection, change, *ratios, refitted - threshold])


def _drawn(classes: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Positions drawn with replacement within each class."""
    return [rng.integers(len(scores), size=len(scores)) for scores in classes]


def _chosen(classes: list[np.ndarray], positions: list[np.ndarray]) -> list[np.ndarray]:
    return [scores[rows] for scores, rows in zip(classes, positions, strict=True)]


def _by_class(labels: ArrayLike, scores: ArrayLike, name: str) -> list[np.ndarray]:
    """Scores of the background and of the signal."""
    remedy = "for a sample of other jets give varied_labels"
    label, score = checked_scores(labels, scores, name=name, remedy=remedy)
    return [score[label == c] for c in (0, 1)]
