"""Tails and a resonance combined: a resonant search among events in the tails.

G. Bickendorf, M. Drees, G. Kasieczka, C. Krause, D. Shih, "Combining resonant and tail-based
anomaly detection", arXiv:2309.12918. Cascades of heavy particles end in a W, Z or Higgs boson, a
resonance in the mass of a jet, and in much energy, visible and missing, which fills the tails. A
cut selects the tails, and a search such as CATHODE finds the resonance among them. The quantities
of the tails are features of this search, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents, ResonantSearch
from hepml_lite.statistics.settings_checks import Seed, checked_number

NOT_IN_TAIL = -100.0  # score of other events, below each logit


@dataclass
class TailsAndResonance:
    """A cut on the tails of some features, and a resonant search above it.

    Attributes:
        search: such as `Cathode()`; it sees all features.
        tails: columns of the features whose large values are the tail.
        kept: share of the sideband events that pass the cut.
        thresholds: of the tails, (T,), after `fit`.
    """

    search: ResonantSearch
    tails: Sequence[int]
    kept: float = 0.1
    thresholds: np.ndarray = field(default_factory=lambda: np.zeros(0), init=False)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Choose the cut beside the region, then fit the search to all events that pass it.

        The region has no part in the cut, so that no signal chooses it.

        Raises:
            ValueError: columns that do not exist, or too few events that pass.
        """
        _, beside = events.split(region)
        share = checked_number("kept", self.kept, 0, 1, "()", "0.1")
        self._require_columns(events.features.shape[1])
        self.thresholds = equal_tails(beside.features[:, list(self.tails)], share)
        self.search.fit(events[self.in_tails(events)], region, rng=rng)
        return self

    def in_tails(self, events: ResonantEvents) -> np.ndarray:
        """Which events are above all thresholds, bool (N,).

        Raises:
            RuntimeError: before `fit`.
        """
        if not len(self.thresholds):
            raise RuntimeError("the cut is not chosen yet: call fit first")
        n_below = (events.features[:, list(self.tails)] < self.thresholds).sum(axis=1)
        return n_below == 0

    def score(self, events: ResonantEvents) -> np.ndarray:
        """The score of the search (N,); `NOT_IN_TAIL` for events below the cut."""
        passing = self.in_tails(events)
        scores = np.full(len(events), NOT_IN_TAIL)
        if passing.any():
            scores[passing] = self.search.score(events[passing])
        return scores

    def _require_columns(self, n_features: int) -> None:
        wanted = np.asarray(self.tails)
        whole = wanted.ndim == 1 and wanted.size > 0 and wanted.dtype.kind in "iu"
        if not whole or not set(wanted.tolist()) <= set(range(n_features)):
            raise ValueError(
                f"tails={self.tails!r} of {n_features} features: give columns from 0 to "
                f"{n_features - 1}"
            )


def equal_tails(values: np.ndarray, share: float) -> np.ndarray:
    """Thresholds (T,) that cut the same share off each column, and keep `share` of all rows.

    Args:
        values: (N, T).
        share: of the rows that are above all thresholds.
    """
    order = values.argsort(axis=0).argsort(axis=0)  # rank of each value in its column
    lowest = order.min(axis=1)  # a row passes if its lowest rank does
    return np.quantile(values, np.quantile(lowest, 1 - share) / len(values), axis=0)
