"""LorentzNet's blocks, faster: they never build the tensor of the inputs of all pairs.

Equations of S. Gong et al., arXiv:2201.08187, section 3; the readable form is
`hepml_lite.networks.lorentz_net.LorentzBlock`, whose layers are used here.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from hepml_lite.networks.fast.lorentz_messages import Messages, PairLogs
from hepml_lite.networks.layers.known_layers import follow, linear_in, norm_in, running_moments
from hepml_lite.networks.layers.pair_slices import Slice, real_pairs, slices

if TYPE_CHECKING:
    from hepml_lite.networks.lorentz_net import LorentzBlock


def through_blocks(
    blocks: nn.ModuleList, h: Tensor, x: Tensor, scalars: Tensor, mask: Tensor
) -> Tensor:
    """New h (N, P, C) after all blocks.

    Args:
        blocks: of class `LorentzBlock`.
        h, x, scalars: (N, P, C), (N, P, 4) and (N, P, S), jets in order of size, small ones first.
        mask: (N, P), True where a particle is real.
    """
    parts = slices(mask, h.shape[-1])
    both = real_pairs(mask, parts, h.dtype, itself=False)
    for block in cast("list[LorentzBlock]", blocks):
        h, x = through_block(block, h, x, scalars, mask, both, parts)
    return h


def through_block(
    block: "LorentzBlock", h: Tensor, x: Tensor, scalars: Tensor, mask: Tensor, both: Tensor,
    parts: Sequence[Slice],
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """New h (N, P, C) and x (N, P, 4); `both` (T,) says which pairs in `parts` are real."""
    kind = linear_in(block.phi_m, 0).weight.dtype  # under autocast, too
    logs, sums, products = PairLogs.apply(x, both.to(kind), parts)  # logs (2, T)
    first = [y.to(kind) for y in _first_layer(block.phi_e, h, sums, products, mask)]
    with torch.autocast(x.device.type, enabled=False):
        sums, steps = Messages.apply(parts, x, both.to(kind), logs, *first, *_weights(block))
    if hasattr(block, "phi_x"):
        others = (mask.sum(1) - 1).clamp(min=1)[:, None, None]
        x = x + block.step * steps / others
    inputs = torch.cat([h, sums.movedim(0, 2), scalars], -1)[mask]  # (M, 2C + S), no padding
    change = torch.zeros_like(h)
    if len(inputs):
        change[mask] = block.phi_h(inputs).to(h.dtype)
    return h + change, x


def _first_layer(
    phi_e: nn.Sequential, h: Tensor, sums: Tensor, products: Tensor, mask: Tensor
) -> tuple[Tensor, ...]:
    """φ_e's linear layer and normalisation as a_i + b_j + V·pair: (C + 1, N, P), (C + 1, 2).

    The layer is linear. So the mean and the variance over pairs that normalise it follow from sums
    over particles, and the tensor (N, P, P, 2C + 2) is never built.
    """
    width = h.shape[-1]
    norm = norm_in(phi_e, 1)
    w_i, w_j, v = linear_in(phi_e, 0).weight.split([width, width, 2], dim=1)
    a, b = (torch.einsum("cd,npd->cnp", w, h) for w in (w_i, w_j))
    if norm.training:
        mean, variance = pair_moments(a, b, v, sums, products, mask, norm)
    else:
        mean, variance = running_moments(norm)
    scale = norm.weight / (variance + norm.eps).sqrt()
    shift = norm.bias - mean * scale
    a = a * _along(scale)
    b = b * _along(scale) + _along(shift)
    # one more row, of ones, that later layers multiply with their biases
    a = torch.cat([a, torch.ones_like(a[:1])])
    return a, pad(b, (0, 0, 0, 0, 0, 1)), pad(v * scale[:, None], (0, 0, 0, 1))


def _weights(block: "LorentzBlock") -> tuple[Tensor | None, ...]:
    """The weights with each bias as one more column; φ_e also passes on the row of ones."""
    w2 = _with_bias(linear_in(block.phi_e, 3))
    w2 = torch.cat([w2, torch.eye(len(w2) + 1).to(w2)[-1:]])
    wm = _with_bias(linear_in(block.phi_m, 0))
    if not hasattr(block, "phi_x"):
        return w2, wm[0], None, None
    wx = _with_bias(linear_in(block.phi_x, 0))
    return w2, wm[0], wx, linear_in(block.phi_x, 2).weight[0]


def _with_bias(layer: nn.Linear) -> Tensor:
    """Weights and, as their last column, the bias: (n_out, n_in + 1)."""
    return torch.cat([layer.weight, layer.bias[:, None]], 1)


def pair_moments(
    a: Tensor, b: Tensor, v: Tensor, sums: Tensor, products: Tensor, mask: Tensor,
    norm: nn.BatchNorm1d,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Mean and variance (C,) of a_i + b_j + V·pair over pairs i ≠ j; `norm` keeps its averages.

    The averages do not change if no jet has two particles. a and b are (C, N, P), V is (C, 2), and
    sums and products are those of `PairLogs`.
    """
    n = mask.sum(1, keepdim=True)
    k = (n - 1) * mask  # (N, P) partners of each particle
    count = k.sum().clamp(min=1)
    means = [(k * y).sum((1, 2)) / count for y in (a, b)]
    f_mean = sums.sum((1, 2)) / count
    products = (products - count * torch.outer(f_mean, f_mean)).to(v.dtype)
    sums, f_mean = (sums - k * _along(f_mean)).to(v.dtype), f_mean.to(v.dtype)
    a, b = ((y - _along(m)) * mask for y, m in zip((a, b), means, strict=True))
    f_of = torch.einsum("cs,snp->cnp", v, sums)  # pairs are symmetric: the same for i and for j
    total = (k * (a * a + b * b) + 2 * (a + b) * f_of - 2 * a * b).sum((1, 2))
    total = total + 2 * (a.sum(2) * b.sum(2)).sum(1) + ((v @ products) * v).sum(1)
    mean, variance = means[0] + means[1] + v @ f_mean, (total / count).clamp(min=0)
    if not (n > 1).any():
        return mean, variance
    follow(norm, mean, variance * count / (count - 1).clamp(min=1))
    return mean, variance


def _along(y: Tensor) -> Tensor:
    return y[:, None, None]  # (C,) → (C, 1, 1)
