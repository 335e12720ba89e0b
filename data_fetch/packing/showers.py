"""Showers packed into bytes: voxels in logarithmic steps of 5 %, the sum of each shower exactly.

A voxel changes by 1.4 % rms, the energy of a layer by 0.6 %. Finer steps would store noise.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_fetch.packing.integers import labels
from hepml_lite.containers.showers import Showers
from hepml_lite.containers.stored_steps import SMALLEST_VOXEL, VOXEL_LOG_STEP


def pack(showers: Showers) -> dict[str, np.ndarray]:
    """The showers as arrays of bytes; see `unpack`.

    Raises:
        ValueError: if the energy of a voxel is too large for a byte.
    """
    energies = np.maximum(showers.voxels.astype(float), SMALLEST_VOXEL)
    level = 1 + np.round(np.log(energies / SMALLEST_VOXEL) / VOXEL_LOG_STEP)
    if level.max(initial=0) > 255:
        largest = SMALLEST_VOXEL * np.exp(254 * VOXEL_LOG_STEP)
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
    table = SMALLEST_VOXEL * np.exp(VOXEL_LOG_STEP * np.arange(-1, 255))
    table[0] = 0
    voxels = table.astype(np.float32)[arrays["level"]]
    total = voxels.sum(axis=1, dtype=float)
    scale = np.divide(arrays["deposited"], total, out=np.ones_like(total), where=total > 0)
    voxels *= scale[:, None].astype(np.float32)
    return {"voxels": voxels, "energy": arrays["energy"], "label": arrays["label"]}
