"""Autoregressive transformer: one feature after the other, each from a mixture of Gaussians.

log p(x) = sum_i log p(x_i | x_1 ... x_(i-1)). A causal transformer reads the features so far, and
its output for the last of them gives shares, means and widths of a mixture for the next one. This
is the JetGPT of A. Butter et al., "Jet Diffusion versus JetGPT", arXiv:2305.10475, in small; the
blocks are those of GPT, with the normalisation before each step.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, scaled_dot_product_attention

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import checked_count

LOWEST_LOG_WIDTH = -6.0  # a narrower Gaussian would follow single rows


class CausalBlock(nn.Module):
    """Attention to the features so far, then a network of each feature; both add to the stream."""

    def __init__(self, width: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.first_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.second_norm = nn.LayerNorm(width)
        self.mlp = MLP((width, 2 * width, width), nn.GELU)

    def forward(self, h: Tensor) -> Tensor:
        """Stream h (N, D, W) → (N, D, W)."""
        h = h + self._attention(self.first_norm(h))
        return h + self.mlp(self.second_norm(h))

    def _attention(self, h: Tensor) -> Tensor:
        n, d, width = h.shape
        qkv = self.queries_keys_values(h).view(n, d, 3, self.n_heads, width // self.n_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (N, H, D, W / H)
        heads = scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(heads.transpose(1, 2).reshape(n, d, width))


class MixtureTransformer(nn.Module):
    """Mixture parameters of each feature, given the features before it."""

    def __init__(
        self,
        n_features: int,
        n_conditions: int,
        width: int,
        n_blocks: int,
        n_heads: int,
        n_gaussians: int,
    ):
        super().__init__()
        self.start = nn.Linear(n_conditions, width) if n_conditions else None
        self.value = nn.Linear(1, width)
        self.place = nn.Parameter(0.1 * torch.randn(n_features, width))
        self.blocks = nn.ModuleList(CausalBlock(width, n_heads) for _ in range(n_blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 3 * n_gaussians)

    def forward(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log shares, means, log widths (N, D, K), of the D features of z (N, D) given c (N, C).

        What stands at place i depends on the features before i only.
        """
        before = self.value(z[:, :-1, None])  # (N, D - 1, W)
        first = torch.zeros_like(self.place[0]).expand(len(z), -1)
        if self.start is not None:
            first = self.start(c)
        h = torch.cat([first[:, None], before], 1) + self.place
        for block in self.blocks:
            h = block(h)
        logits, means, log_widths = self.head(self.norm(h)).chunk(3, -1)
        return log_softmax(logits, -1), means, log_widths.clamp(min=LOWEST_LOG_WIDTH)


@dataclass(kw_only=True)
class AutoregressiveTransformer(TrainedDensity):
    """A density with exact samples and exact `log_prob`; samples take D passes.

    Attributes:
        width: of the stream.
        n_blocks: of attention.
        n_heads: of each block; the width is a multiple of them.
        n_gaussians: of the mixture of each feature.

    Raises:
        ValueError: a size below one, or a width that is no multiple of the heads.
    """

    width: int = 48
    n_blocks: int = 2
    n_heads: int = 4
    n_gaussians: int = 16
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(epochs=40, learning_rate=3e-3, patience=None)
    )

    def __post_init__(self) -> None:
        for name in ("width", "n_blocks", "n_heads", "n_gaussians"):
            setattr(self, name, checked_count(name, getattr(self, name)))
        if self.width % self.n_heads:
            raise ValueError(
                f"width={self.width}, n_heads={self.n_heads}: the width must be a multiple of the "
                "heads, for instance 48 and 4"
            )

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """The transformer."""
        return MixtureTransformer(
            n_features, n_conditions, self.width, self.n_blocks, self.n_heads, self.n_gaussians
        )

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """-log p(z | c) of each row, (N,)."""
        return -self.log_density(network, z, c)

    def log_density(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """log p(z | c) of each row, (N,): the sum of the mixtures of all features."""
        log_shares, means, log_widths = network(z, c)
        pulls = (z[..., None] - means) / log_widths.exp()
        log_gaussians = -pulls.square() / 2 - log_widths - math.log(2 * math.pi) / 2
        return torch.logsumexp(log_shares + log_gaussians, -1).sum(1)

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, D) for each of the conditions c (M, C), feature by feature."""
        z = torch.zeros(len(c), self.n_z)
        for i in range(self.n_z):
            log_shares, means, log_widths = network(z, c)
            chosen = torch.multinomial(log_shares[:, i].exp(), 1)  # (M, 1)
            mean = means[:, i].gather(1, chosen)[:, 0]
            width = log_widths[:, i].gather(1, chosen)[:, 0].exp()
            z[:, i] = mean + width * torch.randn_like(mean)
        return z
