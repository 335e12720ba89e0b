"""UnfoldingPair: the same quantities before and after the detector, event by event."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from hepml_lite.containers.events import positions, shaken
from hepml_lite.containers.rows import Rows, not_given
from hepml_lite.containers.validation import (
    booleans,
    checked_rng,
    read_only,
    real_numbers,
    require_finite,
    require_shape,
    table,
    texts,
)


@dataclass(frozen=True, eq=False, repr=False)
class UnfoldingPair(Rows):
    """N events at two levels: the true quantities and those that the detector measures.

    Some events exist at one level only. A *miss* has a truth but was not measured. A *fake* was
    measured but has no truth in the selection. The missing values are NaN. The classes say where
    the events come from: `pair.of_class("simulation")`, `"nature"`, ...

    Attributes:
        truth: (N, F) float32, at particle level, in the units that the data card gives; NaN where
            `true_ok` is False.
        measured: (N, F) float32, the same quantities of the same events at detector level; NaN
            where `measured_ok` is False.
        quantities: the F names of the columns.
        true_ok: (N,) bool, whether the event is in the selection at particle level. Default: all.
        measured_ok: (N,) bool, whether the event is in the selection at detector level. Default:
            all.
        label, weight, names, card: as in `Rows`.

    Raises:
        ValueError: for wrong shapes, NaN or infinite values in events of the selection, rows in
            neither selection, or labels without a name; the message names the offending quantity
            or row.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("truth", "measured", "true_ok", "measured_ok", "label")

    truth: np.ndarray
    measured: np.ndarray
    quantities: tuple[str, ...]
    true_ok: np.ndarray = field(default_factory=not_given)
    measured_ok: np.ndarray = field(default_factory=not_given)

    def __post_init__(self) -> None:
        quantities = texts("quantities", self.quantities)
        n = len(table("truth", self.truth))
        true_ok = _flags("true_ok", self.true_ok, n)
        measured_ok = _flags("measured_ok", self.measured_ok, n)
        require_shape("true_ok", true_ok, (n,), each="event")
        require_shape("measured_ok", measured_ok, (n,), each="event")
        nowhere = ~(true_ok | measured_ok)
        if nowhere.any():
            raise ValueError(
                f"{nowhere.sum()} of {n} rows are neither true nor measured, the first is row "
                f"{np.argmax(nowhere)}; remove them first"
            )
        truth = self._level("truth", self.truth, true_ok)
        measured = self._level("measured", self.measured, measured_ok)
        self._settle(truth=truth, measured=measured, true_ok=true_ok, measured_ok=measured_ok)
        self.__dict__["quantities"] = quantities

    def _level(self, name: str, values: np.ndarray, there: np.ndarray) -> np.ndarray:
        """The values of one level (N, F), NaN for the events outside its selection."""
        values = real_numbers(name, values)
        require_shape(name, values, (len(there), len(self.quantities)), each="event and quantity")
        require_finite(np.where(there[:, None], values, 0), self.quantities)
        return read_only(np.where(there[:, None], values, np.float32(np.nan)))

    @property
    def matched(self) -> Self:
        """The events in the selections of both levels."""
        return self[self.true_ok & self.measured_ok]

    def columns(self, *quantities: str) -> tuple[np.ndarray, np.ndarray]:
        """The true and the measured values of some quantities, each (N, number of names)."""
        chosen = positions(self.quantities, quantities)
        return self.truth[:, chosen], self.measured[:, chosen]

    def dequantised(self, rng: int | np.random.Generator = 0) -> Self:
        """The same events without the rounding of the stored file; see `Events.dequantised`.

        Both levels move independently. The NaN of misses and fakes stay NaN, and spikes at a floor
        of the card, such as zg = 0, stay spikes.

        Args:
            rng: source of randomness, or its seed.

        Raises:
            ValueError: if the card gives no precision.
        """
        rng = checked_rng(rng)
        truth = shaken(self.truth, self.quantities, self.card, rng)
        measured = shaken(self.measured, self.quantities, self.card, rng)
        return replace(self, truth=truth, measured=measured)


def _flags(name: str, there: np.ndarray | None, n: int) -> np.ndarray:
    """The flags (n,) of a selection: the given ones, or all true."""
    return read_only(np.ones(n, bool)) if there is None else booleans(name, there)
