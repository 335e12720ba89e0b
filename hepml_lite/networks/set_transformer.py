"""A transformer of sets with a time and conditions, for velocities and scores.

Attention without positions, as in J. Lee et al., "Set Transformer", arXiv:1810.00825; time and
conditions scale and shift the normalised features of each block, as in W. Peebles, S. Xie,
"Scalable Diffusion Models with Transformers", arXiv:2212.09748, section 3.2 (adaLN).
"""

import torch
from torch import Tensor, nn

from hepml_lite.networks.conditional_mlp import TimeEmbedding
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import clean
from hepml_lite.networks.layers.settings import require_positive
from hepml_lite.networks.transformer import SelfAttention


class AdaptiveNorm(nn.Module):
    """(1 + scale) norm(x) + shift, with scale and shift linear in the context."""

    def __init__(self, width: int, n_context: int):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.scale_and_shift = nn.Linear(n_context, 2 * width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """Particles x (N, P, W), context (N, K) → (N, P, W)."""
        scale, shift = self.scale_and_shift(context).unsqueeze(1).chunk(2, -1)  # (N, 1, W)
        return (1 + scale) * self.norm(x) + shift


class ConditionalBlock(nn.Module):
    """x + Attention(norm(x)), then x + MLP(norm(x)), with norms that know the context."""

    def __init__(self, width: int, n_heads: int, n_context: int):
        super().__init__()
        self.attention_norm = AdaptiveNorm(width, n_context)
        self.attention = SelfAttention(width, n_heads)
        self.mlp_norm = AdaptiveNorm(width, n_context)
        self.mlp = MLP((width, 2 * width, width), nn.GELU)

    def forward(self, x: Tensor, context: Tensor, mask: Tensor) -> Tensor:
        """Particles x (N, P, W), context (N, K), mask (N, P) → (N, P, W)."""
        x = x + self.attention(self.attention_norm(x, context), mask)
        return x + self.mlp(self.mlp_norm(x, context))


class SetTransformer(nn.Module):
    """f(x, mask, t, c) of sets x: permuted particles give permuted outputs.

    Args:
        n_features: numbers per particle, F.
        n_conditions: numbers in a condition c, C; 0 without.
        width: hidden numbers per particle, W.
        n_heads: attention heads in each block.
        n_layers: number of blocks.
        n_frequencies: of the time embedding.

    Raises:
        ValueError: a size below 1, or heads that do not share the width evenly.
    """

    def __init__(
        self,
        n_features: int = 3,
        n_conditions: int = 0,
        width: int = 64,
        n_heads: int = 4,
        n_layers: int = 3,
        n_frequencies: int = 8,
    ):
        super().__init__()
        require_positive(n_features=n_features, n_layers=n_layers)
        self.n_features = n_features
        self.time = TimeEmbedding(n_frequencies)
        n_context = self.time.n_outputs + n_conditions
        self.context = MLP((n_context, width), nn.SiLU, activate_last=True)
        self.embedding = nn.Linear(n_features, width)
        self.blocks = nn.ModuleList(
            ConditionalBlock(width, n_heads, width) for _ in range(n_layers)
        )
        self.norm = AdaptiveNorm(width, width)
        self.outputs = nn.Linear(width, n_features)

    def forward(self, x: Tensor, mask: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Particles x (N, P, F), mask (N, P), times t (N,), conditions c (N, C) → (N, P, F).

        Zero where padded; what stands in a padded slot, NaN included, changes nothing. The number
        of particles is not seen by attention itself: give it as a condition where it matters.
        """
        check_particles(self, x, mask, self.n_features)
        context = self.context(torch.cat([self.time(t), c], 1))  # (N, W)
        h = self.embedding(clean(x, mask))  # (N, P, W)
        for block in self.blocks:
            h = block(h, context, mask)
        return clean(self.outputs(self.norm(h, context)), mask)
