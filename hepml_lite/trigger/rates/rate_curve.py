"""The rate of one quantity or score for each threshold, and the threshold for a rate in Hz."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_finite, checked_not_negative
from hepml_lite.statistics.settings_checks import checked_number


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
