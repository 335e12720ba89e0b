"""The fixed splits of every sample by position: training, validation, test."""

from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

SPLITS = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}
SMOKE_SHARE = 0.1  # of each split, its first rows


def require(split: str | None) -> None:
    """Raise ValueError unless this is the name of a split, or None for all of them."""
    if split is not None and (not isinstance(split, str) or split not in SPLITS):
        raise ValueError(f"unknown split {split!r}; choose one of: {', '.join(SPLITS)}, or None")


def of_card(card: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Where each split of a sample begins and ends, as shares of its rows.

    A card may give other shares than 60, 20 and 20 %, under `split_shares`.
    """
    if "split_shares" not in card:
        return SPLITS
    shares = [card["split_shares"][name] for name in SPLITS]
    edges = [0.0, *accumulate(shares)]
    return dict(zip(SPLITS, pairwise(edges), strict=True))


def described(card: Mapping[str, Any]) -> str:
    """The rule of a sample's split, for its card."""
    parts = [f"{100 * (high - low):.0f} % {name}" for name, (low, high) in of_card(card).items()]
    return f"fixed, by position: {', '.join(parts)}"


def bounds(
    n: int, split: str | None, edges: Mapping[str, tuple[float, float]] = SPLITS
) -> tuple[int, int]:
    """First row of a split of n rows, and the row after its last."""
    low, high = edges[split] if split else (0.0, 1.0)
    return round(low * n), round(high * n)


def beginnings(
    n: int, split: str | None, edges: Mapping[str, tuple[float, float]] = SPLITS
) -> np.ndarray:
    """Positions of the first tenth of a split, or of every split."""
    pairs = [bounds(n, name, edges) for name in ([split] if split else SPLITS)]
    return np.concatenate([np.arange(a, a + round(SMOKE_SHARE * (b - a))) for a, b in pairs])
