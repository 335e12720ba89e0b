"""TriggerEvents: what a hardware trigger sees: missing momentum and a few objects of each kind."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hepml_lite.containers.rows import Rows
from hepml_lite.containers.validation import real_numbers, require_angles, require_finite

OBJECTS = {"met": 1, "egamma": 4, "muons": 4, "jets": 10}  # in this order, each in falling pT
N_OBJECTS = sum(OBJECTS.values())


@dataclass(frozen=True, eq=False, repr=False)
class TriggerEvents(Rows):
    """N events of 19 objects: missing momentum, 4 electrons or photons, 4 muons, 10 jets.

    The layout is that of Govorkova et al., arXiv:2107.02157. Objects of a kind stand in falling
    pT; where there are fewer, all three numbers are zero.

    Attributes:
        objects: (N, 19, 3) float32: pT [GeV], pseudorapidity eta, azimuth phi [rad]; the missing
            momentum has eta = 0.
        label, names, card: as in `Rows`.

    Raises:
        ValueError: for wrong shapes, NaN or infinite numbers, negative pT, |eta| above 30 or
            azimuths in degrees; the message names the offending row.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("objects", "label")

    objects: np.ndarray

    def __post_init__(self) -> None:
        objects = real_numbers("objects", self.objects)
        if objects.shape[1:] != (N_OBJECTS, 3):
            raise ValueError(
                f"objects have shape {objects.shape}; expected (events, {N_OBJECTS}, 3) with pT, "
                "eta, phi on the last axis: 1 missing momentum, 4 e/gamma, 4 muons, 10 jets"
            )
        require_finite(objects.reshape(len(objects), N_OBJECTS * 3))
        if objects[..., 0].min(initial=0) < 0:
            row = np.argmax((objects[..., 0] < 0).any(axis=1))
            raise ValueError(
                f"row {row} has negative pT: is the last axis ordered as pT, eta, phi?"
            )
        require_angles(objects, row="event")
        self._settle(objects=objects)

    @property
    def met(self) -> np.ndarray:
        """Missing transverse momentum, (N, 1, 3)."""
        return self._kind("met")

    @property
    def egamma(self) -> np.ndarray:
        """Electrons and photons, (N, 4, 3)."""
        return self._kind("egamma")

    @property
    def muons(self) -> np.ndarray:
        """Muons, (N, 4, 3)."""
        return self._kind("muons")

    @property
    def jets(self) -> np.ndarray:
        """Jets, (N, 10, 3)."""
        return self._kind("jets")

    def _kind(self, name: str) -> np.ndarray:
        first = sum(list(OBJECTS.values())[: list(OBJECTS).index(name)])
        return self.objects[:, first : first + OBJECTS[name]]
