"""UnfoldingPair: the same quantities before and after the detector, event by event."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hepml_lite.containers.events import positions
from hepml_lite.containers.rows import Rows
from hepml_lite.containers.validation import real_numbers, require_finite, require_shape


@dataclass(frozen=True, eq=False, repr=False)
class UnfoldingPair(Rows):
    """N events seen twice: as they are (truth) and as the detector measures them.

    The classes say where the events come from: `pair.of_class("simulation")`, `"nature"`, ...

    Attributes:
        truth: (N, F) float32, at particle level, in the units that the data card gives.
        measured: (N, F) float32, the same quantities of the same events at detector level.
        quantities: the F names of the columns.
        label, names, card: as in `Rows`.

    Raises:
        ValueError: for wrong shapes, NaN or infinite values, or labels without a name; the message
            names the offending quantity or row.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("truth", "measured", "label")

    truth: np.ndarray
    measured: np.ndarray
    quantities: tuple[str, ...]

    def __post_init__(self) -> None:
        quantities = tuple(self.quantities)
        truth = real_numbers("truth", self.truth)
        measured = real_numbers("measured", self.measured)
        for name, values in (("truth", truth), ("measured", measured)):
            require_shape(name, values, (len(truth), len(quantities)), each="event and quantity")
            require_finite(values, quantities)
        self._settle(truth=truth, measured=measured)
        self.__dict__["quantities"] = quantities

    def columns(self, *quantities: str) -> tuple[np.ndarray, np.ndarray]:
        """Some quantities side by side: truth and measured, each (N, number of them)."""
        chosen = positions(self.quantities, quantities)
        return self.truth[:, chosen], self.measured[:, chosen]
