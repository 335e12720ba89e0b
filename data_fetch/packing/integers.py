"""Integers of 16 bits, stored as two planes of bytes, which compress far better apart."""

from collections.abc import Mapping

import numpy as np


def byte_planes(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Split 16-bit integers into high and low bytes.

    Raises:
        ValueError: if a number does not fit into 16 bits.
    """
    planes = {}
    limit = np.iinfo(np.int16)
    for name, values in columns.items():
        if len(values) and (values.min() < limit.min or values.max() > limit.max):
            raise ValueError(
                f"{name} runs from {values.min():g} to {values.max():g}, too far for 16 bits"
            )
        bits = values.astype(np.int16).view(np.uint16)
        planes[f"{name}_high"] = (bits >> 8).astype(np.uint8)
        planes[f"{name}_low"] = (bits & 255).astype(np.uint8)
    return planes


def joined(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """The integers that `byte_planes` split."""
    high, low = (arrays[f"{name}_{plane}"].astype(np.uint16) for plane in ("high", "low"))
    return ((high << 8) | low).view(np.int16).astype(np.int32)


def rounded(values: np.ndarray, step: float, what: str) -> np.ndarray:
    """Values in whole steps.

    Raises:
        ValueError: if they do not fit into 16 bits.
    """
    steps = np.round(np.asarray(values, float) / step)
    if len(steps) and np.abs(steps).max() > np.iinfo(np.int16).max:
        largest = np.abs(values).max()
        raise ValueError(f"{what} reaches {largest:g}, too many steps of {step:g} for 16 bits")
    return steps
