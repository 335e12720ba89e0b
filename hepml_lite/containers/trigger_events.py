"""TriggerEvents: the missing momentum and the few objects that a hardware trigger reads."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.particle_validation import require_angles
from hepml_lite.containers.rows import Rows
from hepml_lite.containers.stored_steps import (
    REGION_STEP,
    TRIGGER_ANGLE_STEP,
    TRIGGER_LOG_PT_STEP,
    spread,
    spread_logarithm,
)
from hepml_lite.containers.validation import (
    checked_rng,
    integers,
    real_numbers,
    require_finite,
    require_names,
    require_shape,
    texts,
)

OBJECTS = {"met": 1, "egamma": 4, "muons": 4, "jets": 10}  # in this order, each in falling pT
N_OBJECTS = sum(OBJECTS.values())
OFFLINE = ("met", "egamma", "muons", "jets")  # kinds whose leading offline pT is kept
REGIONS = (18, 14)  # numbers of regions in azimuth and in pseudorapidity
REGIONS_ETA = 3.0  # regions divide |eta| < 3 and the azimuths from -pi to pi in equal steps


@dataclass(frozen=True, eq=False, repr=False)
class TriggerEvents(Rows):
    """N events of 19 objects: missing momentum, 4 electrons or photons, 4 muons, 10 jets.

    The layout is that of Govorkova et al., arXiv:2107.02157. The objects of each kind are in order
    of falling pT. An empty place has three zeros.

    With `weight`, the rate of a selection in Hz is the mean of weight times selected (1 or 0) over
    all background rows. This holds for the whole sample and for any random part of it.

    Attributes:
        objects: (N, 19, 3) float32: pT [GeV], pseudorapidity eta, azimuth phi [rad]; the missing
            momentum has eta = 0.
        process: (N,) int, the process that made the event, an index into `processes`; or None.
        offline_pt: (N, 4) float32, pT [GeV] of the leading object of each kind in `OFFLINE` after
            a better reconstruction, 0 if there is none; or None.
        regions: (N, 18, 14) float32, transverse energy [GeV] in regions of the calorimeter, in
            azimuth and pseudorapidity; or None.
        processes: one name for each process.
        label, weight, names, card: as in `Rows`.

    Raises:
        ValueError: for wrong shapes, NaN or infinite numbers, negative pT, |eta| above 30,
            azimuths in degrees, or a process without a name; the message names the offending row.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("objects", "process", "offline_pt", "regions", "label")

    objects: np.ndarray
    process: np.ndarray | None = None
    offline_pt: np.ndarray | None = None
    regions: np.ndarray | None = None
    processes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        processes = texts("processes", self.processes)
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
        self._settle(objects=objects, **self._optional(len(objects)))
        self.__dict__["processes"] = processes
        if self.process is not None:
            require_names(self.process, self.processes)

    def _optional(self, n: int) -> dict[str, np.ndarray]:
        """The optional arrays that this sample has, checked and converted."""
        shapes: dict[str, tuple[int, ...]] = {
            "process": (),
            "offline_pt": (len(OFFLINE),),
            "regions": REGIONS,
        }
        arrays = {}
        for name, shape in shapes.items():
            given = getattr(self, name)
            if given is None:
                continue
            read = integers if name == "process" else real_numbers
            array = read(name, given)
            require_shape(name, array, (n, *shape), each="event")
            require_finite(array.reshape(n, int(np.prod(shape))))
            arrays[name] = array
        return arrays

    def of_process(self, name: str) -> Self:
        """The events of the process with this name."""
        if self.process is None or name not in self.processes:
            raise ValueError(f"no process {name!r} in this sample; choose one of {self.processes}")
        return self[self.process == self.processes.index(name)]

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

    def dequantised(self, rng: int | np.random.Generator = 0) -> Self:
        """The same events with a uniform jitter that undoes the rounding of the stored file.

        Each ln pT, eta and phi of an object, each offline ln pT and each energy of a region moves
        by at most half of its step in `containers.stored_steps`. Empty places and regions stay 0,
        and so does eta of the missing momentum. The pT of each kind are sorted again. An object
        at a threshold of the reconstruction can fall below it by half a step, 0.5 %. A region
        that is stored as 0 had less than 0.1 GeV: set such regions to zero also in the sample to
        which a classifier compares the events.

        Args:
            rng: source of randomness, or its seed.
        """
        rng = checked_rng(rng)
        objects = _dequantised_objects(self.objects, rng)
        offline_pt = self.offline_pt
        if offline_pt is not None:
            offline_pt = spread_logarithm(offline_pt, TRIGGER_LOG_PT_STEP, rng)
        regions = self.regions
        if regions is not None:
            regions = np.where(regions, spread(regions, REGION_STEP, rng), 0)
        return replace(self, objects=objects, offline_pt=offline_pt, regions=regions)

    def _kind(self, name: str) -> np.ndarray:
        return self.objects[:, _places(name)]


def _places(kind: str) -> slice:
    """The places of one kind among the 19 objects."""
    first = sum(list(OBJECTS.values())[: list(OBJECTS).index(kind)])
    return slice(first, first + OBJECTS[kind])


def _dequantised_objects(objects: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Objects (N, 19, 3) without the steps of the stored file; see `TriggerEvents.dequantised`."""
    stored_pt, stored_eta, stored_phi = np.moveaxis(objects, -1, 0)  # each (N, 19)
    pt = spread_logarithm(stored_pt, TRIGGER_LOG_PT_STEP, rng)
    for kind in OBJECTS:
        places = _places(kind)
        pt[:, places] = -np.sort(-pt[:, places], axis=1)
    eta = spread(stored_eta, TRIGGER_ANGLE_STEP, rng)
    eta[:, _places("met")] = 0
    phi = kinematics.wrap_phi(spread(stored_phi, TRIGGER_ANGLE_STEP, rng))
    moved = np.stack([pt, eta, phi], axis=-1)
    return np.where(stored_pt[..., None] > 0, moved, 0)
