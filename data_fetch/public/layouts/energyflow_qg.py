"""EnergyFlow's quark and gluon jets: a compressed npz with X (N, M, 4) and y (N,).

X: pT [GeV], rapidity, azimuth (within pi of the jet's, so it may exceed pi), PDG number; padded
with zeros. y: 1 quark, 0 gluon. M differs between the files.
Komiske, Metodiev, Thaler, arXiv:1810.05165.
"""

from pathlib import Path

import numpy as np

from data_fetch.public.layouts import npz
from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets

NAMES = ("gluon", "quark")
#: Masses [GeV] by PDG number without sign; photons have none.
MASS = {
    11: 0.000511,
    13: 0.10566,
    130: 0.49761,
    211: 0.13957,
    321: 0.49368,
    2112: 0.93957,
    2212: 0.93827,
}


def read(path: Path, start: int = 0, stop: int | None = None) -> Jets:
    """Jets `start` to `stop`, padded to the longest of them; classes gluon and quark.

    Masses follow from the PDG numbers, and with them pseudorapidities from the rapidities that the
    file holds; a kind of particle that is not in `MASS` counts as massless. The rows before `start`
    are decompressed and dropped, those after `stop` not touched.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged or has another layout.
    """
    with npz.opened(path, "X", "y") as archive:
        x = npz.rows(archive, "X", start, stop)  # (N, M, 4)
        y = npz.rows(archive, "y", start, stop)  # (N,)
    if x.ndim != 3 or x.shape[2] != 4 or y.shape != x.shape[:1]:
        raise ValueError(f"{path}: X {x.shape}, y {y.shape}; expected (N, M, 4) and (N,)")
    longest = max(1, np.count_nonzero((x[..., 0] > 0).any(axis=0)))
    pt, rapidity, phi, pid = np.moveaxis(x[:, :longest], -1, 0)  # each (N, P)
    mass = _masses(pid)
    eta = kinematics.pseudorapidity(pt, rapidity, mass)
    constituents = np.stack([pt, eta, kinematics.wrap_phi(phi)], axis=-1)
    return Jets(constituents, label=y, pid=pid, constituent_mass=mass, names=NAMES)


def _masses(pid: np.ndarray) -> np.ndarray:
    """Masses [GeV] of particles by their PDG numbers, of any shape."""
    mass = np.zeros(pid.shape)
    for number, value in MASS.items():
        mass[np.abs(pid) == number] = value
    return mass


def count(path: Path) -> int:
    """Number of jets in a file."""
    with npz.opened(path, "X", "y") as archive:
        return npz.count(archive, "y")
