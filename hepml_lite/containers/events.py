"""Events: collisions described by named quantities, such as masses and event shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, overload

import numpy as np

from hepml_lite.containers.rows import Rows
from hepml_lite.containers.validation import checked_rng, real_numbers, require_finite, texts


@dataclass(frozen=True, eq=False, repr=False)
class Events(Rows):
    """N events with F quantities each. `events["mjj"]` is one quantity, `events[:100]` are events.

    Attributes:
        values: (N, F) float32, in the units that the data card gives.
        quantities: the F names of the columns.
        label, weight, names, card: as in `Rows`.

    Raises:
        ValueError: for wrong shapes, NaN or infinite values, or labels without a name; the message
            names the offending quantity or row.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("values", "label")

    values: np.ndarray
    quantities: tuple[str, ...]

    def __post_init__(self) -> None:
        values = real_numbers("values", self.values)
        quantities = texts("quantities", self.quantities)
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
        """The values of some quantities as columns, (N, number of names)."""
        return self.values[:, positions(self.quantities, quantities)]

    def dequantised(self, rng: int | np.random.Generator = 0) -> Self:
        """The same events with a uniform jitter that undoes the rounding of the stored file.

        A stored quantity is a whole number of steps of the size `card["precision"]`. A classifier
        that compares stored events with generated or modelled ones would see these steps. The
        jitter spreads each value evenly over its own step. Three kinds of values stay as they are:
        whole numbers (such as multiplicities), the columns named in `card["parameters"]`, and
        values at a floor of `card["floors"]`. A floor is a spike, such as zg = 0 of a jet without a
        splitting; it also holds the values that were less than half a step above it.

        Args:
            rng: source of randomness, or its seed.

        Raises:
            ValueError: if the card gives no precision.
        """
        values = shaken(self.values, self.quantities, self.card, checked_rng(rng))
        return replace(self, values=values)


def shaken(
    values: np.ndarray,
    quantities: Sequence[str],
    card: Mapping[str, Any],
    rng: np.random.Generator,
) -> np.ndarray:
    """Values (N, F), each with a uniform jitter of one stored step; see `Events.dequantised`.

    Raises:
        ValueError: if the card gives no step for a quantity.
    """
    steps = card.get("precision", {})
    floors = card.get("floors", {})
    exact = [
        name for name, step in steps.items() if step == 1 or name in card.get("parameters", ())
    ]
    moved = np.array(values, dtype=np.float64)
    for column, name in enumerate(quantities):
        if name not in steps:
            raise ValueError(
                f"the card gives no precision for {name!r}: only stored samples are rounded"
            )
        if name in exact:
            continue
        jitter = steps[name] * rng.uniform(-0.5, 0.5, len(moved))
        at_floor = np.abs(moved[:, column] - floors.get(name, np.inf)) < steps[name] / 2
        moved[:, column] += np.where(at_floor, 0, jitter)
    return moved.astype(np.float32)


def positions(known: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The positions of quantities in `known`, found by name.

    Raises:
        ValueError: if a name is unknown; the message lists the names that exist.
    """
    for name in wanted:
        if name not in known:
            raise ValueError(f"no quantity {name!r}; choose from: {', '.join(known)}")
    return [list(known).index(name) for name in wanted]
