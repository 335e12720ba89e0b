"""Several detectors side by side, and what they say together.

CMS hunts for resonances of anomalous jets with several detectors on the same events, because each
of them likes other signals: CMS Collaboration, arXiv:2412.03747. Their scores have other units;
what they share is the rank among the events of the region. There are two questions. Which events
are strange to all detectors, or to one of them? `Combination` answers this one. And how surprising
is the smallest of several p-values, when the detectors see the same events? `smallest_p_value`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents, ResonantSearch
from hepml_lite.anomaly_detection.resonant.in_folds import log_rank
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_rng


@dataclass
class Combination:
    """One score from several searches: −log of the rank in the region, added up or the largest.

    A rank is the share of events of the region with at least this score. The sum is Fisher's
    combination: it wants events that are strange to all detectors. The largest one wants events
    that are strange to any of them: it loses less where one detector is blind, and gains less where
    all of them see.

    Attributes:
        searches: untrained, by name.
        how: "sum" or "largest".
        sorted_scores: of the events of the region, by name, after `fit`.
    """

    searches: Mapping[str, ResonantSearch]
    how: Literal["sum", "largest"] = "sum"
    sorted_scores: dict[str, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Fit all searches to the same events.

        Raises:
            ValueError: no search, another way to combine, or what a search refuses.
        """
        if not isinstance(self.searches, Mapping) or not self.searches:
            raise ValueError(
                f"searches is {self.searches!r}: give some by name, as {{'CATHODE': Cathode()}}"
            )
        if self.how not in ("sum", "largest"):
            raise ValueError(f'how is {self.how!r}: give "sum" or "largest"')
        data, _ = events.split(region)
        generator = checked_rng(rng)
        self.sorted_scores = {}
        for name, search in self.searches.items():
            search.fit(events, region, rng=generator)
            self.sorted_scores[name] = np.sort(search.score(data))
        return self

    def ranks(self, events: ResonantEvents) -> dict[str, np.ndarray]:
        """−log of the rank (N,) of each event, by search.

        Raises:
            RuntimeError: before `fit`.
        """
        if not self.sorted_scores:
            raise RuntimeError("these searches are not trained: call fit first")
        return {
            name: log_rank(search.score(events), self.sorted_scores[name])
            for name, search in self.searches.items()
        }

    def score(self, events: ResonantEvents) -> np.ndarray:
        """The combined score (N,)."""
        ranks = np.array(list(self.ranks(events).values()))
        return ranks.sum(axis=0) if self.how == "sum" else ranks.max(axis=0)


def smallest_p_value(p_values: ArrayLike, toys: ArrayLike | None = None) -> float:
    """The p-value of the smallest of several p-values.

    Args:
        p_values: of the K detectors, (K,).
        toys: p-values of the same detectors in spectra without signal, (T, K), each row from the
            same events, so that the correlation of the detectors is in them. None: the detectors
            count as independent (Šidák), which is too cautious if they agree.

    Returns:
        The share of toys whose smallest p-value is as small, counting the data: (k + 1) / (T + 1);
        without toys 1 − (1 − p)^K.

    Raises:
        ValueError: numbers outside [0, 1], or toys of another number of detectors.
    """
    seen = checked_finite("p_values", p_values, n_axes=1)
    _require_probabilities("p_values", seen)
    smallest = float(seen.min())
    if toys is None:
        return float(-np.expm1(len(seen) * np.log1p(-smallest))) if smallest < 1 else 1.0
    drawn = checked_finite("toys", toys, n_axes=2)
    _require_probabilities("toys", drawn)
    if drawn.shape[1] != len(seen):
        raise ValueError(
            f"toys have {drawn.shape[1]} columns and there are {len(seen)} detectors: give one "
            "column for each of them"
        )
    n_as_small = int((drawn.min(axis=1) <= smallest).sum())
    return (n_as_small + 1) / (len(drawn) + 1)


def _require_probabilities(name: str, values: np.ndarray) -> None:
    if not values.size or values.min() < 0 or values.max() > 1:
        raise ValueError(f"{name} are missing or outside [0, 1]: give p-values")
