"""Trigger events packed into small integers: about 20 bytes an event.

Only objects that are there are stored: ln pT in steps of 1/100, that is pT to 0.3 % rms, and the
angles in steps of 0.01, all far below the resolution of a hardware trigger.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_fetch.packing.integers import byte_planes, joined, labels, rounded
from hepml_lite import kinematics
from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents

ANGLE_STEP = 0.01  # rad
LOG_PT_STEP = 0.01
SMALLEST_PT = 1e-2  # GeV, where the logarithmic scale starts


def pack(events: TriggerEvents) -> dict[str, np.ndarray]:
    """Arrays of small integers that hold the events; see `unpack`.

    Raises:
        ValueError: if a number does not fit; the message says which.
    """
    present = events.objects[..., 0] > 0  # (N, 19)
    pt, eta, phi = events.objects[present].astype(float).T  # each (M,)
    level = np.log(np.maximum(pt, SMALLEST_PT) / SMALLEST_PT)
    columns = {
        "log_pt": rounded(level, LOG_PT_STEP, "ln pT"),
        "eta": rounded(eta, ANGLE_STEP, "eta"),
        "phi": rounded(phi, ANGLE_STEP, "phi"),
    }
    packed = {"label": labels(events.label), "present": np.packbits(present)}
    return packed | byte_planes(columns)


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of the events that `pack` stored."""
    n = len(arrays["label"])
    present = np.unpackbits(arrays["present"], count=n * N_OBJECTS).astype(bool)
    pt = SMALLEST_PT * np.exp(LOG_PT_STEP * joined(arrays, "log_pt"))
    eta, phi = (joined(arrays, name) * ANGLE_STEP for name in ("eta", "phi"))
    objects = np.zeros((n * N_OBJECTS, 3), np.float32)
    objects[present] = np.stack([pt, eta, kinematics.wrap_phi(phi)], axis=-1)
    return {"objects": objects.reshape(n, N_OBJECTS, 3), "label": arrays["label"]}
