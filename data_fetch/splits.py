"""The fixed splits of every sample by position: training, validation, test."""

import numpy as np

SPLITS = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}
SMOKE_SHARE = 0.1  # of each split, its first rows


def require(split: str | None) -> None:
    """Raise ValueError unless this is the name of a split, or None for all of them."""
    if split is not None and split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; choose one of: {', '.join(SPLITS)}, or None")


def bounds(n: int, split: str | None) -> tuple[int, int]:
    """First row of a split of n rows, and the row after its last."""
    low, high = SPLITS[split] if split else (0.0, 1.0)
    return round(low * n), round(high * n)


def beginnings(n: int, split: str | None) -> np.ndarray:
    """Positions of the first tenth of a split, or of every split."""
    pairs = [bounds(n, name) for name in ([split] if split else SPLITS)]
    return np.concatenate([np.arange(a, a + round(SMOKE_SHARE * (b - a))) for a, b in pairs])
