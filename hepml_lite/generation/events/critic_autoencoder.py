"""An autoencoder with a critic, the BIB-AE in small: what a decoder blurs, a critic sharpens.

The bounded information bottleneck autoencoder (S. Buhmann et al., arXiv:2005.05334, for showers)
adds critics to the bound of a VAE: they learn to tell true rows from decoded ones, and the decoder
learns to mislead them. Here is one critic, of reconstructions and of decoded noise, and one loss
for all networks: a layer that turns gradients around (Y. Ganin, V. Lempitsky, arXiv:1409.7495) lets
the decoder climb where the critic descends.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from hepml_lite.generation.events.vae import (
    Autoencoder,
    VariationalAutoencoder,
    divergence,
    log_gaussian,
)
from hepml_lite.networks.layers.mlp import MLP


class Reversed(torch.autograd.Function):
    """The identity, whose gradient is multiplied by minus `factor`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        """X (N, D) as it is."""
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        """The gradient, turned around."""
        return -ctx.factor * gradient, None


class CriticAutoencoder(Autoencoder):
    """Encoder, decoder and critic; the critic gives the logit of "this row is true"."""

    def __init__(
        self, n_features: int, n_conditions: int, n_codes: int, hidden_features: tuple[int, ...]
    ):
        super().__init__(n_features, n_conditions, n_codes, hidden_features)
        self.critic = MLP((n_features + n_conditions, *hidden_features, 1), nn.SiLU)

    def logits(self, z: Tensor, c: Tensor) -> Tensor:
        """Of rows z (N, D) with conditions c (N, C), (N,)."""
        return self.critic(torch.cat([z, c], 1)).squeeze(1)


@dataclass(kw_only=True)
class BottleneckAutoencoder(VariationalAutoencoder):
    """A VAE with a critic; samples, and no `log_prob`.

    Attributes:
        critic_weight: how strongly the decoder follows the critic; 0 is a VAE.
    """

    critic_weight: float = 0.3
    beta: float = 0.3

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """Encoder, decoder and critic."""
        return CriticAutoencoder(n_features, n_conditions, self.n_codes, self.hidden_features)

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Minus the bound, and the cross-entropy of the critic, (N,)."""
        if not isinstance(network, CriticAutoencoder):
            raise TypeError(f"this is a {type(network).__name__}: a CriticAutoencoder is needed")
        mean, log_width = network.encode(z, c)
        h = mean + log_width.exp() * torch.randn_like(mean)
        decoded, log_smear = network.decode(h, c)
        bound = log_gaussian(z, decoded, log_smear) - self.beta * divergence(mean, log_width)
        noise, noise_smear = network.decode(torch.randn_like(mean), c)
        made = [
            rows + smear.exp() * torch.randn_like(rows)
            for rows, smear in ((decoded, log_smear), (noise, noise_smear))
        ]
        is_true = cross_entropy(network.logits(z, c), torch.ones(len(z)), reduction="none")
        is_made = [
            cross_entropy(
                network.logits(Reversed.apply(rows, self.critic_weight), c),
                torch.zeros(len(z)),
                reduction="none",
            )
            for rows in made
        ]
        return is_true + sum(is_made) / 2 - bound
