"""The 57 inputs of an anomaly trigger: whole hardware units, an offset and a shift for each.

A chip gets momenta and angles as whole numbers of small steps. A network wants numbers of order
one. A division would cost much logic, a shift by a few bits costs none. So each input becomes
(x - offset) / 2^shift, with whole offsets and shifts that are learned from background, as in the
firmware of AXOL1TL (github.com/cms-hls4ml/AXOL1TL).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents
from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.trigger.emulation.integer_network import INPUT
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.pieces import in_pieces
from hepml_lite.trigger.quantities import checked_events

PT_STEP = 0.5  # GeV
ANGLE_STEP = 2 * np.pi / 144  # of azimuth [rad], and of pseudorapidity
N_INPUTS = 3 * N_OBJECTS


def hardware_units(events: TriggerEvents) -> np.ndarray:
    """pT, eta and phi of the 19 objects in whole steps, (N, 57) float64.

    Raises:
        TypeError: for anything but `TriggerEvents`.
    """
    checked_events(events)
    steps = np.tile([PT_STEP, ANGLE_STEP, ANGLE_STEP], N_OBJECTS)  # (57,)
    return np.rint(events.objects.reshape(len(events), N_INPUTS) / steps)


@dataclass(frozen=True)
class InputScaling:
    """Offsets and shifts of the inputs.

    Attributes:
        offset: (57,) whole hardware units.
        shift: (57,) whole numbers of bits, 0 or more.
        kind: the type of the scaled inputs.
    """

    offset: np.ndarray
    shift: np.ndarray
    kind: FixedPoint = INPUT

    @classmethod
    def of_background(cls, events: TriggerEvents, kind: FixedPoint = INPUT) -> Self:
        """Learn offsets and shifts from training background.

        The offset is the median of an input, absent objects included (they are 0). The shift is
        the power of two nearest to the standard deviation where the object is present.

        Raises:
            TypeError: for anything but `TriggerEvents`.
            ValueError: without events.
        """
        units = hardware_units(events)
        if not len(units):
            raise ValueError("events are empty: give training background")
        offset = np.rint(np.median(units, axis=0))
        present = np.repeat(events.objects[..., 0] > 0, 3, axis=1)  # (N, 57)
        number = np.maximum(present.sum(axis=0), 1)
        mean = np.sum(units, axis=0, where=present) / number
        variance = np.sum((units - mean) ** 2, axis=0, where=present) / number
        width = np.sqrt(np.maximum(variance, 1))
        return cls(offset, np.rint(np.log2(width)), kind)

    def __call__(self, events: TriggerEvents) -> np.ndarray:
        """The inputs of a network, (N, 57) float32, rounded to `kind`."""
        checked_events(events)
        return in_pieces(lambda part: self.of_units(hardware_units(part)), events)

    def codes(self, events: TriggerEvents) -> np.ndarray:
        """The same inputs as whole numbers of steps of `kind`, (N, 57), rounded only once."""
        checked_events(events)
        return in_pieces(lambda part: self.kind.codes(self._scaled(hardware_units(part))), events)

    def of_units(self, units: np.ndarray) -> np.ndarray:
        """Inputs (N, 57) from hardware units (N, 57).

        Raises:
            ValueError: for another shape.
        """
        return self.kind.quantise(self._scaled(units)).astype(np.float32)

    def _scaled(self, units: np.ndarray) -> np.ndarray:
        """Units (N, 57) after offset and shift, before they are rounded."""
        numbers = as_floats("units", units)
        if numbers.ndim != 2 or numbers.shape[1] != len(self.offset):
            raise ValueError(
                f"units have shape {numbers.shape}: give (N, {len(self.offset)}), as "
                "hardware_units(events)"
            )
        return (numbers - self.offset) * 2.0**-self.shift
