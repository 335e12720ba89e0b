"""L-GATr-slim: a transformer on scalars and four-vectors that knows nothing but their products.

J. Brehmer et al., "A Lorentz-Equivariant Transformer for All of the LHC", arXiv:2411.00446, in the
slim form of A. Petitjean et al., "Economical Jet Taggers", arXiv:2512.17011.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad, scaled_dot_product_attention

from hepml_lite.networks.fast.linear import fast_linear
from hepml_lite.networks.layers import minkowski

GEV = 20.0  # particles enter in units of this many GeV, numbers of order one, as in the papers
SMALLEST = 0.01  # ε under the root of the normalisation
SLOWEST = 1e-3  # floor of m/E: a jet of one massless particle has no rest frame
ROWS = 1024  # particles whose attention is computed together: it stays in the processor's cache
Sizes = tuple[int, int]  # of vectors and of scalars


class LGATrSlim(nn.Module):
    """Lorentz- and permutation-invariant logits of a jet, from its four-vectors alone.

    A particle is C four-vectors and S scalars. Linear maps mix vectors with vectors and scalars
    with scalars; the two meet in attention, whose q·k is a scalar plus a Minkowski product, and in
    the normalisation. One token more, a zero vector, gathers the jet; its scalars become logits.
    Reference vectors are further tokens: only what does not change them remains a symmetry
    (`minkowski.REFERENCES`). Vectors inside are as precise as the weights: without reference, jets
    are first boosted to their rest frame in double precision, which an invariant network does not
    notice, and which keeps the p·p' of collimated particles. Hand over float64 four-vectors.

    Args:
        n_vectors, n_scalars: C and S, hidden four-vectors and scalars of a particle.
        n_blocks: transformer blocks.
        n_heads: heads, which share C and S evenly.
        n_classes: logits given back.
        reference: any of `minkowski.REFERENCES`, e.g. ("time", "beams").
        expansion: hidden width of each block's MLP over C and S.

    Raises:
        ValueError: a size below 1, heads that do not share evenly, an unknown reference.
    """

    def __init__(
        self, n_vectors: int = 8, n_scalars: int = 24, n_blocks: int = 3, n_heads: int = 4,
        n_classes: int = 2, reference: Sequence[str] = (), expansion: int = 2,
    ):  # fmt: skip
        super().__init__()
        minkowski.check_settings(
            reference, 0.0, n_vectors=n_vectors, n_scalars=n_scalars, n_blocks=n_blocks,
            n_heads=n_heads, n_classes=n_classes, expansion=expansion,
        )  # fmt: skip
        if n_vectors % n_heads or n_scalars % n_heads:
            raise ValueError(
                f"n_vectors={n_vectors}, n_scalars={n_scalars}: give multiples of {n_heads=}."
            )
        self.reference = tuple(reference)
        self.embedding = PairLinear((1, len(self.reference) + 1), (n_vectors, n_scalars))
        self.blocks = nn.ModuleList(
            Block(n_vectors, n_scalars, n_heads, expansion, last=k == n_blocks - 1)
            for k in range(n_blocks)
        )
        self.out = nn.Linear(n_scalars, n_classes)
        nn.init.zeros_(self.out.bias)

    @classmethod
    def paper(cls, n_classes: int = 2) -> "LGATrSlim":
        """The authors' slim top tagger, 2 010 978 parameters; their beams are light-like."""
        return cls(32, 96, 12, 8, n_classes, ("time", "beams"), expansion=4)

    def forward(self, four_vectors: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes): (E, px, py, pz) in GeV (N, P, 4), mask (N, P), True where real.

        What stands in a padded slot, NaN included, changes nothing.
        """
        x, mask = minkowski.with_references(four_vectors, mask, self.reference)
        if not self.reference:
            x = in_rest_frame(x)
        x[:, x.shape[1] - four_vectors.shape[1] :, :4] /= GEV
        x, mask = pad(x, (0, 1, 1, 0)), pad(mask, (1, 0), value=True)
        x[:, 0, -1] = 1  # the token that gathers the jet, in front: a zero vector and a flag
        x, mask, back = minkowski.by_size(x, mask)
        rows = x[mask].to(self.out.weight.dtype)  # (M, 4 + K + 1): no time goes into padding
        groups, tokens = groups_of(mask), mask.sum(1).cumsum(0) - mask.sum(1)
        with torch.autocast(rows.device.type, enabled=False):  # v·v does not bear less precision
            v, s = self.embedding(rows[:, :4].T.unsqueeze(-1), rows[:, 4:])  # (4, M, C), (M, S)
            for block in self.blocks:
                v, s = block(v, s, groups, tokens)
            return self.out(s)[back]  # the last block gives the tokens alone: (N, S)


def in_rest_frame(x: Tensor) -> Tensor:
    """Each jet's four-vectors (N, P, 4), padding zero, boosted to where their sum is at rest."""
    energy, p = x.sum(1, keepdim=True).split([1, 3], -1)  # (N, 1, 1), (N, 1, 3)
    mass = (energy.square() - p.square().sum(-1, keepdim=True)).clamp(min=0).sqrt()
    mass = torch.maximum(mass, SLOWEST * energy).clamp(min=1e-9)
    u = p / mass  # γβ
    gamma = (1 + u.square().sum(-1, keepdim=True)).sqrt()
    new = gamma * x[..., :1] - (x[..., 1:] * u).sum(-1, keepdim=True)  # E' = x·u
    return torch.cat([new, x[..., 1:] - u * (x[..., :1] + new) / (1 + gamma)], -1)


def groups_of(mask: Tensor) -> list[Tensor]:
    """The mask (N, P) of jets in order of size in pieces (n, p) of about `ROWS` particles."""
    sizes, groups, start = mask.sum(1).tolist(), [], 0
    rows = ROWS if mask.device.type == "cpu" else mask.numel()
    while start < len(sizes):
        stop = min(start + max(1, rows // sizes[start]), len(sizes))
        groups.append(mask[start:stop, : sizes[stop - 1]])
        start = stop
    return groups or [mask]


class PairLinear(nn.Module):
    """Equivariant linear map: vectors mix with vectors, scalars with scalars.

    No constant vector is invariant: scalars alone get a bias.
    """

    def __init__(self, n_in: Sizes, n_out: Sizes, bias: bool = True, size: float = 1.0):
        super().__init__()
        self.vectors, self.scalars = (
            nn.Parameter(torch.empty(n, m).uniform_(-size / m**0.5, size / m**0.5)) if m else None
            for m, n in zip(n_in, n_out, strict=True)
        )
        self.bias = nn.Parameter(torch.zeros(n_out[1])) if bias else None

    def forward(self, v: Tensor | None, s: Tensor) -> tuple[Tensor | None, Tensor]:
        """Vectors (4, M, C) and scalars (M, S) → the same of other widths; None stays None."""
        if v is not None:
            v = fast_linear(v.flatten(0, 1), self.vectors).unflatten(0, v.shape[:2])
        return v, fast_linear(s, self.scalars, self.bias)


class Attention(nn.Module):
    """Attention whose q·k is Σ q k of scalars plus Σ (q⁰k⁰ - q⃗k⃗) of four-vectors, over √d.

    q, k and v are normalised in each head, which keeps the softmax from saturating.
    """

    def __init__(self, n_vectors: int, n_scalars: int, n_heads: int):
        super().__init__()
        c, s = n_vectors, n_scalars
        self.n_heads = n_heads
        self.queries_keys_values = PairLinear((c, s), (3 * c, 3 * s), bias=False, size=0.1)
        self.out = PairLinear((c, s), (c, s), size=0.1)
        metric = torch.tensor([1.0, -1, -1, -1]).repeat_interleave(c // n_heads)
        metric = torch.cat([metric, torch.ones(s // n_heads)])
        self.register_buffer("metric", metric, persistent=False)  # (d,)

    def forward(
        self, v: Tensor, s: Tensor, groups: Sequence[Tensor], tokens_only: bool
    ) -> tuple[Tensor, Tensor]:
        """(4, M, C) and (M, S) → the same, of M rows or of the first row of each jet."""
        c, h = v.shape[-1] // self.n_heads, self.n_heads
        v, s = (x.unflatten(-1, (3, h, -1)) for x in self.queries_keys_values(v, s))
        rows = torch.cat([v.permute(1, 2, 3, 0, 4).flatten(3), s], -1)  # (M, 3, H, d)
        rows = rows * scale_of(v, s)
        parts = rows.split([int(group.sum()) for group in groups])
        seen = torch.cat([self._attend(*x, tokens_only) for x in zip(parts, groups, strict=True)])
        v = seen[..., : 4 * c].unflatten(-1, (4, c)).permute(2, 0, 1, 3)  # (4, M, H, C / H)
        return self.out(v.flatten(2), seen[..., 4 * c :].flatten(1))

    def _attend(self, rows: Tensor, group: Tensor, tokens_only: bool) -> Tensor:
        """Rows (m, 3, H, d) of a group of jets (n, p) → (m, H, d), or (n, H, d) of the tokens."""
        slots = rows.new_zeros(*group.shape, *rows.shape[1:])
        slots[group] = rows
        q, k, v = slots.permute(2, 0, 3, 1, 4)  # each (n, H, p, d)
        q = (q[:, :, :1] if tokens_only else q) * self.metric
        seen = scaled_dot_product_attention(q, k, v, attn_mask=group[:, None, None]).transpose(1, 2)
        return seen[:, 0] if tokens_only else seen[group]


class GatedMLP(nn.Module):
    """Vectors times σ(u·w / 2) of two other vectors, scalars times GELU of others, then mixed."""

    def __init__(self, n_vectors: int, n_scalars: int, expansion: int):
        super().__init__()
        c, s = expansion * n_vectors, expansion * n_scalars
        self.hidden = PairLinear((n_vectors, n_scalars), (3 * c, 2 * s))
        self.out = PairLinear((c, s), (n_vectors, n_scalars))

    def forward(self, v: Tensor | None, s: Tensor) -> tuple[Tensor | None, Tensor]:
        """(4, M, C) or None, and (M, S) → the same."""
        v, s = self.hidden(v, s)
        s, gate = s.chunk(2, -1)
        if v is not None:
            v, u, w = v.chunk(3, -1)
            v = v * torch.sigmoid(inner(u, w) / 2)
        return self.out(v, s * gelu(gate, approximate="tanh"))


class Block(nn.Module):
    """x + Attention(norm(x)), then x + MLP(norm(x)); the last one for the tokens' scalars alone."""

    def __init__(self, n_vectors: int, n_scalars: int, n_heads: int, expansion: int, last: bool):
        super().__init__()
        self.attention = Attention(n_vectors, n_scalars, n_heads)
        self.mlp = GatedMLP(0 if last else n_vectors, n_scalars, expansion)
        self.last = last

    def forward(
        self, v: Tensor, s: Tensor, groups: Sequence[Tensor], tokens: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(4, M, C) and (M, S) → the same; the last block gives its rows `tokens` (N,) alone."""
        dv, ds = self.attention(*normed(v, s), groups, self.last)
        if self.last:
            v, s = v[:, tokens], s[tokens]
        v, s = v + dv, s + ds
        dv, ds = normed(v, s)
        dv, ds = self.mlp(None if self.last else dv, ds)
        return v if self.last else v + dv, s + ds


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
