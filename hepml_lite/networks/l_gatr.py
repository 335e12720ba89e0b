"""L-GATr-slim: a transformer on scalars and four-vectors that uses only Lorentz products.

J. Brehmer et al., "A Lorentz-Equivariant Transformer for All of the LHC", arXiv:2411.00446, in the
slim form of A. Petitjean et al., "Economical Jet Taggers", arXiv:2512.17011. Of the 16 numbers of a
multivector it keeps the scalar and the four-vector, each with its own channels. The table compares
its layers with those on full multivectors in `hepml_lite.networks.geometric_algebra`:

    PairLinear   EquivariantLinear    equivariant linear map: each grade mixes with itself
    Attention    attention            softmax of the inner products of queries and keys
    GatedMLP     GeometricBilinear    products of two inputs; here the inner product, as a gate
                 gated                GELU of a scalar times the rest
    normed       equivariant_norm     all channels of a particle over their root mean square
    Block        GeometricLayer       x + Attention(norm(x)), then x + MLP(norm(x))
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear, pad, scaled_dot_product_attention

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast import l_gatr as fast
from hepml_lite.networks.fast.l_gatr import SMALLEST
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers import minkowski
from hepml_lite.networks.layers.minkowski import minkowski_product

GEV = 20.0  # particles enter in units of this many GeV, numbers of order one, as in the papers
SLOWEST = 1e-3  # floor of m/E: a jet of one massless particle has no rest frame
Sizes = tuple[int, int]  # channels of vectors, C, and of scalars, S


class LGATrSlim(nn.Module):
    """Lorentz- and permutation-invariant logits of a jet, from only its four-vectors.

    A particle is C four-vectors and S scalars. Linear maps mix vectors with vectors and scalars
    with scalars. Vectors and scalars meet in attention, whose q·k is a scalar plus a Minkowski
    product, and in the normalisation. One more token, a zero vector, collects the jet, and its
    scalars become logits. Reference vectors are more tokens: only transformations that do not
    change them remain symmetries (`minkowski.REFERENCES`). Vectors have the precision of the
    weights. So without reference vectors, jets are first boosted to their rest frame in double
    precision: this keeps the p·p' of collimated particles and does not change the output of an
    invariant network. Give float64 four-vectors.

    Args:
        n_vectors, n_scalars: C and S, hidden four-vectors and scalars of a particle.
        n_blocks: transformer blocks.
        n_heads: number of heads H, a divisor of C and of S.
        n_classes: number of logits.
        reference: any of `minkowski.REFERENCES`, e.g. ("time", "beams").
        expansion: hidden width of each block's MLP over C and S.

    Raises:
        ValueError: a size below 1, heads that do not divide C and S, an unknown reference.
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

        Values in padded slots have no effect, even NaN.
        """
        check_particles(self, four_vectors, mask, 4, "four_vectors", any_precision=True)
        x, mask = self.tokens(four_vectors, mask)  # (N, T, 4 + K), (N, T)
        with torch.autocast(x.device.type, enabled=False):  # v·v needs full precision
            if choice.in_use("l_gatr"):  # the same numbers in less time and memory
                return fast.logits(self, x, mask)
            x = x.to(self.out.weight.dtype)
            v, s = self.embedding(x[..., None, :4], x[..., 4:])  # (N, T, C, 4), (N, T, S)
            for block in self.blocks:
                v, s = block(v, s, mask)
            return self.out(s[:, 0])  # the token that gathers the jet

    def tokens(self, four_vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """One token that collects the jet, the references, the particles; their mask (N, T).

        Tokens (N, T, 4 + K) are a four-vector and K flags for the tokens that are not particles.
        """
        x, mask = minkowski.with_references(four_vectors, mask, self.reference)
        if not self.reference:
            x = in_rest_frame(x)
        x[:, x.shape[1] - four_vectors.shape[1] :, :4] /= GEV
        x = pad(x, (0, 1, 1, 0))  # one more flag, and a zero vector in front
        x[:, 0, -1] = 1
        return x, pad(mask, (1, 0), value=True)


def in_rest_frame(x: Tensor) -> Tensor:
    """The four-vectors of each jet (N, P, 4), padding zero, boosted to the jet's rest frame."""
    energy, p = x.sum(1, keepdim=True).split([1, 3], -1)  # (N, 1, 1), (N, 1, 3)
    mass2 = energy.square() - p.square().sum(-1, keepdim=True)
    mass = torch.where(mass2 > 0, mass2, 1).sqrt()  # the root of zero has no gradient
    mass = torch.maximum(mass.where(mass2 > 0, 0), SLOWEST * energy).clamp(min=1e-9)
    u = p / mass  # γβ
    gamma = (1 + u.square().sum(-1, keepdim=True)).sqrt()
    new = gamma * x[..., :1] - (x[..., 1:] * u).sum(-1, keepdim=True)  # E' = x·u
    return torch.cat([new, x[..., 1:] - u * (x[..., :1] + new) / (1 + gamma)], -1)


class PairLinear(nn.Module):
    """Equivariant linear map: vectors mix with vectors, scalars with scalars.

    No constant vector is invariant, so only scalars have a bias.
    """

    def __init__(self, n_in: Sizes, n_out: Sizes, bias: bool = True, size: float = 1.0):
        super().__init__()
        self.vectors = _weight(n_in[0], n_out[0], size) if n_in[0] else None
        self.scalars = _weight(n_in[1], n_out[1], size)
        self.bias = nn.Parameter(torch.zeros(n_out[1])) if bias else None

    def forward(self, v: Tensor | None, s: Tensor) -> tuple[Tensor | None, Tensor]:
        """Vectors (..., C, 4) and scalars (..., S) → the same of other widths; None stays None."""
        if v is not None and self.vectors is not None:
            v = linear(v.mT, self.vectors).mT
        return v, linear(s, self.scalars, self.bias)


def _weight(n_in: int, n_out: int, size: float) -> nn.Parameter:
    """Uniform weights (n_out, n_in) within ± size / √n_in."""
    return nn.Parameter(torch.empty(n_out, n_in).uniform_(-size / n_in**0.5, size / n_in**0.5))


class Attention(nn.Module):
    """Attention whose q·k is Σ q k of scalars plus Σ (q⁰k⁰ - q⃗k⃗) of four-vectors, over √d.

    q, k and v are normalised in each head, so that the softmax does not saturate.
    """

    metric: Tensor  # (d,)

    def __init__(self, n_vectors: int, n_scalars: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        sizes = (n_vectors, n_scalars)
        self.queries_keys_values = PairLinear(
            sizes, (3 * n_vectors, 3 * n_scalars), bias=False, size=0.1
        )
        self.out = PairLinear(sizes, sizes, size=0.1)
        metric = torch.tensor([1.0, -1, -1, -1]).repeat_interleave(n_vectors // n_heads)
        metric = torch.cat([metric, torch.ones(n_scalars // n_heads)])
        self.register_buffer("metric", metric, persistent=False)  # (d,)

    def forward(self, v: Tensor, s: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (N, T, C, 4), scalars (N, T, S), mask (N, T) → the same vectors and scalars."""
        v, s = self.queries_keys_values(v, s)
        v = v.unflatten(2, (3, self.n_heads, -1))  # (N, T, 3, H, C / H, 4)
        s = s.unflatten(2, (3, self.n_heads, -1))  # (N, T, 3, H, S / H)
        v, s = normed(v, s)
        numbers = torch.cat([v.mT.flatten(-2), s], -1)  # (N, T, 3, H, d): all E, px, py, pz, then s
        q, k, v = numbers.permute(2, 0, 3, 1, 4)  # each (N, H, T, d)
        # softmax(q·k / √d) v; the signs of the metric go into q.
        seen = scaled_dot_product_attention(q * self.metric, k, v, attn_mask=mask[:, None, None])
        seen = seen.transpose(1, 2)  # (N, T, H, d)
        n_scalars = s.shape[-1]
        v = seen[..., :-n_scalars].unflatten(-1, (4, -1)).mT.flatten(2, 3)  # (N, T, C, 4)
        s = seen[..., -n_scalars:].flatten(2)  # (N, T, S)
        return self.out(v, s)


class GatedMLP(nn.Module):
    """Vectors times σ(u·w / 2) of two other vectors, scalars times GELU of others, then mixed."""

    def __init__(self, n_vectors: int, n_scalars: int, expansion: int):
        super().__init__()
        c = expansion * n_vectors
        s = expansion * n_scalars
        self.hidden = PairLinear((n_vectors, n_scalars), (3 * c, 2 * s))
        self.out = PairLinear((c, s), (n_vectors, n_scalars))

    def forward(self, v: Tensor | None, s: Tensor) -> tuple[Tensor | None, Tensor]:
        """Vectors (N, T, C, 4) or None, scalars (N, T, S) → the same."""
        v, s = self.hidden(v, s)
        s, gate = s.chunk(2, -1)
        s = s * gelu(gate, approximate="tanh")
        if v is not None:
            v, u, w = v.chunk(3, -2)
            v = v * torch.sigmoid(minkowski_product(u, w) / 2).unsqueeze(-1)
        return self.out(v, s)


class Block(nn.Module):
    """x + Attention(norm(x)), then x + MLP(norm(x)); the last MLP acts only on scalars."""

    def __init__(self, n_vectors: int, n_scalars: int, n_heads: int, expansion: int, last: bool):
        super().__init__()
        self.attention = Attention(n_vectors, n_scalars, n_heads)
        self.mlp = GatedMLP(0 if last else n_vectors, n_scalars, expansion)
        self.last = last

    def forward(self, v: Tensor, s: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (N, T, C, 4), scalars (N, T, S), mask (N, T) → new vectors and scalars."""
        seen_v, seen_s = self.attention(*normed(v, s), mask)
        v = v + seen_v
        s = s + seen_s
        hidden_v, hidden_s = normed(v, s)
        if self.last:  # the logits come from scalars, so these vectors are not used
            return v, s + self.mlp(None, hidden_s)[1]
        out_v, out_s = self.mlp(hidden_v, hidden_s)
        return v + out_v, s + out_s


def normed(v: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors v (..., C, 4) and scalars s (..., S) over √(ε + mean of |v·v| and s²)."""
    total = minkowski_product(v, v).abs().sum(-1) + s.square().sum(-1)  # (...)
    mean = total / (v.shape[-2] + s.shape[-1])
    scale = (mean + SMALLEST).rsqrt().unsqueeze(-1)  # (..., 1)
    return v * scale.unsqueeze(-1), s * scale
