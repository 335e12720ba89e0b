"""ADC2021: HDF5 with Particles (N, 19, 4): missing momentum, 4 electrons, 4 muons, 10 jets.

Columns as in Particles_Names: Pt [GeV], Eta, Phi, Class. The class of an object, 1 to 4, repeats
its place in the row and is 0 where there is none. One process a file.
Govorkova et al., arXiv:2107.02157; https://mpp-hep.github.io/ADC2021.
"""

from pathlib import Path

import h5py
import numpy as np

from data_fetch.public.layouts import hdf5
from hepml_lite import kinematics
from hepml_lite.containers.trigger_events import N_OBJECTS, OBJECTS, TriggerEvents
from hepml_lite.containers.validation import read_only

NAMES = ("background", "A -> 4l", "h0 -> tau tau", "h+- -> tau nu", "LQ -> b tau")
BEGINNINGS = ("background", "Ato4l", "hToTauTau", "hChToTauNu", "leptoquark")  # of the files
BLACK_BOX = "BlackBox"
COLUMNS = ["Pt", "Eta", "Phi", "Class"]
CODES = np.repeat(np.arange(1, len(OBJECTS) + 1), list(OBJECTS.values()))  # (19,)
BLOCK = 100_000  # events in double precision at a time


def read(
    path: Path, start: int = 0, stop: int | None = None, label: int | None = None
) -> TriggerEvents:
    """Events `start` to `stop` of one process, or of the black box, whose classes are secret.

    Args:
        path: the file; its name tells the process.
        start, stop: as in a slice; the rest is not read.
        label: the process, an index into `NAMES`, for a file of another name.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it has another layout, or its name tells no process.
    """
    path = Path(path)
    with hdf5.opened(path, "Particles") as file:
        names, label = _process(path, label)
        stored = file["Particles"]
        _require_columns(file, path)
        first, last, _ = slice(start, stop).indices(len(stored))
        objects = np.empty((max(0, last - first), N_OBJECTS, 3), np.float32)
        for low in range(0, len(objects), BLOCK):
            rows = slice(first + low, min(first + low + BLOCK, last))
            objects[low : low + BLOCK] = _objects(hdf5.rows(stored, rows, path), rows.start, path)
    label = np.full(len(objects), label)
    return TriggerEvents(read_only(objects), label=label, names=names)


def count(path: Path) -> int:
    """Number of events in a file."""
    with hdf5.opened(path, "Particles") as file:
        return len(file["Particles"])


def _objects(stored: np.ndarray, first: int, path: Path) -> np.ndarray:
    """pT, eta, phi (N, 19, 3) of Pt, Eta, Phi, Class (N, 19, 4), zero where there is no object."""
    pt, eta, phi, code = np.moveaxis(stored, -1, 0)  # each (N, 19)
    real = pt > 0
    wrong = (real & (code != CODES)).any(axis=1)
    if wrong.any():
        row = np.argmax(wrong)
        raise ValueError(
            f"{path}: event {first + row} has objects of the classes {code[row].astype(int)}; "
            f"expected {CODES}, or 0 where there is none: another order of the objects"
        )
    eta = np.where(CODES == 1, 0, eta)  # a momentum transverse to the beam has none
    return np.where(real[..., None], np.stack([pt, eta, kinematics.wrap_phi(phi)], axis=-1), 0)


def _require_columns(file: h5py.File, path: Path) -> None:
    shape = file["Particles"].shape
    if shape[1:] != (N_OBJECTS, len(COLUMNS)):
        raise ValueError(f"{path}: Particles {shape}; expected (N, {N_OBJECTS}, {len(COLUMNS)})")
    if "Particles_Names" in file and list(hdf5.names(file["Particles_Names"])) != COLUMNS:
        found = hdf5.names(file["Particles_Names"])
        raise ValueError(f"{path}: the columns are {found}; expected {COLUMNS}")


def _process(path: Path, label: int | None) -> tuple[tuple[str, ...], int]:
    if label is not None:
        return NAMES, label
    if path.name.startswith(BLACK_BOX):
        return ("black box",), 0
    for i, beginning in enumerate(BEGINNINGS):
        if path.name.startswith(beginning):
            return NAMES, i
    raise ValueError(
        f"{path.name} tells no process; rename it to one of {', '.join(BEGINNINGS)}… or pass label="
    )
