"""OmniFold's Z + jets: an npz with arrays gen_… at particle level and sim_… at detector level.

jets (N, 4): pT [GeV], rapidity, azimuth, mass [GeV] of the hardest jet; mults, widths, tau2s, sdms
(soft-drop mass [GeV], z_cut = 0.1, beta = 0) and zgs (N,). Row i of both levels is the same event.
There is no tau_1: the jet's width takes its place in tau_21. Andreassen, Komiske, Metodiev,
Nachman, Thaler, arXiv:1911.09107; https://zenodo.org/records/3548091.
"""

import zipfile
from pathlib import Path

import numpy as np

from data_fetch.public.layouts import npz
from hepml_lite.containers.unfolding_pair import UnfoldingPair

NAMES = ("simulation", "nature")
BEGINNINGS = ("Pythia", "Herwig")  # of file names: the paper's simulation, and its data
QUANTITIES = ("mass", "multiplicity", "width", "ln_rho", "tau21", "zg", "pt")
STORED = ("jets", "mults", "widths", "tau2s", "sdms", "zgs")
LEVELS = ("gen", "sim")
LOWEST_LN_RHO = -14.0  # where grooming leaves almost no mass; the same as in the course's sample
SMALLEST_WIDTH = 1e-6


def read(
    path: Path, start: int = 0, stop: int | None = None, label: int | None = None
) -> UnfoldingPair:
    """Events `start` to `stop`: `QUANTITIES` of the hardest jet at both levels.

    Mass and pT in GeV; ln_rho = ln(m_SD^2 / pT^2), at least `LOWEST_LN_RHO`; tau21 = tau_2 / width;
    where a denominator is zero, so is the ratio.

    Args:
        path: the file; its name tells the generator: Pythia is the simulation, Herwig nature.
        start, stop: as in a slice; the rest is not kept in memory.
        label: the class, an index into `NAMES`, for a file of another name.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, has another layout, or its name tells no generator.
    """
    path = Path(path)
    with npz.opened(path, *(f"{level}_{key}" for level in LEVELS for key in STORED)) as archive:
        truth, measured = (_level(archive, level, start, stop, path) for level in LEVELS)
    if truth.shape != measured.shape:
        raise ValueError(f"{path}: {len(truth)} events of truth and {len(measured)} of detector")
    label = np.full(len(truth), _generator(path) if label is None else label)
    return UnfoldingPair(truth, measured, QUANTITIES, label=label, names=NAMES)


def count(path: Path) -> int:
    """Number of events in a file."""
    with npz.opened(path, "gen_mults") as archive:
        return npz.count(archive, "gen_mults")


def quantities(
    pt: np.ndarray,
    mass: np.ndarray,
    multiplicity: np.ndarray,
    width: np.ndarray,
    tau2: np.ndarray,
    groomed_mass: np.ndarray,
    zg: np.ndarray,
) -> np.ndarray:
    """`QUANTITIES` (N, 7) from seven arrays (N,)."""
    wide, there = width > SMALLEST_WIDTH, pt > 0
    tau21 = np.where(wide, tau2 / np.where(wide, width, 1), 0)
    rho = np.where(there, (groomed_mass / np.where(there, pt, 1)) ** 2, 0)
    ln_rho = np.log(np.maximum(np.nan_to_num(rho), np.exp(LOWEST_LN_RHO)))
    return np.column_stack([mass, multiplicity, width, ln_rho, tau21, np.nan_to_num(zg), pt])


def _level(
    archive: zipfile.ZipFile, level: str, start: int, stop: int | None, path: Path
) -> np.ndarray:
    jets, *others = (npz.rows(archive, f"{level}_{key}", start, stop) for key in STORED)
    shapes = [array.shape for array in (jets, *others)]
    if shapes != [(len(jets), 4), *[(len(jets),)] * len(others)]:
        raise ValueError(f"{path}: {level}_… {shapes}; expected (N, 4) for jets, (N,) for others")
    mults, widths, tau2s, sdms, zgs = others
    return quantities(jets[:, 0], jets[:, 3], mults, widths, tau2s, sdms, zgs)


def _generator(path: Path) -> int:
    for i, beginning in enumerate(BEGINNINGS):
        if path.name.startswith(beginning):
            return i
    raise ValueError(
        f"{path.name} tells no generator; rename it to {' or '.join(BEGINNINGS)}… or pass label="
    )
