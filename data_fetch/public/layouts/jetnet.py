"""JetNet: an HDF5 file for each class, with particle_features (N, P, 4), jet_features (N, 4).

particle_features: eta - eta_jet, phi - phi_jet, pT/pT_jet, mask. jet_features: pT [GeV], eta,
mass [GeV], number of particles. These describe the whole jet: the 30 leading particles of JetNet
carry less pT and mass. Kansal et al., arXiv:2106.11535; https://zenodo.org/records/6975118.
"""

from pathlib import Path

import numpy as np

from data_fetch.public.layouts import hdf5
from hepml_lite.containers.jets import Jets

NAMES = ("gluon", "light quark", "top", "W", "Z")
LETTERS = "gqtwz"  # first letters of the file names


def read(path: Path, start: int = 0, stop: int | None = None, label: int | None = None) -> Jets:
    """Jets `start` to `stop` of one class.

    The files do not give the azimuth of a jet: all jets are put at phi = 0.

    Args:
        path: the file; its first letter tells the class: g, q, t, w or z.
        start, stop: as in a slice; the rest is not read.
        label: the class, an index into `NAMES`, for a file of another name.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if its layout is another one, or its name tells no class.
    """
    path = Path(path)
    if label is None:
        label = LETTERS.find(path.name[:1])
    if label < 0:
        raise ValueError(f"{path.name} tells no class; rename it to {LETTERS[0]}… or pass label=")
    with hdf5.opened(path, "particle_features", "jet_features") as file:
        particles = hdf5.rows(file["particle_features"], slice(start, stop), path)  # (N, P, 4)
        jet = hdf5.rows(file["jet_features"], slice(start, stop), path)  # (N, 4)
    if particles.ndim != 3 or particles.shape[2] != 4 or jet.shape != (len(particles), 4):
        raise ValueError(
            f"{path}: particle_features {particles.shape}, jet_features {jet.shape}; "
            "expected (N, P, 4) and (N, 4)"
        )
    eta, phi, pt, mask = np.moveaxis(particles, -1, 0)  # each (N, P)
    constituents = np.stack([pt * jet[:, :1], eta + jet[:, 1:2], phi], axis=-1)
    return Jets(constituents, mask > 0.5, label=np.full(len(jet), label), names=NAMES)


def count(path: Path) -> int:
    """Number of jets in a file."""
    with hdf5.opened(path, "jet_features") as file:
        return len(file["jet_features"])
