"""A surrogate of an amplitude that knows its own error: heteroscedastic regression.

A network gives a mean mu(x) and a width sigma(x), and minimises minus the log of a Gaussian,

    ((y - mu) / sigma)^2 / 2 + log sigma,

so that sigma learns how large the errors of mu are at x (D. A. Nix, A. S. Weigend, Proc. IEEE Int.
Conf. Neural Networks (1994) 55; for amplitudes: S. Badger et al., "Loop amplitudes from precision
networks", arXiv:2206.14831). Several networks, each from other initial weights, disagree where
there was nothing to learn from (B. Lakshminarayanan et al., arXiv:1612.01474):

    mu = <mu_k>,  sigma^2 = <sigma_k^2> + var(mu_k).

Pulls (y - mu) / sigma of new events are Gaussian of width one if sigma is right.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities.network_density import LARGEST_SEED, TrainingPlan
from hepml_lite.densities.rows import checked_table, features_of_rows
from hepml_lite.exact.drell_yan import couplings
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


def log_amplitude(mass: ArrayLike, cos_theta: ArrayLike, quark: str = "u") -> np.ndarray:
    """Log of S (1 + cos^2) + 2 A cos, the squared amplitude of q qbar -> mu mu but for constants.

    Args:
        mass: of the muon pair [GeV], any shape.
        cos_theta: of the mu- against the quark, of the same shape.
        quark: "u" or "d".
    """
    cosine = np.asarray(cos_theta, float)
    symmetric, asymmetric = couplings(np.asarray(mass, float), quark)
    return np.log(symmetric * (1 + cosine**2) + 2 * asymmetric * cosine)


class Prediction(NamedTuple):
    """What the surrogate says of N points.

    Attributes:
        mean: mu (N,).
        error: sigma (N,), both parts.
        noise: sqrt of <sigma_k^2> (N,): what each network expects itself to be wrong by.
        disagreement: standard deviation of the means of the networks (N,).
    """

    mean: np.ndarray
    error: np.ndarray
    noise: np.ndarray
    disagreement: np.ndarray


@dataclass(kw_only=True)
class AmplitudeSurrogate:
    """An ensemble of networks of mean and width.

    Attributes:
        n_networks: in the ensemble.
        hidden_features: of each network.
        plan: of each training.
        networks: after `fit`.
    """

    n_networks: int = 3
    hidden_features: tuple[int, ...] = (64, 64, 64)
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(epochs=60, learning_rate=3e-3, patience=None)
    )
    networks: list[nn.Module] = field(default_factory=list, init=False, repr=False)
    _x_scale: tuple[np.ndarray, np.ndarray] = field(init=False, repr=False)
    _y_scale: tuple[float, float] = field(init=False, repr=False)

    def fit(self, x: ArrayLike, y: ArrayLike, rng: Seed = 0) -> Self:
        """Learn y (N,), such as a log amplitude, from points x (N, D).

        Raises:
            ValueError: lengths that differ, NaN, a constant feature or a constant y.
        """
        points = checked_table("x", x)
        values = checked_finite("y", y, n_axes=1)
        if len(values) != len(points):
            raise ValueError(f"x has {len(points)} rows and y has {len(values)}: give one y a row")
        generator = checked_rng(rng)
        self._x_scale = (points.mean(0), points.std(0))
        self._y_scale = (float(values.mean()), float(values.std()))
        if not (self._x_scale[1] > 0).all() or self._y_scale[1] == 0:
            raise ValueError("a feature or y is the same in all rows: there is nothing to learn")
        order = generator.permutation(len(points))
        rows = [self._standardised(points)[order], self._target(values)[order]]
        n_held_out = max(1, round(self.plan.validation_share * len(points)))
        self.networks = [
            self._trained(rows, n_held_out, int(generator.integers(LARGEST_SEED)))
            for _ in range(checked_count("n_networks", self.n_networks))
        ]
        return self

    def predict(self, x: ArrayLike) -> Prediction:
        """Mean and errors at points x (N, D).

        Raises:
            ValueError: another number of features than in the fit, NaN.
            RuntimeError: nothing has been fitted.
        """
        if not self.networks:
            raise RuntimeError("this AmplitudeSurrogate is not trained: call fit(x, y) first")
        points = self._standardised(features_of_rows(x, len(self._x_scale[0])))
        with torch.no_grad():
            outputs = torch.stack([network(points) for network in self.networks]).double()
        centre, width = self._y_scale
        means = centre + width * outputs[..., 0].numpy()  # (K, N)
        sigmas = width * outputs[..., 1].exp().numpy()
        noise = np.sqrt(np.mean(sigmas**2, 0))
        disagreement = means.std(0)
        return Prediction(means.mean(0), np.hypot(noise, disagreement), noise, disagreement)

    def pulls(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        """(y - mu) / sigma of points x (N, D) with known y (N,)."""
        found = self.predict(x)
        return (checked_finite("y", y, n_axes=1) - found.mean) / found.error

    def _trained(self, rows: list[Tensor], n_held_out: int, seed: int) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = MLP((len(self._x_scale[0]), *self.hidden_features, 2), nn.SiLU)
        self.plan.train(
            network,
            [tensor[n_held_out:] for tensor in rows],
            gaussian_loss,
            validation=[tensor[:n_held_out] for tensor in rows],
            seed=seed,
        )
        return network

    def _standardised(self, points: np.ndarray) -> Tensor:
        centre, width = self._x_scale
        return torch.as_tensor((points - centre) / width, dtype=torch.float32)

    def _target(self, values: np.ndarray) -> Tensor:
        centre, width = self._y_scale
        return torch.as_tensor((values - centre) / width, dtype=torch.float32)


def gaussian_loss(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean of ((y - mu) / sigma)^2 / 2 + log sigma, with (mu, log sigma) = network(x)."""
    mean, log_sigma = network(x).unbind(-1)
    return (((y - mean) / log_sigma.exp()).square() / 2 + log_sigma).mean()
