"""Showers packed into bytes: voxels in logarithmic steps of 5 %, the sum of each shower exactly.

A voxel moves by 1.4 % rms, the energy of a layer by 0.6 %. Anything finer would store noise.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_fetch.packing.integers import labels
from hepml_lite.containers.showers import Showers

LOG_STEP = 0.05
SMALLEST = 5e-4  # GeV; an energy below it counts as it


def pack(showers: Showers) -> dict[str, np.ndarray]:
    """Arrays of bytes that hold the showers; see `unpack`.

    Raises:
        ValueError: if a voxel holds more energy than a byte can say.
    """
    energies = np.maximum(showers.voxels.astype(float), SMALLEST)
    level = 1 + np.round(np.log(energies / SMALLEST) / LOG_STEP)
    if level.max(initial=0) > 255:
        largest = SMALLEST * np.exp(254 * LOG_STEP)
        raise ValueError(f"a voxel holds {energies.max():g} GeV; at most {largest:g} can be packed")
    level = np.where(showers.voxels > 0, level, 0)  # (N, V)
    return {
        "label": labels(showers.label),
        "energy": showers.energy,
        "deposited": showers.deposited.astype(np.float32),
        "level": level.astype(np.uint8),
    }


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of the showers that `pack` stored."""
    table = SMALLEST * np.exp(LOG_STEP * np.arange(-1, 255))
    table[0] = 0
    voxels = table.astype(np.float32)[arrays["level"]]
    total = voxels.sum(axis=1, dtype=float)
    scale = np.divide(arrays["deposited"], total, out=np.ones_like(total), where=total > 0)
    voxels *= scale[:, None].astype(np.float32)
    return {"voxels": voxels, "energy": arrays["energy"], "label": arrays["label"]}
