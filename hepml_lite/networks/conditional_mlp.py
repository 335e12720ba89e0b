"""A residual network of vectors, a time and conditions: velocities, scores, denoised vectors.

The residual blocks are those of K. He et al., "Identity Mappings in Deep Residual Networks",
arXiv:1603.05027; time enters each of them through an embedding, as in J. Ho et al., "Denoising
Diffusion Probabilistic Models", arXiv:2006.11239.
"""

import math

import torch
from torch import Tensor, nn

from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.settings import require_positive


class TimeEmbedding(nn.Module):
    """The time t, sin(π k t) and cos(π k t) for k = 1 … n: a smooth net sees early and late apart.

    Args:
        n_frequencies: n; the embedding has 2 n + 1 numbers.

    Raises:
        ValueError: n_frequencies below 1.
    """

    def __init__(self, n_frequencies: int = 8):
        super().__init__()
        require_positive(n_frequencies=n_frequencies)
        self.n_frequencies = n_frequencies
        self.n_outputs = 2 * n_frequencies + 1

    def forward(self, t: Tensor) -> Tensor:
        """Times t (N,) of order one → (N, 2 n + 1)."""
        k = torch.arange(1, self.n_frequencies + 1, dtype=t.dtype, device=t.device)
        angles = math.pi * k * t.unsqueeze(1)  # (N, n)
        return torch.cat([t.unsqueeze(1), angles.sin(), angles.cos()], 1)


class ResidualBlock(nn.Module):
    """h + W₂ σ(W₁ σ(h) + U context): the context shifts the hidden features of each block."""

    def __init__(self, width: int, n_context: int):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.shift = nn.Linear(n_context, width, bias=False)
        self.second = nn.Linear(width, width)
        self.activation = nn.SiLU()

    def forward(self, h: Tensor, context: Tensor) -> Tensor:
        """Hidden features h (N, W), context (N, K) → (N, W)."""
        hidden = self.first(self.activation(h)) + self.shift(context)
        return h + self.second(self.activation(hidden))


class ConditionalMLP(nn.Module):
    """f(x, t, c) of vectors x, times t and conditions c, as long as x.

    Args:
        n_features: numbers in a vector x, D.
        n_conditions: numbers in a condition c, C; 0 without.
        width: hidden features, W.
        n_blocks: residual blocks.
        n_frequencies: of the time embedding.

    Raises:
        ValueError: a size below 1, or a negative number of conditions.
    """

    def __init__(
        self,
        n_features: int,
        n_conditions: int = 0,
        width: int = 128,
        n_blocks: int = 3,
        n_frequencies: int = 8,
    ):
        super().__init__()
        require_positive(n_features=n_features, width=width, n_blocks=n_blocks)
        if n_conditions < 0:
            raise ValueError(f"n_conditions={n_conditions}: give 0 or more.")
        self.n_features = n_features
        self.n_conditions = n_conditions
        self.time = TimeEmbedding(n_frequencies)
        self.context = MLP((self.time.n_outputs + n_conditions, width), nn.SiLU, activate_last=True)
        self.inputs = nn.Linear(n_features, width)
        self.blocks = nn.ModuleList(ResidualBlock(width, width) for _ in range(n_blocks))
        self.outputs = nn.Sequential(nn.SiLU(), nn.Linear(width, n_features))

    def forward(self, x: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Vectors x (N, D), times t (N,), conditions c (N, C) → (N, D)."""
        context = self.context(torch.cat([self.time(t), c], 1))  # (N, W)
        h = self.inputs(x)  # (N, W)
        for block in self.blocks:
            h = block(h, context)
        return self.outputs(h)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.n_features} features, {self.n_conditions} conditions; "
            f"{len(self.blocks)} residual blocks of width {self.inputs.out_features}; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )
