"""One line of a trigger menu: thresholds on the quantities of an event, and a prescale."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_array
from hepml_lite.statistics.settings_checks import checked_by_name, checked_count, checked_number


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
