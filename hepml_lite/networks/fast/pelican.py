"""PELICAN's blocks, faster: pairs in one long row, a few jets at a time.

The readable form is `hepml_lite.networks.pelican.PELICAN`, whose layers are used here. The
coefficients of the maps include the normalisation before them.
"""

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from hepml_lite.networks.fast.eq2to2 import Aggregated, Encoded, PairSums, parts_1to2, parts_2to2
from hepml_lite.networks.layers.known_layers import follow, norm_in, running_moments
from hepml_lite.networks.layers.minkowski import minkowski_products, psi
from hepml_lite.networks.layers.pair_slices import Slice, real_pairs, slices

if TYPE_CHECKING:
    from hepml_lite.networks.pelican import PELICAN, Eq2to2


class Pairs(NamedTuple):
    """The jets of a batch in order of size: mask (N, P), and their T pairs, slice by slice."""

    mask: Tensor
    parts: list[Slice]
    real: Tensor  # (T,), zero for padding


def through_blocks(model: "PELICAN", x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Sums over j and the diagonal of the last matrix: (N, P, C) each.

    Args:
        model: a `PELICAN`.
        x: (N, P, 4 + K), jets in order of size, small ones first.
        mask: (N, P), True where a particle is real.
    """
    kind = model.read.weight.dtype
    parts = slices(mask, 2 * model.read.out_features)
    pairs = Pairs(mask, parts, real_pairs(mask, parts, kind))
    y = _encoded(model, x, pairs)  # (C, T)
    layers = cast("list[Eq2to2]", model.aggregations)
    _, *messages = cast("list[nn.Linear]", model.messages)
    for k, (layer, message) in enumerate(zip(layers, messages, strict=True)):
        y, (scale, shift), sums = _normalised(model, k, y, pairs)
        rows, columns, diagonal = sums
        w, at_i, at_j, on_diagonal = parts_2to2(layer, rows, columns, diagonal, mask, model.typical)
        at_i = at_i + shift @ w.sum(0)
        laid = [z.movedim(-1, 0).contiguous() for z in (at_i, at_j, on_diagonal)]
        w = (scale[:, None] * w).mT.flatten(0, 1)  # (2, C, W) → (2 W, C)
        y = Aggregated.apply(parts, pairs.real, y, w, message.weight, message.bias, *laid)
    _, _, (rows, _, diagonal) = _normalised(model, -1, y, pairs)
    return rows, diagonal


def _encoded(model: "PELICAN", x: Tensor, pairs: Pairs) -> Tensor:
    """((1 + |p·p'|)^α - 1) / α with the sign of p·p', labels, the first message: (C, T)."""
    kind = model.read.weight.dtype
    message = cast("list[nn.Linear]", model.messages)[0]
    logs = [psi(minkowski_products(x[jets, :p, :4])).flatten() for jets, p, _ in pairs.parts]
    logs = torch.cat([x.new_zeros(0), *logs]).to(kind)  # (T,)
    w, of_label = message.weight.tensor_split([len(model.exponents)], 1)
    laid = [message.bias.expand(*x.shape[:2], -1)] + [logs.new_zeros(*x.shape[:2], len(w))] * 2
    if model.label is not None:
        kinds = torch.cat([1 - x[..., 4:].sum(-1, keepdim=True), x[..., 4:]], -1).to(kind)
        labels = parts_1to2(model.label, kinds, pairs.mask, model.typical)
        laid = [z + label @ of_label.T for z, label in zip(laid, labels, strict=True)]
    laid = (z.movedim(-1, 0).contiguous() for z in laid)
    w = w / model.exponents
    return Encoded.apply(pairs.parts, pairs.real, logs, model.exponents, w, *laid)


def _normalised(model: "PELICAN", k: int, y: Tensor, pairs: Pairs) -> tuple[Tensor, tuple, tuple]:
    """y, the scale and shift that normalise it, and its normalised sums (N, P, C).

    The next maps are linear, so they apply the scale and the shift, and y stays as it is. Dropout
    is not linear: with it, y itself is normalised.
    """
    *sums, squares = PairSums.apply(y, pairs.mask, pairs.parts)
    scale, shift = _normalisation(norm_in(model.norms, k), sums[0].sum((1, 2)), squares, pairs.mask)
    if model.training and model.dropout:
        y = dropout(torch.addcmul(shift[:, None], y, scale[:, None]), model.dropout) * pairs.real
        sums = PairSums.apply(y, pairs.mask, pairs.parts)[:3]
        scale = torch.ones_like(scale)
        shift = torch.zeros_like(shift)
    n = pairs.mask.sum(1)[:, None, None]
    real = pairs.mask[..., None]
    counts = (n * real, n * real, real)
    sums = (z.movedim(0, -1) * scale + m * shift for z, m in zip(sums, counts, strict=True))
    return y, (scale, shift), tuple(sums)


def _normalisation(
    norm: nn.BatchNorm1d, total: Tensor, squares: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Scale and shift (C,) of batch normalisation over all pairs of real particles."""
    mean, variance = running_moments(norm)
    if norm.training and len(mask):
        count = (mask.sum(1) ** 2).sum().clamp(min=1)
        mean = total / count
        variance = (squares / count - mean**2).clamp(min=0)
        follow(norm, mean, variance * count / (count - 1).clamp(min=1))
    scale = norm.weight / (variance + norm.eps).sqrt()
    return scale, norm.bias - mean * scale
