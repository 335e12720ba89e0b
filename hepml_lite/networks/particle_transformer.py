"""Particle Transformer (ParT): a transformer with a learned attention bias for each pair.

H. Qu, C. Li, S. Qian, "Particle Transformer for Jet Tagging", ICML 2022, arXiv:2202.03772, section
4 and figure 3; and a variant of ours that is infrared and collinear safe. In the paper's terms,

    pairs   ln Δ, ln kT, ln z and ln m² of two particles → MLP → U, one number for each head
    P-MHA   softmax(Q Kᵀ / √d + U) V                            attention among particles
    particle attention block   P-MHA and an MLP, each with a residual connection
    class attention block      the same, for one token that attends to the particles, without U
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast import particle_transformer as fast
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.kinematic_features import (
    KINEMATIC_FEATURES,
    SMALLEST,
    delta_phi,
    distance,
    in_rapidity,
    momenta_and_extra,
    with_extra,
)
from hepml_lite.networks.layers.padding import clean, on_real
from hepml_lite.networks.layers.row_norm import RowNorm

__all__ = ["ParticleTransformer", "pair_features"]

ANGLE = 0.01  # Δ that the safe network resolves: the limit Δ → 0 must not give -∞


class ParticleTransformer(nn.Module):
    """Particle Transformer (ParT); the defaults make a small one for a lesson, 221 758 parameters.

    Permutation and padding invariant; rotations of the event about the beam do not change it.

    With `irc_safe` it is infrared and collinear safe, too. The features of a particle are its
    angles to the jet axis, U is a function of only Δ, and the energy fraction z_j enters once, as a
    factor of the attention weight of j: softmax_j(q_i·k_j / √d + U_ij + ln z_j). Every sum over
    particles is then weighted with z, as in an energy flow network (arXiv:1810.05165): a particle
    with z → 0 does not count, and two collinear particles count like their sum. In training,
    dropout breaks this at random.

    Args:
        n_extra: columns after the momenta, e.g. charge or identity; none for a safe network.
        embedding: widths of the MLP on a particle; the last is D.
        pair_embedding: widths of the MLP on a pair, before its last layer, one number a head.
        n_heads: attention heads H, of d = D / H numbers each.
        n_layers, n_class_layers: particle attention blocks and class attention blocks.
        n_classes: number of logits.
        dropout: probability to drop an activation of the particle blocks in training.
        irc_safe: make it infrared and collinear safe.

    Raises:
        ValueError: a size below 1 (n_extra below 0), a width that the heads do not divide, a
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
        self.n_extra = n_extra
        self.irc_safe = irc_safe
        self.width = width
        self.n_heads = n_heads
        n_features = 3 if irc_safe else len(KINEMATIC_FEATURES) + n_extra
        n_pair_features = 1 if irc_safe else 4
        self.embedding = particle_mlp(n_features, embedding, irc_safe)
        self.pair_embedding = pair_mlp(n_pair_features, (*pair_embedding, n_heads), irc_safe)
        self.blocks = nn.ModuleList(
            ParticleAttentionBlock(width, n_heads, dropout) for _ in range(n_layers)
        )
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.class_blocks = nn.ModuleList(
            ClassAttentionBlock(width, n_heads, dropout=0) for _ in range(n_class_layers)
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_classes))

    @classmethod
    def paper(cls, n_extra: int = 0, n_classes: int = 2, irc_safe: bool = False) -> Self:
        """The network of the paper: 8 + 2 blocks, 128 wide. 2.14M parameters.

        The authors' code has 1 480 more. These are biases without effect: softmax removes those of
        the keys, and batch normalisation those of the pairs.
        """
        sizes = (128, 512, 128), (64, 64, 64), 8, 8, 2
        return cls(n_extra, *sizes, n_classes, dropout=0.1, irc_safe=irc_safe)

    def forward(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes) of jets.

        Args:
            constituents: (N, P, 3 + n_extra): pT [GeV], η, φ and extra columns; with 4 + n_extra
                the column after φ is the mass [GeV], without it particles are massless.
            mask: (N, P), True where real. Values in padding have no effect, even NaN.
        """
        check_particles(self, constituents, mask, None, "constituents")
        if choice.in_use("particle_transformer"):  # the same numbers in less time and memory
            return fast.logits(self, constituents, mask)
        features = self.particle_features(constituents, mask)  # (N, P, F)
        x = on_real(self.embedding, features, mask, self.width)  # (N, P, D)
        ln_z = self.ln_z(constituents, mask)[:, None, None]  # (N, 1, 1, P), -∞ where padded
        u = self.interactions(constituents, mask) + ln_z  # (N, H, P, P)
        for block in self.blocks:
            x = block(x, u)
        token = self.token.expand(len(x), -1, -1)  # (N, 1, D)
        ln_z = pad(ln_z, (1, 0))  # (N, 1, 1, 1 + P): the token counts as much as the jet, ln 1
        for block in self.class_blocks:
            token = block(token, x, ln_z)
        return self.head(token.squeeze(1))  # (N, D) → (N, n_classes)

    def particle_features(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Kinematics and extra columns (N, P, 7 + n_extra); of a safe network Δη, Δφ and ΔR."""
        features = with_extra(constituents, mask, self.n_extra)
        return features[..., [0, 1, 6]] if self.irc_safe else features

    def interactions(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """U (N, H, P, P), zero for padding: symmetric, so that each pair is embedded once."""
        momenta = self.pair_momenta(constituents, mask)
        features = self.pair_inputs(momenta[:, :, None], momenta[:, None])  # (N, P, P, 4)
        once = (mask[:, :, None] & mask[:, None]).tril()  # i ≥ j; the batch statistics are of these
        u = on_real(self.pair_embedding, features, once, self.n_heads)  # (N, P, P, H)
        u = u.permute(0, 3, 1, 2)
        return u + u.tril(-1).mT

    def pair_momenta(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """What `pair_inputs` reads of a particle: pT [GeV], y, φ and mass, (N, P, 3 or 4)."""
        return in_rapidity(momenta_and_extra(constituents, mask, self.n_extra)[0])

    def pair_inputs(self, one: Tensor, other: Tensor) -> Tensor:
        """`pair_features` (..., 4); of a safe network only ln(Δ + 0.01), (..., 1)."""
        features = pair_features(one, other)
        if self.irc_safe:
            return (features[..., 2:3].exp() + ANGLE).log()
        return features

    def ln_z(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """ln z (N, P) of a safe network's particles, else zero; -∞ where padded, z = 0."""
        pt = clean(constituents[..., :1], mask).squeeze(-1)
        z = pt / pt.sum(1, keepdim=True).clamp(min=SMALLEST)
        ln_z = z.clamp(min=1e-30).log() if self.irc_safe else torch.zeros_like(z)
        # A jet without particles attends to its padding, because an empty softmax would be NaN.
        visible = mask | ~mask.any(1, keepdim=True)
        return ln_z.masked_fill(~visible, -torch.inf)

    def __repr__(self) -> str:
        kind = "infrared and collinear safe, " if self.irc_safe else ""
        return (
            f"{type(self).__name__}({kind}{len(self.blocks)} + {len(self.class_blocks)} blocks of "
            f"width {self.width} and {self.n_heads} heads; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )


def pair_features(one: Tensor, other: Tensor) -> Tensor:
    """ln kT, ln z, ln Δ and ln m² (..., 4) of pairs of particles, eq. 3 of the paper.

    Δ² = (y_a - y_b)² + (φ_a - φ_b)², kT = min(pT_a, pT_b) Δ, z = min(pT_a, pT_b) / (pT_a + pT_b),
    m² = (p_a + p_b)²; GeV. `one` and `other` are (..., 3 or 4): pT [GeV], rapidity y, φ and
    mass [GeV]; without it particles are massless, and y is η.
    """
    pt, y, phi, *mass = one.unbind(-1)
    pt_other, y_other, phi_other, *mass_other = other.unbind(-1)
    d_y = y - y_other
    d_phi = delta_phi(phi, phi_other)
    softer = torch.minimum(pt, pt_other)

    delta = distance(d_y, d_phi)
    kt = softer * delta
    z = softer / (pt + pt_other).clamp(min=SMALLEST)
    # 2 pT pT' (cosh Δy - cos Δφ) without cancellation at small angles
    mass2 = 4 * pt * pt_other * ((d_y / 2).sinh().square() + (d_phi / 2).sin().square())
    if mass and mass_other:
        mass2 = mass2 + from_masses(pt, pt_other, mass[0], mass_other[0], d_y)
    return torch.stack([kt, z, delta, mass2], -1).clamp(min=SMALLEST).log()


def from_masses(pt: Tensor, pt_other: Tensor, m: Tensor, m_other: Tensor, d_y: Tensor) -> Tensor:
    """What masses add to m² [GeV²] of a pair: m_a² + m_b² + 2 (mT_a mT_b - pT_a pT_b) cosh Δy.

    mT² = pT² + m². All arguments are (...), in GeV. The difference of the products is written as a
    sum over a sum, which does not cancel for light particles.
    """
    products = torch.hypot(pt, m) * torch.hypot(pt_other, m_other) + pt * pt_other
    squares = (pt * m_other).square() + (m * pt_other).square() + (m * m_other).square()
    excess = squares / products.clamp(min=SMALLEST)
    return m.square() + m_other.square() + 2 * excess * d_y.cosh()


class Attention(nn.Module):
    """P-MHA, softmax(Q Kᵀ / √d + U) V in `n_heads` heads, before its last linear map `out`."""

    def __init__(self, width: int, n_heads: int, dropout: float):
        super().__init__()
        self.n_heads = n_heads
        self.dropout = nn.Dropout(dropout)
        self.query = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)  # softmax would not see a bias
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor, u: Tensor) -> Tensor:
        """Attention of x (N, Q, D) to the context (N, P, D) with bias u (N, H or 1, Q or 1, P)."""
        q = self._heads(self.query(x))  # (N, H, Q, d)
        k = self._heads(self.key(context))  # (N, H, P, d)
        v = self._heads(self.value(context))  # (N, H, P, d)
        logits = q @ k.mT / q.shape[-1] ** 0.5 + u  # (N, H, Q, P)
        seen = self.dropout(logits.softmax(-1)) @ v  # (N, H, Q, d)
        return seen.transpose(1, 2).flatten(2)  # (N, Q, D)

    def _heads(self, x: Tensor) -> Tensor:
        """(N, P, D) → (N, H, P, d)."""
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


class AttentionBlock(nn.Module):
    """Layers of both blocks: P-MHA and an MLP, each normalised before and after.

    As in NormFormer (arXiv:2110.09456).
    """

    def __init__(self, width: int, n_heads: int, dropout: float):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention_out_norm = nn.LayerNorm(width)
        self.attention = Attention(width, n_heads, dropout)
        self.head_scale = nn.Parameter(torch.ones(n_heads))
        self.mlp_norm = nn.LayerNorm(width)
        self.hidden_norm = nn.LayerNorm(4 * width)
        self.hidden = nn.Linear(width, 4 * width)
        self.out = nn.Linear(4 * width, width)
        self.residual_scale = nn.Parameter(torch.ones(width))
        self.dropout = nn.Dropout(dropout)

    def after_attention(self, x: Tensor, heads: Tensor) -> Tensor:
        """x (N, P, D) plus the outputs of the heads (N, P, D), then plus the MLP of the sum."""
        seen = self.attention.out(heads)
        seen = seen * self.head_scale.repeat_interleave(seen.shape[-1] // len(self.head_scale))
        x = x + self.dropout(self.attention_out_norm(seen))

        hidden = self.dropout(gelu(self.hidden(self.mlp_norm(x))))  # (N, P, 4D)
        out = self.dropout(self.out(self.hidden_norm(hidden)))  # (N, P, D)
        return self.residual_scale * x + out


class ParticleAttentionBlock(AttentionBlock):
    """Particles attend to each other."""

    def forward(self, x: Tensor, u: Tensor) -> Tensor:
        """Particles x (N, P, D), bias u (N, H, P, P) → (N, P, D)."""
        normed = self.attention_norm(x)
        return self.after_attention(x, self.attention(normed, normed, u))


class ClassAttentionBlock(AttentionBlock):
    """One token attends to itself and to the particles (class attention, arXiv:2103.17239)."""

    def forward(self, token: Tensor, x: Tensor, ln_z: Tensor) -> Tensor:
        """Token (N, 1, D), particles x (N, P, D), bias ln_z (N, 1, 1, 1 + P) → token (N, 1, D)."""
        context = self.attention_norm(torch.cat([token, x], 1))  # (N, 1 + P, D)
        return self.after_attention(token, self.attention(token, context, ln_z))


def particle_mlp(n_inputs: int, sizes: Sequence[int], irc_safe: bool) -> nn.Sequential:
    """A batch normalisation; then layer normalisation, linear and GELU for each of the sizes.

    The safe network has no normalisation before its first linear layer, because batch statistics
    count soft particles.
    """
    layers: list[nn.Module] = [RowNorm(n_inputs)]
    for n_in, n_out in pairwise((n_inputs, *sizes)):
        layers += [nn.LayerNorm(n_in), nn.Linear(n_in, n_out), nn.GELU()]
    if irc_safe:
        layers = layers[2:]
    return nn.Sequential(*layers)


def pair_mlp(n_inputs: int, sizes: Sequence[int], irc_safe: bool) -> nn.Sequential:
    """Linear, batch normalisation and GELU for each of the sizes: the bias U of a pair.

    The safe network has no normalisation, because batch statistics count soft particles.
    """
    layers: list[nn.Module] = [] if irc_safe else [RowNorm(n_inputs)]
    for n_in, n_out in pairwise((n_inputs, *sizes)):
        # Without a bias, which the normalisation would remove.
        layers.append(nn.Linear(n_in, n_out, bias=irc_safe))
        if not irc_safe:
            layers.append(RowNorm(n_out))
        layers.append(nn.GELU())
    return nn.Sequential(*layers)


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
