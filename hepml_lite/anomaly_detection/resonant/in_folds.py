"""Any search in folds: each event is scored by a search that was fitted without it.

ANODE and R-ANODE see the events of the region when they are fitted. Scores of other folds come
from other networks; what is the same in all of them is the rank. So each score is replaced by
minus the logarithm of the share of events of its fold that have at least this score.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents, ResonantSearch
from hepml_lite.anomaly_detection.weak_classifier import places_of_rows, row_keys
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


@dataclass
class InFolds:
    """Searches of one kind, each fitted without one part of the events.

    Attributes:
        make: gives an untrained search.
        folds: how many parts.
    """

    make: Callable[[], ResonantSearch]
    folds: int = 2
    searches: list[ResonantSearch] = field(default_factory=list, init=False, repr=False)
    sorted_scores: list[np.ndarray] = field(default_factory=list, init=False, repr=False)
    score_of_row: dict[bytes, float] = field(default_factory=dict, init=False, repr=False)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Fit one search to the events outside of each fold."""
        n_folds = checked_count("folds", self.folds, 2, "each event is scored by other folds")
        generator = checked_rng(rng)
        keys = row_keys(_table(events))
        group = np.unique(keys, return_inverse=True)[1]  # equal events stay together
        fold_of_group = generator.permutation(group.max() + 1) % n_folds
        fold = fold_of_group[group]
        inside = events.inside(region)
        self.searches = []
        self.sorted_scores = []
        self.score_of_row = {}
        for k in range(n_folds):
            search = self.make().fit(events[fold != k], region, rng=generator)
            raw = search.score(events[fold == k])
            self.searches.append(search)
            self.sorted_scores.append(np.sort(raw[inside[fold == k]]))
            score = log_rank(raw, self.sorted_scores[-1])
            self.score_of_row |= dict(zip(keys[fold == k].tolist(), score.tolist(), strict=True))
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """−log of the share of the region with at least this score, (N,).

        A new event is scored by one of the searches, which its numbers choose.
        """
        table = _table(events)
        known = [self.score_of_row.get(key, np.nan) for key in row_keys(table).tolist()]
        scores = np.array(known)
        is_new = np.isnan(scores)
        fold = places_of_rows(table) % len(self.searches)
        for k, search in enumerate(self.searches):
            chosen = is_new & (fold == k)
            if chosen.any():
                raw = search.score(events[chosen])
                scores[chosen] = log_rank(raw, self.sorted_scores[k])
        return scores


def log_rank(scores: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """−log of (1 + number of ordered scores (M,) that are as high) / (1 + M), (N,)."""
    n_higher = len(ordered) - np.searchsorted(ordered, scores, side="left")
    return -np.log((1 + n_higher) / (1 + len(ordered)))


def _table(events: ResonantEvents) -> np.ndarray:
    """What tells events apart, (N, 1 + D)."""
    return np.column_stack([events.mass, events.features])
