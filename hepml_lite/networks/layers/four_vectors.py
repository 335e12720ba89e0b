"""Arithmetic of four-vectors that LoLa and LBN share."""

import torch
from torch import Tensor


def minkowski_square(k: Tensor) -> Tensor:
    """E² - p² of four-vectors (..., 4) → (...), in the square of their unit.

    Computed as (E - p)(E + p), which rounds less than the difference of two squares.
    """
    momentum = safe_norm(k[..., 1:])
    return (k[..., 0] - momentum) * (k[..., 0] + momentum)


def transverse_momentum(k: Tensor) -> Tensor:
    """pT of four-vectors (..., 4) → (...)."""
    return safe_norm(k[..., 1:3])


def safe_norm(vectors: Tensor) -> Tensor:
    """Length of vectors (..., D) → (...), with a gradient of zero, not NaN, where they are zero."""
    return torch.linalg.vector_norm(vectors, dim=-1)


def full_precision(k: Tensor) -> torch.autocast:
    """A context without mixed precision: half precision loses the m² of a fast particle."""
    return torch.autocast(k.device.type, enabled=False)
