"""Rates of a trigger menu from weighted events: each item, all together, and what only one keeps.

The rate of a selection is the mean over all background events of weight times selected (1 or 0),
with weights in Hz. Events that pass the same items are counted together: a pattern of items, how
many events have it, and the sums of their weights and squared weights. All rates follow from these
few patterns, exactly, so that a prescale can be moved without looking at an event again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_not_negative
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.weighted_counts import weighted_sum_interval
from hepml_lite.trigger.rates.item import Item

MOST_ITEMS = 62  # one bit each in a 64-bit number


@dataclass(frozen=True)
class MenuRates:
    """What a menu keeps, of N background events in K patterns of M items.

    Attributes:
        items: the M items.
        fires: (K, M) bool, which items each pattern passes, before prescales.
        weight: (K,) Hz, sum of the weights of the events with this pattern, divided by N.
        variance: (K,) Hz^2, sum of their squared weights, divided by N^2.
        count: (K,) events with this pattern.
        largest: Hz, what one event of the largest weight contributes to a rate.
    """

    items: tuple[Item, ...]
    fires: np.ndarray
    weight: np.ndarray
    variance: np.ndarray
    count: np.ndarray
    largest: float

    @classmethod
    def of_events(
        cls, items: Sequence[Item], columns: Mapping[str, np.ndarray], weight: ArrayLike
    ) -> Self:
        """The rates of these items.

        Args:
            items: at most 62.
            columns: quantities of the background events, by name, each (N,).
            weight: (N,) Hz.

        Raises:
            ValueError: no items, too many, two of one name, an unknown quantity, or weights that
                are negative, not finite, or not one an event.
        """
        if not isinstance(items, Sequence) or not all(isinstance(item, Item) for item in items):
            raise ValueError(f"items are {items!r:.80}: give some of the class Item")
        names = [item.name for item in items]
        if not 1 <= len(items) <= MOST_ITEMS or len(set(names)) < len(names):
            raise ValueError(f"{names}: give 1 to {MOST_ITEMS} items, each with its own name")
        weights = checked_not_negative("weight", weight)
        if weights.ndim != 1 or not len(weights):
            raise ValueError(f"weight has shape {weights.shape}: give one an event, (N,), N >= 1")
        pattern = np.zeros(len(weights), np.int64)
        for place, item in enumerate(items):
            passes = item.passes(columns)
            if passes.shape != pattern.shape:
                raise ValueError(
                    f"item {item.name!r} sees {passes.shape} events for weights {weights.shape}"
                )
            pattern |= passes.astype(np.int64) << place
        seen, row, count = np.unique(pattern, return_inverse=True, return_counts=True)
        n = len(weights)
        return cls(
            items=tuple(items),
            fires=(seen[:, None] >> np.arange(len(items)) & 1).astype(bool),
            weight=np.bincount(row, weights, len(seen)) / n,
            variance=np.bincount(row, weights**2, len(seen)) / n**2,
            count=count,
            largest=float(weights.max(initial=0) / n),
        )

    @cached_property
    def kept(self) -> np.ndarray:
        """(K, M): the share of the events of a pattern that each item keeps after its prescale."""
        return self.fires * self._shares

    @property
    def _shares(self) -> np.ndarray:
        """(M,): the share of the events that each item keeps, of those that pass it."""
        return 1 / np.array([item.prescale for item in self.items], float)

    @property
    def total(self) -> Interval:
        """Hz: the rate of events that at least one item keeps (their OR)."""
        return self._rate(kept_by_any(self.kept), float(kept_by_any(self._shares)))

    @property
    def sum(self) -> float:
        """Hz: the sum of the items' rates; an event counts once for each item that keeps it."""
        return float(self.weight @ self.kept.sum(axis=1))

    def rate(self, name: str) -> Interval:
        """Hz: the rate of one item after its prescale."""
        place = self._place(name)
        return self._rate(self.kept[:, place], self._shares[place])

    def pure_rate(self, name: str) -> Interval:
        """Hz: the rate of events that this item keeps and no other does."""
        place = self._place(name)
        others = np.delete(self.kept, place, axis=1)
        share = self.kept[:, place] * np.prod(1 - others, axis=1)
        return self._rate(share, self._shares[place])

    @property
    def overlap(self) -> pd.DataFrame:
        """Hz: the rate of events that both items keep, (M, M); the diagonal has each item's own."""
        both = (self.kept * self.weight[:, None]).T @ self.kept
        np.fill_diagonal(both, self.weight @ self.kept)
        return pd.DataFrame(both, self._names, self._names)

    @property
    def covariance(self) -> pd.DataFrame:
        """Hz^2: of the items' rates, (M, M); two items that keep the same events err together."""
        both = (self.kept * self.variance[:, None]).T @ self.kept
        np.fill_diagonal(both, self.variance @ self.kept**2)
        return pd.DataFrame(both, self._names, self._names)

    def table(self) -> pd.DataFrame:
        """Each item's thresholds, prescale, rate and pure rate in Hz, and effective events."""
        rows = [
            {
                "item": item.name,
                "thresholds": ", ".join(f"{q} ≥ {cut:g}" for q, cut in item.thresholds.items()),
                "prescale": item.prescale,
                "rate [Hz]": self.rate(item.name),
                "pure rate [Hz]": self.pure_rate(item.name),
                "events": int(self.count @ self.fires[:, place]),
                "effective events": self._effective(self.fires[:, place]),
            }
            for place, item in enumerate(self.items)
        ]
        return pd.DataFrame(rows).set_index("item")

    @property
    def _names(self) -> list[str]:
        return [item.name for item in self.items]

    def _place(self, name: str) -> int:
        if name not in self._names:
            raise ValueError(f"no item {name!r}; choose one of: {', '.join(self._names)}")
        return self._names.index(name)

    def _rate(self, share: np.ndarray, most: float) -> Interval:
        """The rate of events of which a share (K,) of each pattern is kept, and `most` at most."""
        return weighted_sum_interval(
            float(self.weight @ share), float(self.variance @ share**2), self.largest * most
        )

    def _effective(self, chosen: np.ndarray) -> float:
        """How many events of equal weight would know a rate as well: (sum w)^2 / sum w^2."""
        squares = float(self.variance @ chosen)
        return float(self.weight @ chosen) ** 2 / squares if squares else 0.0


def kept_by_any(shares: np.ndarray) -> np.ndarray:
    """1 - product of (1 - shares) over the last axis (..., M), also for shares of 10^-15."""
    with np.errstate(divide="ignore"):  # a share of one: the logarithm is -inf, the result one
        return 0.0 - np.expm1(np.log1p(-shares).sum(axis=-1))
