"""Padded sets of particles: zeros in the padding, the leading particles, means over real ones."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad


def clean(x: Tensor, mask: Tensor) -> Tensor:
    """The same particles (N, P, F) with zeros in the padding."""
    return torch.where(mask.unsqueeze(-1), x, 0)


def numbers_of_particles(mask: Tensor, like: Tensor) -> Tensor:
    """Real particles of each jet (N,), at least 1, in the precision of `like`."""
    return mask.sum(1).clamp(min=1).to(like.dtype)


def mean_pooled(x: Tensor, mask: Tensor) -> Tensor:
    """Mean over the real particles: (N, P, D), (N, P) → (N, D); zero for a jet without any."""
    return clean(x, mask).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def on_real(layer: Callable[[Tensor], Tensor], x: Tensor, real: Tensor, n_outputs: int) -> Tensor:
    """`layer` on only the real rows of x, zeros elsewhere, so that padding is not normalised.

    Args:
        layer: takes rows (M, F) to rows (M, n_outputs).
        x: (..., F) numbers of particles or of pairs.
        real: (...), True where x is real.
        n_outputs: number of columns that `layer` returns.

    Returns:
        (..., n_outputs).
    """
    out = x.new_zeros(*real.shape, n_outputs)
    if real.any():
        out[real] = layer(x[real]).to(out.dtype)
    return out


def leading(
    features: Tensor, mask: Tensor, n_particles: int, rank: Tensor
) -> tuple[Tensor, Tensor]:
    """The `n_particles` of highest rank in falling order: features (N, n, F), mask (N, n).

    Args:
        features: (N, P, F) numbers of the particles.
        mask: (N, P), True where a particle is real.
        n_particles: number of slots in the result; slots without a real particle are zero.
        rank: (N, P) what they are ordered by, e.g. pT; its values in padding do not matter.
    """
    rank = torch.where(mask, rank, -torch.inf)
    order = rank.argsort(dim=1, descending=True, stable=True)[:, :n_particles]  # (N, min(n, P))
    mask = mask.gather(1, order)
    chosen = features.gather(1, order.unsqueeze(-1).expand(-1, -1, features.shape[-1]))
    missing = n_particles - order.shape[1]
    return pad(clean(chosen, mask), (0, 0, 0, missing)), pad(mask, (0, missing))  # (N, n, F)
