"""What taggers make of jets that came out differently: counts at thresholds that stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.scored_jets import rounded
from hepml_lite.containers.whole_steps import whole_steps
from hepml_lite.statistics.intervals import Interval

PER_SCORE = 100  # steps a unit of log-odds in which scores are counted
SCORE_EDGES = np.arange(-12, 12.5, 0.5)  # of the histograms
ARRAYS = ("strengths", "total", "passed", "histograms", "gained")


def passing(labels: np.ndarray, scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How many jets of each class are at or above each of E thresholds, (2, E)."""
    ranked = [np.sort(scores[labels == label]) for label in (0, 1)]
    return np.stack([len(own) - np.searchsorted(own, thresholds) for own in ranked])


@dataclass(frozen=True, eq=False)
class ScoredVariation:
    """What T taggers make of a variation in G strengths.

    Attributes:
        strengths: (G,) how strong, in units of the variation.
        total: (2,) jets of each class, QCD and top.
        passed: (T, G, 2, E) of them at or above each tagger's E thresholds; -1 for a tagger that
            never saw them.
        histograms: (T, G, 2, B) of the scores, between `SCORE_EDGES`.
        gained: (T, G, 2, E) how many of those fail without the variation; None if they are other
            jets, as from another generator.
    """

    strengths: np.ndarray
    total: np.ndarray
    passed: np.ndarray
    histograms: np.ndarray
    gained: np.ndarray | None = None

    @classmethod
    def counted(
        cls,
        strengths: ArrayLike,
        labels: np.ndarray,
        scores: Sequence[ArrayLike],
        thresholds: np.ndarray,
        nominal: np.ndarray | None = None,
    ) -> Self:
        """Count from the scores of T taggers.

        Args:
            strengths: (G,).
            labels: (M,) of the jets.
            scores: T arrays (G, M) of log-odds.
            thresholds: (T, E).
            nominal: (T, M) scores of the same jets without the variation, if they are the same.
        """
        scores = rounded(np.asarray(scores), PER_SCORE)  # (T, G, M)
        pairs = list(zip(scores, thresholds, strict=True))
        passed = [[passing(labels, row, cuts) for row in rows] for rows, cuts in pairs]
        gained = None
        if nominal is not None:  # at or above both: what the lower of both scores passes
            lower = np.minimum(scores, rounded(nominal, PER_SCORE)[:, None])
            both = [
                [passing(labels, row, cuts) for row in rows]
                for rows, cuts in zip(lower, thresholds, strict=True)
            ]
            gained = np.array(passed) - np.array(both)
        inside = np.clip(scores, SCORE_EDGES[0], SCORE_EDGES[-1])
        histograms = [
            [[np.histogram(row[labels == c], SCORE_EDGES)[0] for c in (0, 1)] for row in rows]
            for rows in inside
        ]
        total = np.bincount(labels, minlength=2)
        return cls(
            np.asarray(strengths, float), total, np.array(passed), np.array(histograms), gained
        )

    def ratio(
        self, at: tuple[int, int, int, int], before: int, total_before: int
    ) -> Interval | None:
        """Efficiency after the variation over that before it, at the same threshold.

        Errors: for the same jets those that cross the threshold count, √(gained + lost); for
        others both samples'. None if the tagger never saw them, or nothing passed before.

        Args:
            at: tagger, strength, class, threshold.
            before: jets that passed without the variation.
            total_before: of so many.
        """
        after = int(self.passed[at])
        if after < 0 or not before:
            return None
        ratio = after / before * total_before / int(self.total[at[2]])
        if self.gained is None:
            error = ratio * np.sqrt(1 / max(after, 1) + 1 / before)
        else:
            error = np.sqrt(max(2 * int(self.gained[at]) + before - after, 1)) / before
        return Interval(ratio, max(ratio - float(error), 0.0), ratio + float(error))

    def with_unseen(self, keep: Sequence[int]) -> Self:
        """A new first tagger without scores for these jets, followed by the rows `keep`."""
        new = {"strengths": self.strengths, "total": self.total}
        for name, blank in (("passed", -1), ("histograms", 0), ("gained", 0)):
            array = getattr(self, name)
            if array is not None:
                new[name] = np.concatenate([np.full_like(array[:1], blank), array[list(keep)]])
        return type(self)(**new)

    def arrays(self) -> dict[str, np.ndarray]:
        """As they are stored.

        Raises:
            ValueError: if a count does not fit; the message says which.
        """
        stored = {}
        for name in ARRAYS:
            array = getattr(self, name)
            if array is not None and array.ndim > 1:
                array = whole_steps(array, f"count of {name!r}", np.int16, np.int32)
            if array is not None:
                stored[name] = array
        return stored

    @classmethod
    def from_arrays(cls, stored: Mapping[str, np.ndarray]) -> Self:
        """What `arrays` gave."""
        return cls(**{k: a if a.ndim < 2 else a.astype(int) for k, a in stored.items()})
