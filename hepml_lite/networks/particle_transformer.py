"""Particle Transformer: attention that is told how each two particles stand to each other.

H. Qu, C. Li, S. Qian, "Particle Transformer for Jet Tagging", ICML 2022, arXiv:2202.03772, and a
sister that is infrared and collinear safe by design.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

from hepml_lite.networks.fast.biased_attention import Block
from hepml_lite.networks.fast.linear import FastLinear
from hepml_lite.networks.fast.pairs import pair_features, pair_mlp, real_pairs, slices, symmetric
from hepml_lite.networks.layers.kinematic_features import KINEMATIC_FEATURES, SMALLEST, with_extra
from hepml_lite.networks.layers.minkowski import by_size
from hepml_lite.networks.layers.padding import clean
from hepml_lite.networks.layers.row_norm import RowNorm

__all__ = ["ParticleTransformer", "pair_features"]

RECOMPUTE_ABOVE = 20_000_000  # attention weights in all blocks beyond which memory is spared
ANGLE = 0.01  # Δ that the safe network resolves: it must not see the limit Δ → 0 as -∞


def particle_mlp(n_inputs: int, sizes: Sequence[int], irc_safe: bool) -> nn.Sequential:
    """Layer normalisation, linear and GELU for each of the sizes, behind a batch normalisation.

    The safe one has neither in front: three angles are no sample to normalise, and batch
    statistics count soft particles.
    """
    layers: list[nn.Module] = [RowNorm(n_inputs)]
    for n_in, n_out in pairwise((n_inputs, *sizes)):
        layers += [nn.LayerNorm(n_in), FastLinear(n_in, n_out), nn.GELU()]
    return nn.Sequential(*layers[2:] if irc_safe else layers)


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
        constituents, mask, back = by_size(constituents, mask)
        parts = slices(mask)  # from here on rows of particles, slice by slice: little padding
        features = with_extra(constituents, mask, self.n_extra)[mask]  # (M, F)
        if self.irc_safe:
            features = features[:, [0, 1, 6]]  # Δη, Δφ, ΔR: no energy
        rows = self.embedding(features)  # (M, D)
        real = torch.cat([mask[jets, :p].flatten() for jets, p in parts]).nonzero().squeeze(1)
        n_rows = sum((jets.stop - jets.start) * p for jets, p in parts)
        x = rows.new_zeros(n_rows, rows.shape[1]).index_copy(0, real, rows)  # (R, D)
        weight = self._weight(constituents, mask)
        alone = [weight[:, jets, :, :p] for jets, p in parts]  # (1, n, 1, p) each
        biases = self._biases(constituents, mask, parts, alone)  # (H, n, p, p) each
        # Of a large network activations are computed again, not kept: less memory, more time.
        numbers = sum(bias.numel() for bias in biases) * len(self.blocks)
        twice = self.training and not x.is_cuda and numbers > RECOMPUTE_ABOVE
        for block in self.blocks:
            x = checkpoint(block, x, biases, use_reentrant=False) if twice else block(x, biases)
        token = self.token[0].expand(len(mask), -1)  # (N, D)
        alone = [pad(a, (1, 0)) for a in alone]  # the token weighs as much as the jet: ln 1
        for block in self.class_blocks:
            token = block(token, alone, x)
        return self.head(token)[back]  # (N, D) → (N, n_classes)

    def _weight(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """What is added to the attention to each particle, (1, N, 1, P): -∞ where padded."""
        pt = clean(constituents[..., :1], mask).squeeze(-1)
        z = pt / pt.sum(1, keepdim=True).clamp(min=SMALLEST)
        ln_z = z.clamp(min=1e-30).log() if self.irc_safe else torch.zeros_like(z)
        # A jet without particles attends to its padding: a softmax over nothing would be NaN.
        visible = mask | ~mask.any(1, keepdim=True)
        return ln_z.masked_fill(~visible, -torch.inf)[None, :, None]

    def _biases(
        self, constituents: Tensor, mask: Tensor, parts: list, alone: list[Tensor]
    ) -> list[Tensor]:
        """U + ln z (H, n, p, p) of every slice; one batch of all pairs to be normalised."""
        pairs = [real_pairs(constituents[jets, :p, :3], mask[jets, :p]) for jets, p in parts]
        features = torch.cat([features for features, _ in pairs])  # (M, 4)
        if self.irc_safe:
            features = (features[:, 2:3].exp() + ANGLE).log()
        u = self.pair_embedding(features).T.contiguous()  # (H, M)
        split = u.split([len(places) for _, places in pairs], 1)
        return [
            symmetric(some, places, a.shape[1], a.shape[3]) + a
            for some, (_, places), a in zip(split, pairs, alone, strict=True)
        ]

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
