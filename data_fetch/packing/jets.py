"""Jets packed into small integers: about 200 bytes a jet, with a known and tested loss.

Constituents are stored in order of falling pT. Their angles are rounded to 1 mrad (the angular
resolution of the tracks), and ln pT to 1/200, that is pT to 0.15 % rms. Jet masses change by about
0.05 %. Masses of constituents, if there are any, are rounded like pT; below 0.1 MeV they become 0.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_fetch.packing.integers import byte_planes, joined, labels
from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.stored_steps import JET_ANGLE_STEP, JET_LOG_PT_STEP
from hepml_lite.containers.whole_steps import whole_steps

SMALLEST_PT = 1e-3  # GeV, where the logarithmic scale starts
SMALLEST_MASS = 1e-4  # GeV
COLUMNS = ("steps_in_pt", "eta_from_axis", "phi_from_axis")
LISTS = ("pid_kinds", "weight_values")  # arrays that all jets share
OF_A_JET = ("label", "n_constituents", "axis_eta", "axis_phi", "weight_code")


def pack(jets: Jets) -> dict[str, np.ndarray]:
    """The jets as arrays of small integers; see `unpack`.

    Raises:
        ValueError: if a jet has more than 255 constituents, there are more than 256 kinds of
            particles, or an angle or momentum is too large; the message says which.
    """
    if len(jets) and jets.n_constituents.max() > 255:
        raise ValueError(
            f"a jet has {jets.n_constituents.max()} constituents; at most 255 can be packed: "
            "use jets.truncate(255) first"
        )
    jets = jets.sorted_by_pt()
    n = jets.n_constituents
    pt, eta, phi = jets.constituents[jets.mask].astype(float).T  # each (M,)
    level = np.round(np.log(np.maximum(pt, SMALLEST_PT) / SMALLEST_PT) / JET_LOG_PT_STEP)
    axis_eta = np.round(jets.eta / JET_ANGLE_STEP)
    axis_phi = np.round(jets.phi / JET_ANGLE_STEP)
    eta_steps = np.round(eta / JET_ANGLE_STEP) - np.repeat(axis_eta, n)
    phi_steps = kinematics.delta_phi(phi, np.repeat(axis_phi * JET_ANGLE_STEP, n)) / JET_ANGLE_STEP
    columns = (_falls(level, n), eta_steps, np.round(phi_steps))
    identity = {}
    if jets.pid is not None:
        kinds, code = np.unique(jets.pid[jets.mask], return_inverse=True)
        if len(kinds) > 256:
            raise ValueError(f"{len(kinds)} kinds of particles; at most 256 can be packed")
        identity = {"pid_kinds": kinds, "pid_code": code.astype(np.uint8)}
    masses = {}
    if jets.constituent_mass is not None:
        mass = jets.constituent_mass[jets.mask].astype(float)
        masses = byte_planes({"steps_in_mass": _mass_steps(mass)})
    return {
        **identity,
        **masses,
        "label": labels(jets.label),
        "n_constituents": whole_steps(n, "n_constituents", np.uint8),
        "axis_eta": whole_steps(axis_eta, "eta of a jet axis [mrad]", np.int16),
        "axis_phi": whole_steps(axis_phi, "phi of a jet axis [mrad]", np.int16),
        **byte_planes(dict(zip(COLUMNS, columns, strict=True))),
    }


def part(arrays: Mapping[str, np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    """The packed arrays of the jets `start` to `stop` alone; they take as many places as all do."""
    n = arrays["n_constituents"].astype(int)
    first, last = n[:start].sum(), n[:stop].sum()
    chosen = {"places": n.max(initial=1, keepdims=True)}
    for name, array in arrays.items():
        if name in LISTS:
            chosen[name] = array
        elif name in OF_A_JET:
            chosen[name] = array[start:stop]
        else:
            chosen[name] = array[first:last]
    return chosen


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of the jets that `pack` stored."""
    n = arrays["n_constituents"].astype(int)
    places = arrays["places"][0] if "places" in arrays else n.max(initial=1)
    mask = np.arange(places) < n[:, None]  # (N, P)
    constituents = np.zeros((*mask.shape, 3), np.float32)
    pt, eta, phi = np.moveaxis(constituents, -1, 0)  # views, filled one by one: less memory
    pt[mask] = _pt(_levels(joined(arrays, "steps_in_pt"), n))
    eta[mask] = _angle(arrays["axis_eta"], n, joined(arrays, "eta_from_axis"))
    phi[mask] = kinematics.wrap_phi(_angle(arrays["axis_phi"], n, joined(arrays, "phi_from_axis")))
    unpacked = {"constituents": constituents, "mask": mask, "label": arrays["label"]}
    if "pid_code" in arrays:
        unpacked["pid"] = np.zeros(mask.shape, np.int16)
        unpacked["pid"][mask] = arrays["pid_kinds"][arrays["pid_code"]]
    if "steps_in_mass_low" in arrays:
        steps = joined(arrays, "steps_in_mass")
        unpacked["constituent_mass"] = np.zeros(mask.shape, np.float32)
        unpacked["constituent_mass"][mask] = _masses(steps)
    return unpacked


def _pt(level: np.ndarray) -> np.ndarray:
    """Transverse momenta [GeV] of their logarithmic levels."""
    table = SMALLEST_PT * np.exp(JET_LOG_PT_STEP * np.arange(level.max(initial=0) + 1))
    return table[level]


def _angle(axis: np.ndarray, n: np.ndarray, from_axis: np.ndarray) -> np.ndarray:
    """Angles [rad] of all constituents, from the steps of their jet's axis and from there."""
    return (np.repeat(axis.astype(np.int32), n) + from_axis) * JET_ANGLE_STEP


def _mass_steps(mass: np.ndarray) -> np.ndarray:
    """Masses [GeV] in logarithmic steps, counted from 1; 0 for massless particles."""
    level = np.round(np.log(np.maximum(mass, SMALLEST_MASS) / SMALLEST_MASS) / JET_LOG_PT_STEP)
    return np.where(mass < SMALLEST_MASS, 0, 1 + level)


def _masses(steps: np.ndarray) -> np.ndarray:
    """The inverse of `_mass_steps`."""
    return np.where(steps == 0, 0, SMALLEST_MASS * np.exp(JET_LOG_PT_STEP * (steps - 1)))


def _falls(level: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The level of each jet's first constituent, then the fall from one constituent to the next."""
    first = np.cumsum(n) - n
    falls = -np.diff(level, prepend=0)
    falls[first] = level[first]
    return falls


def _levels(falls: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The inverse of `_falls`."""
    first = np.cumsum(n) - n
    start = falls[first]
    rising = np.cumsum(falls) - np.repeat(np.cumsum(falls)[first], n)
    return np.repeat(start, n) - rising
