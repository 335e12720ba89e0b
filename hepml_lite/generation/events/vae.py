"""Variational autoencoder: a code of few Gaussian numbers, and a network that decodes it.

An encoder q(h | x) and a decoder p(x | h), both Gaussian, maximise a lower bound of log p(x),

    log p(x) >= E_q[log p(x | h)] - KL(q(h | x) || N(0, 1)),

eq. 3 of D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", arXiv:1312.6114. A new row is
a code of Gaussian noise, decoded. The decoder smears each row by a Gaussian, which blurs edges and
narrow peaks.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import checked_count

LOWEST_LOG_WIDTH = -5.0  # a narrower decoder would follow single rows


class Autoencoder(nn.Module):
    """Encoder and decoder; each gives a mean and the logarithm of a width."""

    def __init__(
        self, n_features: int, n_conditions: int, n_codes: int, hidden_features: tuple[int, ...]
    ):
        super().__init__()
        n_in = n_features + n_conditions
        self.encoder = MLP((n_in, *hidden_features, 2 * n_codes), nn.SiLU)
        self.decoder = MLP((n_codes + n_conditions, *hidden_features, 2 * n_features), nn.SiLU)

    def encode(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log width (N, K) of the code of rows z (N, D) with conditions c (N, C)."""
        mean, log_width = self.encoder(torch.cat([z, c], 1)).chunk(2, 1)
        return mean, log_width

    def decode(self, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log width (N, D) of a row with the code h (N, K) and the conditions c (N, C)."""
        mean, log_width = self.decoder(torch.cat([h, c], 1)).chunk(2, 1)
        return mean, log_width.clamp(min=LOWEST_LOG_WIDTH)


@dataclass(kw_only=True)
class VariationalAutoencoder(TrainedDensity):
    """A density with samples and a lower bound, but without `log_prob`.

    Attributes:
        n_codes: Gaussian numbers of a code.
        hidden_features: of encoder and decoder.
        beta: factor of the Kullback-Leibler divergence; 1 is the bound.

    Raises:
        ValueError: no code.
    """

    n_codes: int = 4
    hidden_features: tuple[int, ...] = (128, 128)
    beta: float = 1.0
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(epochs=60, learning_rate=3e-3, patience=None)
    )

    def __post_init__(self) -> None:
        self.n_codes = checked_count("n_codes", self.n_codes)

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """Encoder and decoder."""
        return Autoencoder(n_features, n_conditions, self.n_codes, self.hidden_features)

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Minus the bound with one random code for each row, (N,)."""
        autoencoder = _checked(network)
        mean, log_width = autoencoder.encode(z, c)
        h = mean + log_width.exp() * torch.randn_like(mean)
        log_likelihood = log_gaussian(z, *autoencoder.decode(h, c))
        return self.beta * divergence(mean, log_width) - log_likelihood

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, D) for each of the conditions c (M, C): decode Gaussian noise, then smear."""
        mean, log_width = _checked(network).decode(torch.randn(len(c), self.n_codes), c)
        return mean + log_width.exp() * torch.randn_like(mean)


def log_gaussian(z: Tensor, mean: Tensor, log_width: Tensor) -> Tensor:
    """log N(z; mean, width) of independent features (N, D), summed, (N,)."""
    pull = (z - mean) / log_width.exp()
    return -(pull.square() / 2 + log_width + math.log(2 * math.pi) / 2).sum(1)


def divergence(mean: Tensor, log_width: Tensor) -> Tensor:
    """KL(N(mean, width) || N(0, 1)) of independent codes (N, K), summed, (N,): appendix B."""
    variance = (2 * log_width).exp()
    return (mean.square() + variance - 1 - 2 * log_width).sum(1) / 2


def _checked(network: nn.Module) -> Autoencoder:
    """The network as what it is.

    Raises:
        TypeError: another network.
    """
    if not isinstance(network, Autoencoder):
        raise TypeError(f"this is a {type(network).__name__}: an Autoencoder is needed")
    return network
