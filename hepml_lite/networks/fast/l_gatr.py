"""L-GATr-slim, faster: rows of particles without padding, components of vectors first.

J. Brehmer et al., arXiv:2411.00446, and A. Petitjean et al., arXiv:2512.17011; the readable form is
`hepml_lite.networks.l_gatr`, whose layers are used here. M particles of all jets are rows of
vectors (4, M, C), one plain matrix product for a linear map, and scalars (M, S). Attention runs in
groups of jets of similar size. The last block computes its output only for the first token.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn.functional import gelu, scaled_dot_product_attention

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast.linear import fast_linear
from hepml_lite.networks.layers.minkowski import by_size

if TYPE_CHECKING:
    from hepml_lite.networks.l_gatr import Attention, Block, GatedMLP, LGATrSlim, PairLinear

ROWS = 1024  # particles whose attention is computed together: it stays in the processor's cache
SMALLEST = 0.01  # ε under the root of the normalisation

choice.register("l_gatr", lambda: None)  # public functions of PyTorch alone


def logits(model: "LGATrSlim", x: Tensor, mask: Tensor) -> Tensor:
    """Logits (N, n_classes) of an `LGATrSlim`, from its tokens x (N, T, 4 + K), mask (N, T)."""
    x, mask, back = by_size(x, mask)
    rows = x[mask].to(model.out.weight.dtype)  # (M, 4 + K): without padding
    groups = groups_of(mask)
    first = mask.sum(1).cumsum(0) - mask.sum(1)  # (N,) rows of the tokens that collect the jets
    v, s = pair_linear(model.embedding, rows[:, :4].T.unsqueeze(-1), rows[:, 4:])
    for block in cast("list[Block]", model.blocks):
        v, s = through_block(block, v, s, groups, first)
    return model.out(s)[back]  # the last block returns only the first tokens: (N, S)


def groups_of(mask: Tensor) -> list[Tensor]:
    """The mask (N, P) of jets in order of size in pieces (n, p) of about `ROWS` particles."""
    sizes = mask.sum(1).tolist()
    groups = []
    start = 0
    rows = ROWS if mask.device.type == "cpu" else mask.numel()
    while start < len(sizes):
        stop = min(start + max(1, rows // sizes[start]), len(sizes))
        groups.append(mask[start:stop, : sizes[stop - 1]])
        start = stop
    return groups or [mask]


def through_block(
    block: "Block", v: Tensor, s: Tensor, groups: Sequence[Tensor], first: Tensor
) -> tuple[Tensor, Tensor]:
    """(4, M, C) and (M, S) → the same; the last block returns only its rows `first` (N,)."""
    dv, ds = attend(block.attention, *normed(v, s), groups, block.last)
    if block.last:
        v, s = v[:, first], s[first]
    v, s = v + dv, s + ds
    hidden_v, hidden_s = normed(v, s)
    if block.last:  # the logits come from scalars, so these vectors are not used
        return v, s + gated_scalars(block.mlp, hidden_s)
    dv, ds = gated_mlp(block.mlp, hidden_v, hidden_s)
    return v + dv, s + ds


def pair_linear(layer: "PairLinear", v: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors (4, M, C) and scalars (M, S) → the same of other widths."""
    if layer.vectors is None:
        raise ValueError("this layer takes no vectors, only scalars")
    new_v = fast_linear(v.flatten(0, 1), layer.vectors).unflatten(0, v.shape[:2])
    return new_v, scalar_linear(layer, s)


def scalar_linear(layer: "PairLinear", s: Tensor) -> Tensor:
    """Scalars (M, S) → scalars of another width."""
    return fast_linear(s, layer.scalars, layer.bias)


def attend(
    attention: "Attention", v: Tensor, s: Tensor, groups: Sequence[Tensor], tokens_only: bool
) -> tuple[Tensor, Tensor]:
    """(4, M, C) and (M, S) → the same, of M rows or of the first row of each jet."""
    n_heads = attention.n_heads
    c = v.shape[-1] // n_heads
    v, s = pair_linear(attention.queries_keys_values, v, s)
    v, s = v.unflatten(-1, (3, n_heads, -1)), s.unflatten(-1, (3, n_heads, -1))
    rows = torch.cat([v.permute(1, 2, 3, 0, 4).flatten(3), s], -1)  # (M, 3, H, d)
    rows = rows * scale_of(v, s)
    parts = rows.split([int(group.sum()) for group in groups])
    seen = torch.cat(
        [
            _attend_in_group(part, attention.metric, group, tokens_only)
            for part, group in zip(parts, groups, strict=True)
        ]
    )
    v = seen[..., : 4 * c].unflatten(-1, (4, c)).permute(2, 0, 1, 3)  # (4, M, H, C / H)
    return pair_linear(attention.out, v.flatten(2), seen[..., 4 * c :].flatten(1))


def _attend_in_group(rows: Tensor, metric: Tensor, group: Tensor, tokens_only: bool) -> Tensor:
    """Rows (m, 3, H, d) of a group of jets (n, p) → (m, H, d), or (n, H, d) of first tokens."""
    slots = rows.new_zeros(*group.shape, *rows.shape[1:])
    slots[group] = rows
    q, k, v = slots.permute(2, 0, 3, 1, 4)  # each (n, H, p, d)
    q = (q[:, :, :1] if tokens_only else q) * metric
    seen = scaled_dot_product_attention(q, k, v, attn_mask=group[:, None, None]).transpose(1, 2)
    return seen[:, 0] if tokens_only else seen[group]


def gated_mlp(mlp: "GatedMLP", v: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """(4, M, C) and (M, S) → the same."""
    v, s = pair_linear(mlp.hidden, v, s)
    s, gate = s.chunk(2, -1)
    v, u, w = v.chunk(3, -1)
    v = v * torch.sigmoid(inner(u, w) / 2)
    return pair_linear(mlp.out, v, s * gelu(gate, approximate="tanh"))


def gated_scalars(mlp: "GatedMLP", s: Tensor) -> Tensor:
    """(M, S) → the same: `gated_mlp` where there are no vectors."""
    s, gate = scalar_linear(mlp.hidden, s).chunk(2, -1)
    return scalar_linear(mlp.out, s * gelu(gate, approximate="tanh"))


def inner(v: Tensor, w: Tensor) -> Tensor:
    """v·w = E E' - p p' of (4, ..., C) → (..., C)."""
    e, x, y, z = (v * w).unbind()
    return e - x - y - z


def scale_of(v: Tensor, s: Tensor) -> Tensor:
    """1 / √(ε + mean of |v·v| and s²) over channels, (4, ..., C) and (..., S) → (..., 1)."""
    total = inner(v, v).abs().sum(-1, keepdim=True) + s.square().sum(-1, keepdim=True)
    return (total / (v.shape[-1] + s.shape[-1]) + SMALLEST).rsqrt()


def normed(v: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors (4, M, C) and scalars (M, S) of a particle over their root mean square."""
    scale = scale_of(v, s)
    return v * scale, s * scale
