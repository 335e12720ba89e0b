"""Turn-on curves: how often a trigger keeps an event, against the pT that is measured later.

The trigger measures coarsely, so a threshold at 40 GeV keeps some events of 35 GeV and loses some
of 45 GeV. An analysis cuts where the curve has reached its plateau.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_array, checked_edges, checked_finite
from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.settings_checks import checked_number


@dataclass(frozen=True)
class TurnOn:
    """Efficiency in bins of an offline quantity.

    Attributes:
        edges: (B + 1,) of the bins.
        kept: (B,) events that the trigger keeps.
        total: (B,) all events.
    """

    edges: np.ndarray
    kept: np.ndarray
    total: np.ndarray

    @property
    def efficiency(self) -> list[Interval]:
        """Of each bin that has events, with its Wilson interval; empty bins are [nan, 0, 1]."""
        return [
            efficiency_interval(int(passed), int(number)) if number else Interval(np.nan, 0.0, 1.0)
            for passed, number in zip(self.kept, self.total, strict=True)
        ]

    def reaches(self, efficiency: float) -> float:
        """The lower edge of the first bin from which on each bin has at least this efficiency.

        Bins without events do not count. It is inf if the last bin does not have it.
        """
        checked_number("efficiency", efficiency, 0, 1, "(]", "0.95")
        filled = np.flatnonzero(self.total)
        good = self.kept[filled] >= efficiency * self.total[filled]
        below = np.flatnonzero(~good)
        first = 0 if not len(below) else int(below[-1]) + 1
        return float(self.edges[filled[first]]) if first < len(filled) else np.inf


def turn_on(offline: ArrayLike, passed: ArrayLike, edges: ArrayLike) -> TurnOn:
    """Count events in bins of an offline quantity, all of them and those that the trigger keeps.

    Use events of one process, so that all have the same weight.

    Args:
        offline: (N,) such as the leading offline pT [GeV].
        passed: (N,) bool, the decision of the trigger.
        edges: (B + 1,) rising.

    Raises:
        ValueError: for shapes that differ, decisions that are not bool, or edges that do not rise.
    """
    numbers = checked_finite("offline", offline)
    decided = as_array("passed", passed)
    if decided.dtype != bool or decided.shape != numbers.shape or numbers.ndim != 1:
        raise ValueError(
            f"passed is {decided.dtype} {decided.shape} for offline {numbers.shape}: give one bool "
            "and one number an event, (N,)"
        )
    bins = checked_edges("edges", edges)
    total = np.histogram(numbers, bins)[0]
    kept = np.histogram(numbers[decided], bins)[0]
    return TurnOn(bins, kept, total)
