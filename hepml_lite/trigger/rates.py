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

from hepml_lite.statistics.data_checks import (
    as_array,
    as_floats,
    checked_finite,
    checked_not_negative,
)
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import checked_by_name, checked_count, checked_number
from hepml_lite.statistics.weighted_counts import weighted_sum_interval

MOST_ITEMS = 62  # one bit each in a 64-bit number


@dataclass(frozen=True)
class Item:
    """One line of a menu: an event passes if each quantity reaches its threshold.

    Args:
        name: as the menu prints it.
        thresholds: by the name of a quantity, see `quantities.quantities`.
        prescale: of the events that pass, one in so many is kept, by a counter.

    Raises:
        ValueError: without a threshold, for one that is no number, or for a prescale that is not a
            whole number above 0.
    """

    name: str
    thresholds: Mapping[str, float]
    prescale: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ValueError(f"name is {self.name!r}: give a text, such as 'single muon'")
        if not isinstance(self.thresholds, Mapping):
            raise ValueError(
                f"thresholds of {self.name!r} are {self.thresholds!r}: give them by quantity, such "
                "as {'muons 1': 22}"
            )
        if not self.thresholds:
            raise ValueError(
                f"item {self.name!r} has no threshold, so every event would pass it: give one"
            )
        for quantity, threshold in self.thresholds.items():
            checked_number(f"threshold of {quantity!r} in {self.name!r}", threshold)
        prescale = checked_count(f"prescale of {self.name!r}", self.prescale)
        object.__setattr__(self, "prescale", prescale)
        object.__setattr__(self, "thresholds", dict(self.thresholds))  # the student's may change

    def passes(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Whether each event passes, before the prescale; (N,) bool.

        Raises:
            ValueError: for an unknown quantity, or one that is NaN or not (N,).
        """
        checked_by_name("columns", columns, "quantities(events)")
        missing = set(self.thresholds) - set(columns)
        if missing:
            raise ValueError(
                f"item {self.name!r} cuts on {sorted(missing)}; there are: {', '.join(columns)}"
            )
        cuts = [
            _checked_column(name, columns[name]) >= threshold
            for name, threshold in self.thresholds.items()
        ]
        shapes = {cut.shape for cut in cuts}
        if len(shapes) > 1:
            raise ValueError(
                f"the quantities of item {self.name!r} have shapes {sorted(shapes)}: give the same "
                "events of each"
            )
        return np.logical_and.reduce(cuts)


def _checked_column(name: str, values: ArrayLike) -> np.ndarray:
    """A quantity (N,) in its own format, whose comparison with a threshold float64 would change."""
    column = as_array(name, values)
    if column.ndim != 1 or column.dtype.kind not in "biuf":
        raise ValueError(
            f"quantity {name!r} has shape {column.shape} of {column.dtype}: give one number an "
            "event, (N,)"
        )
    wrong = int(np.isnan(column).sum())
    if wrong:
        raise ValueError(f"quantity {name!r} is NaN in {wrong} events, which would never pass")
    return column


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


@dataclass(frozen=True)
class RateCurve:
    """The rate of "value >= threshold" for each threshold, from the highest down.

    Attributes:
        thresholds: (T,) the different values, falling.
        rates: (T,) Hz, rising.
    """

    thresholds: np.ndarray
    rates: np.ndarray

    @classmethod
    def of_events(cls, values: ArrayLike, weight: ArrayLike) -> Self:
        """The curve of background events: values (N,) and weights (N,) in Hz.

        Raises:
            ValueError: for shapes that differ, no events, or weights that are negative.
        """
        numbers = checked_finite("values", values)
        weights = checked_not_negative("weight", weight)
        if numbers.shape != weights.shape or numbers.ndim != 1 or not len(numbers):
            raise ValueError(
                f"values {numbers.shape} for weights {weights.shape}: give one each, (N,)"
            )
        order = np.argsort(-numbers, kind="stable")
        grown = np.cumsum(weights[order]) / len(weights)
        last_of_equal = np.append(np.diff(numbers[order]) != 0, True)
        return cls(numbers[order][last_of_equal], grown[last_of_equal])

    def threshold(self, rate: float) -> float:
        """The lowest threshold that stays within a rate [Hz].

        Raises:
            ValueError: for a rate that is not above 0, or smaller than what a single event
                contributes: it cannot be measured with this sample.
        """
        rate = checked_number("rate", rate, 0, np.inf, "()", "1000")
        n_allowed = int(np.searchsorted(self.rates, rate, side="right"))
        if not n_allowed:
            raise ValueError(
                f"rate {rate:g} Hz: the highest value alone has {self.rates[0]:g} Hz; ask for "
                "more, or use more events"
            )
        return float(self.thresholds[n_allowed - 1])

    def rate(self, threshold: ArrayLike) -> np.ndarray:
        """Hz: of thresholds of any shape; 0 above the highest value.

        Raises:
            ValueError: for NaN, or thresholds that are no numbers.
        """
        wanted = as_floats("threshold", threshold)
        if np.isnan(wanted).any():
            raise ValueError("threshold is NaN: no value reaches it; give numbers, or inf")
        passing = np.searchsorted(-self.thresholds, -wanted, side="right")
        return np.append(0.0, self.rates)[passing]


def threshold_for_rate(values: ArrayLike, weight: ArrayLike, rate: float) -> float:
    """The lowest threshold with which "value >= threshold" stays within a rate [Hz].

    Args:
        values: (N,) of the background events.
        weight: (N,) Hz.
        rate: > 0.

    Raises:
        ValueError: as `RateCurve`.
    """
    return RateCurve.of_events(values, weight).threshold(rate)
