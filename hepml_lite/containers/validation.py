"""What a container's arrays must satisfy, and the messages when they do not."""

from collections.abc import Sequence

import numpy as np


def require_shape(name: str, array: np.ndarray, shape: tuple[int, ...], each: str) -> None:
    """Raise ValueError unless `array` has one entry for each of something, such as "jet"."""
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; expected {shape}: one entry a {each}")


def require_finite(values: np.ndarray, quantities: Sequence[str] = ()) -> None:
    """Raise ValueError, naming the first row (and quantity) that is NaN or infinite.

    Args:
        values: (N, F).
        quantities: names of the F columns, if they have any.
    """
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        of = f" of {quantities[column]!r}" if quantities else ""
        raise ValueError(
            f"{bad.any(axis=1).sum()} of {len(values)} rows have NaN or infinite values{of}, the "
            f"first is row {row}; remove them first"
        )


def require_physical(constituents: np.ndarray, mask: np.ndarray) -> None:
    """Raise ValueError, naming the first jet that has NaN, negative pT or no constituents.

    Args:
        constituents: (N, P, 3) pT, eta, phi.
        mask: (N, P) bool.
    """
    if not np.isfinite(constituents).all():
        bad = ~np.isfinite(constituents).all(axis=(1, 2))
        _refuse(bad, "NaN or infinite constituents", "remove these jets or mask the slots")
    if constituents[..., 0].min(initial=0) < 0:
        remedy = "pT is a magnitude: is the last axis ordered as pT, eta, phi?"
        _refuse((constituents[..., 0] < 0).any(axis=1), "negative constituent pT", remedy)
    _refuse(~mask.any(axis=1), "no constituents", "drop empty jets before building the container")


def require_names(label: np.ndarray, names: tuple[str, ...]) -> None:
    """Raise ValueError unless every label is the position of a class name."""
    if len(label) and not (label.min() >= 0 and label.max() < len(names)):
        raise ValueError(
            f"labels run from {label.min()} to {label.max()}, but there are {len(names)} "
            f"class names {names}: pass names=(...) with one name a class"
        )


def require_weights(weight: np.ndarray, n: int) -> None:
    """Raise ValueError unless there is one finite weight, not below zero, for each of n rows."""
    require_shape("weight", weight, (n,), each="row")
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        row = np.argmax(bad)
        raise ValueError(
            f"{bad.sum()} of {n} weights are negative, NaN or infinite, the first is "
            f"{weight[row]} in row {row}: remove these rows, or give them weight 0"
        )


def _refuse(bad: np.ndarray, problem: str, remedy: str) -> None:
    jets = np.flatnonzero(bad)
    if len(jets):
        raise ValueError(
            f"{len(jets)} of {len(bad)} jets have {problem}, the first is jet {jets[0]}; {remedy}"
        )
