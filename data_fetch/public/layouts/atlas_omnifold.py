"""ATLAS, Z + jets unfolded without bins: simulated true events with weights, a table in HDF5.

24 quantities of Z -> mu mu with pT > 200 GeV and of the two leading jets of charged particles, and
columns of weights: weights_nominal is the result, and others are replicas and systematics. ATLAS
Collaboration, arXiv:2405.20041; https://zenodo.org/records/11507450. Without the pair of muons,
which follows from the two, 22 quantities describe a Z with two jets.
"""

from pathlib import Path

from data_fetch.public.layouts import hdf5
from data_fetch.public.layouts.pandas_hdf5 import Frame
from hepml_lite.containers.events import Events

PAIR = ("pT_ll", "y_ll")  # GeV
MUONS = ("pT_l1", "eta_l1", "phi_l1", "pT_l2", "eta_l2", "phi_l2")
JET = ("pT", "y", "phi", "m", "tau1", "tau2", "tau3", "Ntracks")  # GeV; tau with beta = 1
JETS = tuple(f"{name}_trackj{jet}" for jet in (1, 2) for name in JET)
Z_TWO_JETS = (*MUONS, *JETS)  # 22
QUANTITIES = (*PAIR, *Z_TWO_JETS)  # 24
WEIGHT = "weights_nominal"
NAMES = ("unfolded",)


def read(path: Path, start: int = 0, stop: int | None = None, weight: str = WEIGHT) -> Events:
    """Events `start` to `stop`: the 24 quantities, and the weights of the unfolded result.

    Args:
        path: the file.
        start, stop: as in a slice; the rest is not read.
        weight: the column of the weights, such as "weight_mc" for the simulation before unfolding.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it has another layout.
    """
    with hdf5.opened(Path(path)) as file:
        frame = Frame(file, Path(path))
        found = frame.read([*QUANTITIES, weight], start, stop)
    return Events(found[:, :-1], QUANTITIES, names=NAMES, weight=found[:, -1])


def count(path: Path) -> int:
    """Number of events in a file."""
    with hdf5.opened(Path(path)) as file:
        return len(Frame(file, Path(path)))
