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
