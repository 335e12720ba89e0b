"""The Dirichlet variational autoencoder: a jet is a mixture of a few kinds of radiation.

B. Dillon, T. Plehn, C. Sauer, P. Sorrenson, "Better Latent Spaces for Better Autoencoders",
arXiv:2104.08291.

The latent variables are shares r of R components, with a Dirichlet prior; the decoder is one
linear map and a softmax, so that each component is an image of its own. The score is taken in the
latent space: how far the shares are from those of the training. A simple jet can have unusual
shares just as a complex one can, where a reconstruction error is small for every simple jet. In the
stored results of a lesson the gain depends on the seed: the loss does not fix which components are
found.

The image x is read as a sample of momentum: log p(x | r) = n Σ x_i log p_i(r) with n draws, which
replaces the β of the paper. The paper approximates Dirichlet samples by a softmax of Gaussians;
here they are exact, with implicit gradients (M. Figurnov et al., arXiv:1805.08498). The paper
trains on mixtures and reads a share as the score; which share is the strange one has to be known.
Here that is the score "share", and the default is the distance.

Assumption: what is strange has other shares of the same few components. A jet whose strangeness is
in none of the components is not found, and two or three components hold little of a jet. One
notices by the images of the components (`components`): do they look like kinds of jets? And by
the shares of background: if all jets have the same, the latent space is not used.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Dirichlet, kl_divergence
from torch.nn.functional import log_softmax, softplus

from hepml_lite.anomaly_detection.outliers.detector import OutlierDetector
from hepml_lite.densities.change_of_variables import ChangeOfVariables
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import checked_count, checked_number

SCORES = ("distance", "share", "reconstruction", "kl", "elbo")
SMALLEST = 1e-2  # of a concentration: below, samples underflow
TOLERANCE = 1e-3  # of the sum of an image


class DirichletNetwork(nn.Module):
    """Images (N, D) → concentrations α(x) (N, R); shares (N, R) → log p of each pixel (N, D)."""

    def __init__(self, n_features: int, n_components: int, hidden: tuple[int, ...]):
        super().__init__()
        self.encoder = MLP((n_features, *hidden, n_components), nn.SELU)
        self.decoder = nn.Linear(n_components, n_features, bias=False)

    def posterior(self, images: Tensor) -> Dirichlet:
        """q(r | x), N Dirichlet distributions of R shares."""
        scaled = images * images.shape[1]  # a flat image has ones
        return Dirichlet(softplus(self.encoder(scaled)) + SMALLEST)

    def log_pixels(self, shares: Tensor) -> Tensor:
        """log p_i of each pixel, (N, D), normalised."""
        return log_softmax(self.decoder(shares), dim=1)

    def forward(self, images: Tensor) -> Tensor:
        """Mean shares (N, R) of images (N, D)."""
        return self.posterior(images).mean


@dataclass(kw_only=True)
class DirichletVAE(OutlierDetector):
    """A variational autoencoder with shares of components as latent variables.

    Attributes:
        n_components: R.
        hidden: hidden layers of the encoder.
        prior: concentration of every component; below one, jets prefer to be of one component.
        n_draws: n, how many draws of momentum an image counts for.
        score_name: "distance": Mahalanobis distance of log(r_i / r_1) from its mean over the
            training; "share": mean share of `component`; "reconstruction": -Σ x log p(r) at the
            mean shares; "kl": KL(q || prior); "elbo": n times the reconstruction plus KL. Can be
            changed after `fit`.
        component: of the score "share"; after `fit` the one with the smallest sum over the
            training.
        change: none; images are momentum fractions.

    Raises:
        ValueError: another name of a score, fewer than two components, a prior or a number of
            draws that is not positive.
    """

    change: ChangeOfVariables | None = None
    n_components: int = 2
    hidden: tuple[int, ...] = (64, 64)
    prior: float = 0.5
    n_draws: float = 40.0
    score_name: str = "distance"
    component: int = 0

    def __post_init__(self):
        self.n_components = checked_count(
            "n_components", self.n_components, 2, "shares of one component are all one"
        )
        checked_number("prior", self.prior, 0, ends="()", example="0.5")
        checked_number("n_draws", self.n_draws, 0, ends="()", example="40")
        self._require_known_score()

    def make_network(self, n_features: int) -> nn.Module:
        """Encoder and linear decoder."""
        return DirichletNetwork(n_features, self.n_components, self.hidden)

    def loss_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """-ELBO of each image (N,) in nats, up to a constant of the image."""
        parts = cast(DirichletNetwork, network)
        posterior = parts.posterior(z)
        log_likelihood = self.n_draws * (z * parts.log_pixels(posterior.rsample())).sum(1)
        return kl_divergence(posterior, self._prior()) - log_likelihood

    def score_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """The score of the chosen name; no random numbers enter."""
        self._require_known_score()
        parts = cast(DirichletNetwork, network)
        posterior = parts.posterior(z)
        if self.score_name == "share":
            return posterior.mean[:, self.component]
        if self.score_name == "distance":
            return self._distance(posterior.mean)
        kl = kl_divergence(posterior, self._prior())
        if self.score_name == "kl":
            return kl
        reconstruction = -(z * parts.log_pixels(posterior.mean)).sum(1)
        if self.score_name == "reconstruction":
            return reconstruction
        return self.n_draws * reconstruction + kl

    def components(self) -> np.ndarray:
        """Images (R, D) of the components alone; each sums to one."""
        network = cast(DirichletNetwork, self.fitted_network())
        with torch.no_grad():
            return network.log_pixels(torch.eye(self.n_components)).exp().double().numpy()

    def _train(self, learned: Tensor, held_out: Tensor, seed: int) -> None:
        _require_fractions(learned)
        super()._train(learned, held_out, seed)
        with torch.no_grad():
            shares = self.fitted_network()(learned)
        self.component = int(shares.sum(0).argmin())
        logs = _log_ratios(shares)
        self._centre = logs.mean(0)
        self._precision = torch.linalg.inv(torch.atleast_2d(torch.cov(logs.T)))

    def _distance(self, shares: Tensor) -> Tensor:
        """Squared Mahalanobis distance (N,) of the log ratios of shares (N, R)."""
        offset = _log_ratios(shares) - self._centre
        return ((offset @ self._precision) * offset).sum(1)

    def _prior(self) -> Dirichlet:
        return Dirichlet(torch.full((self.n_components,), self.prior))

    def _require_known_score(self) -> None:
        if self.score_name not in SCORES:
            raise ValueError(f"score_name is {self.score_name!r}: give one of {', '.join(SCORES)}")


def _log_ratios(shares: Tensor) -> Tensor:
    """log(r_i / r_1), (N, R - 1), of shares (N, R)."""
    logs = shares.log()
    return logs[:, 1:] - logs[:, :1]


def _require_fractions(images: Tensor) -> None:
    """Refuse images (N, D) that are not fractions of one momentum."""
    sums = images.sum(1)
    if images.min() < 0 or (sums - 1).abs().max() > TOLERANCE:
        raise ValueError(
            f"images with pixels down to {images.min():.3g} and sums from {sums.min():.3g} to "
            f"{sums.max():.3g}: give fractions that sum to one, as inputs.momentum_fractions(jets)"
        )
