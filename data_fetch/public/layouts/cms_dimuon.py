"""CMS Open Data for education: pairs of muons as comma-separated values, one event a line.

Columns: Run, Event, then pt [GeV], eta, phi [rad], Q (charge), dxy [cm] (distance of the track from
the beam line) and iso (summed pT of tracks nearby [GeV]) of both muons. dxy and iso are left out
here, and the invariant mass of the pair is added. https://opendata.cern.ch/record/5208.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from hepml_lite import kinematics
from hepml_lite.containers.events import Events

NAMES = ("data",)
MUON = ("pt", "eta", "phi", "Q")
COLUMNS = tuple(f"{name}{muon}" for muon in (1, 2) for name in MUON)
QUANTITIES = ("pt_1", "eta_1", "phi_1", "charge_1", "pt_2", "eta_2", "phi_2", "charge_2", "mass")
MUON_MASS = 0.1057  # GeV, PDG


def read(path: Path, start: int = 0, stop: int | None = None) -> Events:
    """Events `start` to `stop`: both muons, and the mass of the pair [GeV].

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged or has other columns.
    """
    table = _table(path).iloc[start:stop]
    muons = table.to_numpy(float).reshape(-1, 2, len(MUON))  # (N, 2, 4): pT, eta, phi, charge
    pt, eta, phi, _ = np.moveaxis(muons, -1, 0)  # each (N, 2)
    pair = kinematics.four_vectors(pt, eta, phi, MUON_MASS).sum(axis=1)  # (N, 4)
    *_, mass = kinematics.pt_eta_phi_mass(pair)
    return Events(
        np.column_stack([muons.reshape(-1, 2 * len(MUON)), mass]), QUANTITIES, names=NAMES
    )


def count(path: Path) -> int:
    """Number of events in a file."""
    return len(_table(path))


def _table(path: Path) -> pd.DataFrame:
    """The columns of the muons, in the order of `COLUMNS`."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: fetch it again")
    try:
        table = pd.read_csv(path, skipinitialspace=True)
        table = table.rename(columns=str.strip)
        muons = table[list(COLUMNS)].astype(float)
        if not isinstance(muons.index, pd.RangeIndex):
            raise ValueError("a line has more entries than the first one names")
        return muons
    except (KeyError, ValueError, pd.errors.ParserError) as error:
        raise ValueError(
            f"{path} is no table of muon pairs ({error}): its first line must name "
            f"{', '.join(COLUMNS)}; fetch it again"
        ) from error
