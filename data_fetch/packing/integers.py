"""Integers of 16 bits, stored as two planes of bytes, which compress far better apart."""

from collections.abc import Mapping

import numpy as np

from hepml_lite.containers.whole_steps import whole_steps


def byte_planes(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Split integers of 16 bits into high and low bytes.

    Raises:
        ValueError: if a number does not fit into 16 bits.
    """
    planes = {}
    for name, values in columns.items():
        bits = whole_steps(values, name, np.int16).view(np.uint16)
        planes[f"{name}_high"] = (bits >> 8).astype(np.uint8)
        planes[f"{name}_low"] = (bits & 255).astype(np.uint8)
    return planes


def joined(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """The integers that `byte_planes` split."""
    high, low = (arrays[f"{name}_{plane}"].astype(np.uint16) for plane in ("high", "low"))
    return ((high << 8) | low).view(np.int16).astype(np.int32)


def labels(label: np.ndarray) -> np.ndarray:
    """Labels in one byte each.

    Raises:
        ValueError: if there are more than 256 classes.
    """
    return whole_steps(label, "label", np.uint8)


def rounded(values: np.ndarray, step: float, what: str) -> np.ndarray:
    """Values in whole steps.

    Raises:
        ValueError: if they do not fit into 16 bits, or are NaN or infinite.
    """
    values = np.asarray(values, float)
    if not np.isfinite(values).all():
        raise ValueError(f"{what} has values that are NaN or infinite: remove these rows first")
    steps = np.round(values / step)
    if len(steps) and np.abs(steps).max() > np.iinfo(np.int16).max:
        largest = np.abs(values).max()
        raise ValueError(f"{what} reaches {largest:g}, too many steps of {step:g} for 16 bits")
    return steps
