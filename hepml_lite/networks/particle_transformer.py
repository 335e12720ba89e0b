"""Particle Transformer: attention that is told how each two particles stand to each other.

H. Qu, C. Li, S. Qian, "Particle Transformer for Jet Tagging", ICML 2022, arXiv:2202.03772, and a
sister that is infrared and collinear safe by design.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad, scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from hepml_lite.networks.particle_net import KINEMATIC_FEATURES, SMALLEST, RowNorm, with_extra
from hepml_lite.networks.transformer import clean

MANY = 20_000_000  # attention weights in all blocks beyond which memory is spared
ANGLE = 0.01  # Δ that the safe network resolves: it must not see the limit Δ → 0 as -∞


def pair_features(one: Tensor, other: Tensor) -> Tensor:
    """ln kT, ln z, ln Δ and ln m² (M, 4) of pairs of massless particles.

    Δ² = (y_a - y_b)² + (φ_a - φ_b)², kT = min(pT_a, pT_b) Δ, z = min(pT_a, pT_b) / (pT_a + pT_b),
    m² = (p_a + p_b)²; GeV. `one` and `other` are (M, 3): pT [GeV], η, φ.
    """
    (pt, eta, phi), (pt_other, eta_other, phi_other) = one.unbind(-1), other.unbind(-1)
    d_eta = eta - eta_other
    d_phi = torch.remainder(phi - phi_other + torch.pi, 2 * torch.pi) - torch.pi
    delta, softer = torch.hypot(d_eta, d_phi), torch.minimum(pt, pt_other)
    z = softer / (pt + pt_other).clamp(min=SMALLEST)
    # 2 pT pT' (cosh Δη - cos Δφ) without cancellation at small angles
    mass2 = 4 * pt * pt_other * ((d_eta / 2).sinh().square() + (d_phi / 2).sin().square())
    return torch.stack([softer * delta, z, delta, mass2], -1).clamp(min=SMALLEST).log()


def particle_mlp(n_inputs: int, sizes: Sequence[int], irc_safe: bool) -> nn.Sequential:
    """Layer normalisation, linear and GELU for each of the sizes, behind a batch normalisation.

    The safe one has neither in front: three angles are no sample to normalise, and batch
    statistics count soft particles.
    """
    layers: list[nn.Module] = [RowNorm(n_inputs)]
    for n_in, n_out in pairwise((n_inputs, *sizes)):
        layers += [nn.LayerNorm(n_in), nn.Linear(n_in, n_out), nn.GELU()]
    return nn.Sequential(*layers[2:] if irc_safe else layers)


def pair_mlp(n_inputs: int, sizes: Sequence[int], irc_safe: bool) -> nn.Sequential:
    """Linear, batch normalisation and GELU for each of the sizes: the bias U of a pair."""
    layers: list[nn.Module] = [] if irc_safe else [RowNorm(n_inputs)]
    for n_in, n_out in pairwise((n_inputs, *sizes)):
        # Without a bias where the normalisation would take it away again.
        layers.append(nn.Linear(n_in, n_out, bias=irc_safe))
        layers += [nn.GELU()] if irc_safe else [RowNorm(n_out), nn.GELU()]
    return nn.Sequential(*layers)


class Attention(nn.Module):
    """softmax(Q Kᵀ / √d + U) V in `n_heads` heads: P-MHA of the paper."""

    def __init__(self, width: int, n_heads: int, dropout: float):
        super().__init__()
        self.n_heads, self.dropout = n_heads, nn.Dropout(dropout)
        self.query, self.value = nn.Linear(width, width), nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)  # with one, softmax would not see it
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor, bias: Tensor) -> Tensor:
        """x (N, Q, D) looks at context (N, P, D), bias (N, H or 1, Q or 1, P) → (N, Q, D)."""

        def heads(rows: Tensor) -> Tensor:  # (N, P, D) → (N, H, P, d)
            return rows.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

        q, k, v = heads(self.query(x)), heads(self.key(context)), heads(self.value(context))
        if x.is_cuda:
            p = self.dropout.p if self.training else 0.0
            seen = scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=p)
        else:  # where U learns, written out it is faster on a processor and takes less memory
            logits = (q * q.shape[-1] ** -0.5 @ k.mT).add_(bias)  # (N, H, Q, P)
            seen = self.dropout(logits.softmax(-1)) @ v
        return self.out(seen.transpose(1, 2).flatten(2))  # (N, H, Q, d) → (N, Q, D)


class Block(nn.Module):
    """Attention and an MLP, normalised before and after, in the manner of arXiv:2110.09456.

    Particles attend to one another; in a class attention block (arXiv:2103.17239) one token
    attends to itself and the particles.
    """

    def __init__(self, width: int, n_heads: int, dropout: float):
        super().__init__()
        self.attention_norm, self.attention_out_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, n_heads, dropout)
        self.head_scale = nn.Parameter(torch.ones(n_heads))
        self.mlp_norm, self.hidden_norm = nn.LayerNorm(width), nn.LayerNorm(4 * width)
        self.hidden, self.out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.residual_scale = nn.Parameter(torch.ones(width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor, particles: Tensor | None = None) -> Tensor:
        """Particles x (N, P, D), or a token x (N, 1, D) and `particles`: what comes out is as x."""
        if particles is None:
            query = context = self.attention_norm(x)
        else:
            query, context = x, self.attention_norm(torch.cat([x, particles], 1))
        seen = self.attention(query, context, bias).unflatten(-1, (len(self.head_scale), -1))
        seen = (seen * self.head_scale.unsqueeze(1)).flatten(2)
        x = x + self.dropout(self.attention_out_norm(seen))
        hidden = self.dropout(gelu(self.hidden(self.mlp_norm(x))))  # (N, P, 4D)
        return self.residual_scale * x + self.dropout(self.out(self.hidden_norm(hidden)))


class ParticleTransformer(nn.Module):
    """Particle Transformer (ParT); as it stands a small one for a lesson, 221 758 parameters.

    Permutation and padding invariant; unchanged by a turn of the event around the beam.

    With `irc_safe`, infrared and collinear safe, too: a particle is its angles to the jet axis, U
    a function of Δ alone, and the energy fraction z_j enters once, as a factor of the attention
    paid to j: softmax_j(q_i·k_j / √d + U_ij + ln z_j). Every sum over particles is then weighted
    with z, as in an energy flow network (arXiv:1810.05165): a particle with z → 0 is not heard,
    and two collinear ones are heard as their sum is. In training dropout breaks this at random.

    Args:
        n_extra: columns behind pT, η and φ, e.g. charge or identity; none for a safe network.
        embedding: widths of the MLP on a particle; the last is D.
        pair_embedding: widths of the MLP on a pair, before its last layer, one number a head.
        n_heads: attention heads, of D / n_heads each.
        n_layers, n_class_layers: particle attention blocks and class attention blocks.
        n_classes: logits given back.
        dropout: probability to drop an activation of the particle blocks in training.
        irc_safe: make it infrared and collinear safe.

    Raises:
        ValueError: a size below 1 (n_extra below 0), heads that do not share the width evenly, a
            dropout outside [0, 1], or extra columns for a safe network.
    """

    def __init__(
        self,
        n_extra: int = 0,
        embedding: Sequence[int] = (64, 128, 64),
        pair_embedding: Sequence[int] = (32, 32),
        n_heads: int = 4,
        n_layers: int = 3,
        n_class_layers: int = 1,
        n_classes: int = 2,
        dropout: float = 0.0,
        irc_safe: bool = False,
    ):
        super().__init__()
        width = embedding[-1] if embedding else 0
        sizes = (*embedding, width, *pair_embedding, n_layers, n_class_layers, n_classes)
        _check(n_extra, sizes, n_heads, width, irc_safe)
        self.n_extra, self.irc_safe = n_extra, irc_safe
        n_features = 3 if irc_safe else len(KINEMATIC_FEATURES) + n_extra
        self.embedding = particle_mlp(n_features, embedding, irc_safe)
        self.pair_embedding = pair_mlp(1 if irc_safe else 4, (*pair_embedding, n_heads), irc_safe)
        self.blocks = nn.ModuleList(Block(width, n_heads, dropout) for _ in range(n_layers))
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.class_blocks = nn.ModuleList(Block(width, n_heads, 0) for _ in range(n_class_layers))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_classes))

    @classmethod
    def paper(cls, n_extra: int = 0, n_classes: int = 2, irc_safe: bool = False) -> Self:
        """The network of the paper: 8 + 2 blocks, 128 wide. 2.14M parameters.

        The authors' code has 1 480 more: biases without effect, on keys, where softmax removes
        them, and on pairs, where batch normalisation does.
        """
        sizes = (128, 512, 128), (64, 64, 64), 8, 8, 2
        return cls(n_extra, *sizes, n_classes, dropout=0.1, irc_safe=irc_safe)

    def forward(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes) of jets.

        Args:
            constituents: (N, P, 3 + n_extra): pT [GeV], η, φ and extra columns.
            mask: (N, P), True where real. What stands in padding, NaN included, changes nothing.
        """
        used = max(1, int((mask.any(0) * torch.arange(1, mask.shape[1] + 1).to(mask.device)).max()))
        constituents, mask = constituents[:, :used], mask[:, :used]  # no time for empty slots
        features = with_extra(constituents, mask, self.n_extra)  # (N, P, F)
        if self.irc_safe:
            features = features[..., [0, 1, 6]]  # Δη, Δφ, ΔR: no energy
        x = features.new_zeros(*mask.shape, self.token.shape[-1])
        x[mask] = self.embedding(features[mask])  # (M, F) → (N, P, D)
        alone = self._weight(constituents, mask)  # (N, 1, 1, P)
        bias = self._pair_bias(constituents, mask) + alone  # (N, H, P, P)
        # Of a large network activations are computed again, not kept: less memory, more time.
        twice = self.training and not x.is_cuda and bias.numel() * len(self.blocks) > MANY
        for block in self.blocks:
            x = checkpoint(block, x, bias, use_reentrant=False) if twice else block(x, bias)
        token = self.token.expand(len(x), -1, -1)
        alone = pad(alone, (1, 0))  # the token weighs as much as the jet: ln 1
        for block in self.class_blocks:
            token = block(token, alone, x)
        return self.head(token.squeeze(1))  # (N, 1, D) → (N, n_classes)

    def _weight(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """What is added to the attention to each particle, (N, 1, 1, P): -∞ where padded."""
        pt = clean(constituents[..., :1], mask).squeeze(-1)
        z = pt / pt.sum(1, keepdim=True).clamp(min=SMALLEST)
        ln_z = z.clamp(min=1e-30).log() if self.irc_safe else torch.zeros_like(z)
        # A jet without particles attends to its padding: a softmax over nothing would be NaN.
        visible = mask | ~mask.any(1, keepdim=True)
        return ln_z.masked_fill(~visible, -torch.inf)[:, None, None]

    def _pair_bias(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """U (N, H, P, P), symmetric, each pair of real particles computed once."""
        n, p = mask.shape
        pairs = (mask.unsqueeze(2) & mask.unsqueeze(1)).tril()  # each with itself, too
        jet, a, b = pairs.nonzero(as_tuple=True)  # (M,) each
        momenta = constituents[..., :3]
        features = pair_features(momenta[jet, a], momenta[jet, b])  # (M, 4)
        if self.irc_safe:
            features = (features[:, 2:3].exp() + ANGLE).log()
        u = self.pair_embedding(features)  # (M, H)
        bias = u.new_zeros(n, p, p, u.shape[1])
        bias[jet, a, b] = u
        bias[jet, b, a] = u
        return bias.permute(0, 3, 1, 2).contiguous()

    def __repr__(self) -> str:
        kind = "infrared and collinear safe, " if self.irc_safe else ""
        return (
            f"{type(self).__name__}({kind}{len(self.blocks)} + {len(self.class_blocks)} blocks of "
            f"width {self.token.shape[-1]} and {len(self.blocks[0].head_scale)} heads; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )


def _check(n_extra: int, sizes: Sequence[int], n_heads: int, width: int, irc_safe: bool) -> None:
    if min(sizes) < 1 or n_extra < 0:
        raise ValueError(f"sizes {tuple(sizes)}, n_extra={n_extra}: give sizes ≥ 1, n_extra ≥ 0.")
    if n_heads < 1 or width % n_heads:
        raise ValueError(
            f"width {width}, n_heads={n_heads}: the last width of the embedding must be a "
            "multiple of the heads, for instance 64 and 4."
        )
    if irc_safe and n_extra:
        raise ValueError(f"n_extra={n_extra}: not with irc_safe, a split would copy these columns.")
