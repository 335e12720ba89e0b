"""Events: collisions described by named quantities, such as masses and event shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, overload

import numpy as np

from hepml_lite.containers.rows import Rows
from hepml_lite.containers.validation import real_numbers, require_finite


@dataclass(frozen=True, eq=False, repr=False)
class Events(Rows):
    """N events with F quantities each; `events["mjj"]` is one of them, `events[:100]` some events.

    Attributes:
        values: (N, F) float32, in the units that the data card gives.
        quantities: the F names of the columns.
        label, names, card: as in `Rows`.

    Raises:
        ValueError: for wrong shapes, NaN or infinite values, or labels without a name; the message
            names the offending quantity or row.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("values", "label")

    values: np.ndarray
    quantities: tuple[str, ...]

    def __post_init__(self) -> None:
        values = real_numbers("values", self.values)
        quantities = tuple(self.quantities)
        if values.ndim != 2 or values.shape[1] != len(quantities):
            raise ValueError(
                f"values have shape {values.shape}; expected (events, {len(quantities)}): one "
                f"column for each of {quantities}"
            )
        require_finite(values, quantities)
        self._settle(values=values)
        self.__dict__["quantities"] = quantities

    @overload
    def __getitem__(self, index: str) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: int | slice | Sequence | np.ndarray) -> Self: ...
    def __getitem__(self, index: str | int | slice | Sequence | np.ndarray) -> Self | np.ndarray:
        """One quantity (N,) by its name, or the events at some positions."""
        return self.columns(index)[:, 0] if isinstance(index, str) else super().__getitem__(index)

    def columns(self, *quantities: str) -> np.ndarray:
        """Some quantities side by side, (N, number of them)."""
        return self.values[:, positions(self.quantities, quantities)]


def positions(known: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Positions of quantities by their names.

    Raises:
        ValueError: if there is none of a name; the message lists those there are.
    """
    for name in wanted:
        if name not in known:
            raise ValueError(f"no quantity {name!r}; choose from: {', '.join(known)}")
    return [list(known).index(name) for name in wanted]
