"""LHC Olympics 2020: pandas tables in HDF5, of the two leading jets or of all particles.

Jets (….features.h5): px, py, pz, m [GeV], tau1, tau2, tau3 of j1 and j2, label (1 signal). With
more subjettinesses, tau1j1_1 is the one with beta = 1. Particles: 700 times pT [GeV], eta, phi,
padded with zeros. In the R&D data the label is the 2101st column; for a black box it is a line of
its masterkey (0 background). Kasieczka et al., arXiv:2101.08320.
"""

from pathlib import Path

import numpy as np

from data_fetch.generate.simulation import dijets
from data_fetch.generate.simulation.pythia import Particles
from data_fetch.public.layouts import hdf5
from data_fetch.public.layouts.pandas_hdf5 import Frame
from hepml_lite import kinematics
from hepml_lite.containers.events import Events

NAMES = ("QCD", "signal")
UNKNOWN = ("unknown",)
MOMENTUM = ("px", "py", "pz", "m")
SLOTS = 700
MIN_PT = 200.0  # GeV, of the leading jet; the trigger required 1200, and a second jet has 20
BLOCK = 1000  # events whose particles are in memory at a time


def read(path: Path, start: int = 0, stop: int | None = None, label: int | None = None) -> Events:
    """Events `start` to `stop` of a file, with the quantities of `dijets.QUANTITIES`.

    Particles are clustered (anti-kT, R = 1.0), which takes some milliseconds for each event. Events
    without a second jet above 20 GeV are left out. A masterkey beside its black box is read.

    Args:
        path: the file.
        start, stop: as in a slice; the rest is not read.
        label: the class, an index into `NAMES`, for a file without labels.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it has another layout.
    """
    path = Path(path)
    with hdf5.opened(path) as file:
        frame = Frame(file, path)
        first, last, _ = slice(start, stop).indices(len(frame))
        last = max(first, last)
        if "mj1" in frame.columns:
            values, events = _from_jets(frame, first, last), np.arange(first, last)
        elif len(frame.columns) in (3 * SLOTS, 3 * SLOTS + 1):
            values, events = _from_particles(frame, first, last)
        else:
            raise ValueError(
                f"{path} has {len(frame.columns)} columns, {', '.join(frame.columns[:8])}, …: "
                f"neither jets nor {SLOTS} particles"
            )
        truth = _labels(frame, first, last, path)
    if truth is None and label is None:
        return Events(values, dijets.QUANTITIES, names=UNKNOWN)
    truth = np.full(last - first, label) if truth is None else truth
    return Events(values, dijets.QUANTITIES, label=truth[events - first], names=NAMES)


def count(path: Path) -> int:
    """Number of events in a file."""
    with hdf5.opened(path) as file:
        return len(Frame(file, Path(path)))


def _from_jets(frame: Frame, first: int, last: int) -> np.ndarray:
    beta = "_1" if "tau1j1_1" in frame.columns else ""
    columns = [f"{key}j{i}" for i in (1, 2) for key in MOMENTUM]
    columns += [f"tau{n}j{i}{beta}" for i in (1, 2) for n in (1, 2, 3)]
    flat = frame.read(columns, first, last)
    p, tau = flat[:, :8].reshape(-1, 2, 4), flat[:, 8:].reshape(-1, 2, 3)
    order = np.argsort(p[..., 3], axis=1, kind="stable")[..., None]  # the lighter jet first
    p, tau = np.take_along_axis(p, order, 1), np.take_along_axis(np.nan_to_num(tau), order, 1)
    energy = np.sqrt((p**2).sum(axis=-1, keepdims=True))
    p4 = np.concatenate([energy, p[..., :3]], axis=-1)  # (N, 2, 4)
    _, eta, phi, _ = kinematics.pt_eta_phi_mass(p4)
    *_, mjj = kinematics.pt_eta_phi_mass(p4.sum(axis=1))
    distance = kinematics.delta_r(eta[:, 0], phi[:, 0], eta[:, 1], phi[:, 1])
    return dijets.stacked(mjj, p[..., 3], tau, distance)


def _from_particles(frame: Frame, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Quantities (M, 10) and numbers (M,) of the events that have two jets."""
    columns, values, events = frame.columns[: 3 * SLOTS], [], []
    for low in range(first, last, BLOCK):
        stored = frame.read(columns, low, min(low + BLOCK, last)).reshape(-1, SLOTS, 3)
        event, slot = np.nonzero(stored[..., 0] > 0)
        p4 = kinematics.four_vectors(*stored[event, slot].T)  # (M, 4)
        nothing = np.zeros(len(event), int)  # neither identity nor charge is published
        particles = Particles(event, p4, nothing, nothing)
        # the number of each event is carried along: it tells which events are left
        found = dijets.leading_two(particles, low + np.arange(len(stored)), MIN_PT)
        values.append(dijets.dijet_quantities(found))
        events.append(found.pt_hat)
    empty = (np.zeros((0, len(dijets.QUANTITIES))), np.zeros(0, int))
    return (np.concatenate(values), np.concatenate(events)) if values else empty


def _labels(frame: Frame, first: int, last: int, path: Path) -> np.ndarray | None:
    """Labels (N,), 0 or 1; None if neither the file nor a masterkey has them."""
    named = [name for name in ("label", "labels") if name in frame.columns]
    if len(frame.columns) == 3 * SLOTS + 1:
        named = frame.columns[3 * SLOTS :]
    if named:
        return frame.read(named, first, last)[:, 0].astype(int)
    key = path.with_suffix(".masterkey")
    if not key.is_file():
        return None
    kinds = np.loadtxt(key, ndmin=1, skiprows=first, max_rows=last - first)
    if len(kinds) != last - first:
        raise ValueError(f"{key} has fewer lines than {path.name} has events; fetch it again")
    return (kinds > 0).astype(int)
