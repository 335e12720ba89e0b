"""Trigger events packed into small integers: about 20 bytes an event.

Empty places are not stored. For each object, ln pT is stored in steps of 1/100, that is pT to
0.3 % rms, and the angles in steps of 0.01. These steps are far smaller than the resolution of a
hardware trigger. Regions of the calorimeter are stored in steps of 0.2 GeV.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_fetch.packing.integers import byte_planes, joined, labels, rounded
from hepml_lite import kinematics
from hepml_lite.containers.stored_steps import (
    REGION_STEP,
    TRIGGER_ANGLE_STEP,
    TRIGGER_LOG_PT_STEP,
)
from hepml_lite.containers.trigger_events import N_OBJECTS, OFFLINE, REGIONS, TriggerEvents
from hepml_lite.containers.whole_steps import whole_steps

SMALLEST_PT = 1e-2  # GeV, where the logarithmic scale starts


def pack(events: TriggerEvents) -> dict[str, np.ndarray]:
    """The events as arrays of small integers; see `unpack`.

    Raises:
        ValueError: if a number is too large; the message says which.
    """
    present = events.objects[..., 0] > 0  # (N, 19)
    pt, eta, phi = events.objects[present].astype(float).T  # each (M,)
    columns = {
        "log_pt": _log_steps(pt),
        "eta": rounded(eta, TRIGGER_ANGLE_STEP, "eta"),
        "phi": rounded(phi, TRIGGER_ANGLE_STEP, "phi"),
    }
    packed = {"label": labels(events.label), "present": np.packbits(present)}
    if events.process is not None:
        packed["process"] = whole_steps(events.process, "process", np.uint8)
    if events.offline_pt is not None:
        there = events.offline_pt.T > 0  # (4, N)
        packed["offline_present"] = np.packbits(there)
        columns["offline_log_pt"] = _log_steps(events.offline_pt.T[there].astype(float))
    if events.regions is not None:
        columns["regions"] = rounded(events.regions.ravel(), REGION_STEP, "a region")
    return packed | byte_planes(columns)


def _log_steps(pt: np.ndarray) -> np.ndarray:
    return rounded(np.log(np.maximum(pt, SMALLEST_PT) / SMALLEST_PT), TRIGGER_LOG_PT_STEP, "ln pT")


def part(arrays: Mapping[str, np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    """The packed arrays of the events `start` to `stop` alone."""
    n = len(arrays["label"])
    present = np.unpackbits(arrays["present"], count=n * N_OBJECTS).astype(bool)
    rows = slice(start * N_OBJECTS, stop * N_OBJECTS)
    chosen = {"label": arrays["label"][start:stop], "present": np.packbits(present[rows])}
    first, last = _places(present, rows)
    for name in ("log_pt", "eta", "phi"):
        chosen |= _planes(arrays, name, slice(first, last))
    for name in ("process", "weight_code"):
        if name in arrays:
            chosen[name] = arrays[name][start:stop]
    if "weight_values" in arrays:
        chosen["weight_values"] = arrays["weight_values"]
    if "offline_present" in arrays:
        there = np.unpackbits(arrays["offline_present"], count=len(OFFLINE) * n).astype(bool)
        chosen["offline_present"] = np.packbits(there.reshape(len(OFFLINE), n)[:, start:stop])
        kinds = [slice(kind * n + start, kind * n + stop) for kind in range(len(OFFLINE))]
        stored = [np.arange(*_places(there, kind)) for kind in kinds]
        chosen |= _planes(arrays, "offline_log_pt", np.concatenate(stored))
    if "regions_low" in arrays:
        size = int(np.prod(REGIONS))
        chosen |= _planes(arrays, "regions", slice(start * size, stop * size))
    return chosen


def _places(present: np.ndarray, rows: slice) -> tuple[int, int]:
    """Where the numbers of these places begin and end among those that are stored."""
    before = int(np.count_nonzero(present[: rows.start]))
    return before, before + int(np.count_nonzero(present[rows]))


def _planes(
    arrays: Mapping[str, np.ndarray], name: str, kept: slice | np.ndarray
) -> dict[str, np.ndarray]:
    """Both bytes of some of the numbers of a column."""
    return {plane: arrays[plane][kept] for plane in (f"{name}_high", f"{name}_low")}


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of the events that `pack` stored."""
    n = len(arrays["label"])
    present = np.unpackbits(arrays["present"], count=n * N_OBJECTS).astype(bool)
    eta = joined(arrays, "eta") * TRIGGER_ANGLE_STEP
    phi = joined(arrays, "phi") * TRIGGER_ANGLE_STEP
    objects = np.zeros((n * N_OBJECTS, 3), np.float32)
    objects[present] = np.stack([_pt(arrays, "log_pt"), eta, kinematics.wrap_phi(phi)], axis=-1)
    unpacked = {"objects": objects.reshape(n, N_OBJECTS, 3), "label": arrays["label"]}
    if "process" in arrays:
        unpacked["process"] = arrays["process"]
    if "offline_present" in arrays:
        there = np.unpackbits(arrays["offline_present"], count=len(OFFLINE) * n).astype(bool)
        offline = np.zeros(len(OFFLINE) * n, np.float32)
        offline[there] = _pt(arrays, "offline_log_pt")
        unpacked["offline_pt"] = np.ascontiguousarray(offline.reshape(len(OFFLINE), n).T)
    if "regions_low" in arrays:
        unpacked["regions"] = (joined(arrays, "regions") * REGION_STEP).reshape(n, *REGIONS)
    return unpacked


def _pt(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """pT [GeV] from the stored steps of its logarithm."""
    return SMALLEST_PT * np.exp(TRIGGER_LOG_PT_STEP * joined(arrays, name))
