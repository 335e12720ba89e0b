"""Showers packed into small integers: voxels in steps of 2 %, the sum of each shower exactly."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hepml_lite.showers import Showers

from .integers import byte_planes, joined, rounded

LOG_STEP = 0.02
SMALLEST = 1e-5  # GeV; an energy below it counts as it


def pack(showers: Showers) -> dict[str, np.ndarray]:
    """Arrays of small integers that hold the showers; see `unpack`."""
    energies = np.maximum(showers.voxels.astype(float), SMALLEST)
    level = 1 + rounded(np.log(energies / SMALLEST), LOG_STEP, "ln E")
    level = np.where(showers.voxels > 0, level, 0)  # (N, V)
    return {
        "label": showers.label.astype(np.uint8),
        "energy": showers.energy,
        "deposited": showers.deposited.astype(np.float32),
        **byte_planes({"level": level}),
    }


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of the showers that `pack` stored."""
    level = joined(arrays, "level")
    table = SMALLEST * np.exp(LOG_STEP * (np.arange(level.max(initial=0) + 1) - 1))
    table[0] = 0
    voxels = table.astype(np.float32)[level]
    total = voxels.sum(axis=1, dtype=float)
    scale = np.divide(arrays["deposited"], total, out=np.ones_like(total), where=total > 0)
    voxels *= scale[:, None].astype(np.float32)
    return {"voxels": voxels, "energy": arrays["energy"], "label": arrays["label"]}
