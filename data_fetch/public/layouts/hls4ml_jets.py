"""The hls4ml LHC jets: HDF5 files of 10 000 jets with up to 150 particles and 59 features.

jetConstituentList (N, 150, 16): columns as in particleFeatureNames, which also lists a 17th,
j1_pdgid, that the array lacks. jets (N, 59): columns as in jetFeatureNames; the last six are flags
of the class: j_g, j_q, j_w, j_z, j_t, j_undef. https://zenodo.org/records/3602260.
"""

from pathlib import Path

import numpy as np

from data_fetch.public.layouts import hdf5
from hepml_lite.containers.jets import Jets

FLAGS = ("j_g", "j_q", "j_w", "j_z", "j_t")
NAMES = ("gluon", "light quark", "W", "Z", "top")
NEEDED = ("jetConstituentList", "particleFeatureNames", "jets", "jetFeatureNames")


def read(path: Path, start: int = 0, stop: int | None = None) -> Jets:
    """Jets `start` to `stop` of one of the files in the archive.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it has another layout, or a jet without exactly one class.
    """
    index = slice(start, stop)
    with hdf5.opened(path, *NEEDED) as file:
        particle, feature = (
            hdf5.names(file[k]) for k in ("particleFeatureNames", "jetFeatureNames")
        )
        columns = [hdf5.column(particle, f"j1_{name}", path) for name in ("pt", "eta", "phi")]
        flags = [hdf5.column(feature, flag, path) for flag in FLAGS]
        stored = hdf5.rows(file["jetConstituentList"], index, path)
        one_hot = hdf5.rows(file["jets"], index, path)
    if stored.ndim != 3 or max(columns) >= stored.shape[2] or max(flags) >= one_hot.shape[1]:
        raise ValueError(f"{path}: jetConstituentList {stored.shape}, jets {one_hot.shape}")
    one_hot = one_hot[:, flags]  # (N, 5)
    if (one_hot.sum(axis=1) != 1).any():
        raise ValueError(f"{path}: jet {start + np.argmax(one_hot.sum(axis=1) != 1)} has no class")
    return Jets(stored[..., columns], label=one_hot.argmax(axis=1), names=NAMES)


def count(path: Path) -> int:
    """Number of jets in a file."""
    with hdf5.opened(path, *NEEDED) as file:
        return len(file["jets"])
