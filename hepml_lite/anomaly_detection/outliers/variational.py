"""The variational autoencoder: a density with latent variables, and three scores of one training.

D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", arXiv:1312.6114; as an anomaly
detector at the LHC: O. Cerri et al., arXiv:1811.10276; its scores for a trigger: E. Govorkova et
al., arXiv:2108.03986.

The encoder gives a Gaussian q(z | x) = N(μ, σ²), the decoder p(x | z) = N(d(z), s²), the prior is
N(0, 1). The loss is minus the evidence lower bound, -ELBO = -<log p(x | z)>_q + KL(q || prior), so
that ELBO <= log p(x). With linear maps the best bound is the likelihood of probabilistic principal
components (M. Tipping, C. Bishop, J. R. Stat. Soc. B 61 (1999) 611).

Assumption: strange events are far from the prior (KL, R_z), or hard to reconstruct. The noise s
decides which: with large s the latent space is empty and KL says nothing (posterior collapse),
with small s it is an autoencoder. One notices by the KL of each latent variable (`kl_of_latents`):
a variable near zero is not used. Complexity bias remains, as in an autoencoder.
"""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.anomaly_detection.outliers.detector import OutlierDetector, flat_rows
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import checked_count, checked_number

SCORES = ("reconstruction", "kl", "r_z", "elbo")
LARGEST_LOG_VARIANCE = 10.0  # of q, either way: keeps exp finite far away from the training


class VariationalNetwork(nn.Module):
    """Encoder to μ and ln σ² of q(z | x), each (N, L), and decoder to the mean of p(x | z)."""

    def __init__(self, n_features: int, n_latent: int, hidden: tuple[int, ...]):
        super().__init__()
        n_latent = checked_count("n_latent", n_latent)
        self.encoder = MLP((n_features, *hidden, 2 * n_latent))
        self.decoder = MLP((n_latent, *reversed(hidden), n_features))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """μ and ln σ² of q(z | x), each (N, L)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance.clamp(-LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)

    def forward(self, x: Tensor) -> Tensor:
        """The reconstruction (N, D) from the mean of q(z | x)."""
        return self.decoder(self.posterior(x)[0])


@dataclass(kw_only=True)
class VariationalAutoencoder(OutlierDetector):
    """A variational autoencoder with a Gaussian decoder of fixed width.

    Attributes:
        n_latent: latent variables.
        hidden: hidden layers of the encoder, mirrored in the decoder; () makes both linear.
        noise: s, standard deviation of the decoder, in scaled variables; β of a β-VAE is s² times
            2 / D, up to the scale of the loss.
        score_name: "reconstruction": |x - d(μ)|² / D; "kl": KL(q || prior); "r_z": Σ μ² / σ², of
            the encoder alone; "elbo": |x - d(μ)|² / 2 s² + KL. Can be changed after `fit`.

    Raises:
        ValueError: another name of a score, or a noise that is not positive.
    """

    n_latent: int = 6
    hidden: tuple[int, ...] = (128, 64)
    noise: float = 1.0
    score_name: str = "reconstruction"

    def __post_init__(self):
        checked_number("noise", self.noise, 0, ends="()", example="1.0")
        self._require_known_score()

    def make_network(self, n_features: int) -> nn.Module:
        """Encoder and decoder."""
        return VariationalNetwork(n_features, self.n_latent, self.hidden)

    def loss_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """-ELBO of each row (N,) in nats, with one latent point for each row."""
        return -self._bound(cast(VariationalNetwork, network), z)

    def score_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """The score of the chosen name; no random numbers enter."""
        self._require_known_score()
        parts = cast(VariationalNetwork, network)
        mean, log_variance = parts.posterior(z)
        if self.score_name == "r_z":
            return (mean.square() / log_variance.exp()).sum(1)
        if self.score_name == "kl":
            return kl_to_standard(mean, log_variance).sum(1)
        squared_error = (parts.decoder(mean) - z).square()
        if self.score_name == "reconstruction":
            return squared_error.mean(1)
        distance = squared_error.sum(1) / (2 * self.noise**2)
        return distance + kl_to_standard(mean, log_variance).sum(1)

    def evidence_bound(self, events: ArrayLike, n_samples: int = 64, seed: int = 0) -> np.ndarray:
        """ELBO of each event (N,) in nats of the scaled variables, mean over samples of q."""
        network = cast(VariationalNetwork, self.fitted_network())
        z = self._scaled(torch.as_tensor(flat_rows("events", events)))
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            bounds = [self._bound(network, z).double() for _ in range(n_samples)]
        return torch.stack(bounds).mean(0).numpy()

    def kl_of_latents(self, events: ArrayLike) -> np.ndarray:
        """Mean KL (L,) in nats of each latent variable; near zero where it is not used."""
        network = cast(VariationalNetwork, self.fitted_network())
        z = self._scaled(torch.as_tensor(flat_rows("events", events)))
        with torch.no_grad():
            return kl_to_standard(*network.posterior(z)).mean(0).double().numpy()

    def _bound(self, network: VariationalNetwork, x: Tensor) -> Tensor:
        """log p(x | z) - KL with z drawn from q(z | x), (N,)."""
        mean, log_variance = network.posterior(x)
        latent = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        squared_error = (network.decoder(latent) - x).square().sum(1)
        log_norm = x.shape[1] * math.log(2 * math.pi * self.noise**2) / 2
        log_likelihood = -squared_error / (2 * self.noise**2) - log_norm
        return log_likelihood - kl_to_standard(mean, log_variance).sum(1)

    def _require_known_score(self) -> None:
        if self.score_name not in SCORES:
            raise ValueError(f"score_name is {self.score_name!r}: give one of {', '.join(SCORES)}")


def kl_to_standard(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of N(μ, σ²) from N(0, 1) in nats, (N, L): (μ² + σ² - 1 - ln σ²) / 2."""
    return (mean.square() + log_variance.exp() - 1 - log_variance) / 2
