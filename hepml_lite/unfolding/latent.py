"""Generation in a latent space: an autoencoder of true events, and a flow of its codes.

A variational autoencoder (arXiv:1312.6114) makes a code h of each true event t, and an event of
each code:

    q(h | t) = N(encoder(t)),
    loss = |t − decoder(h)|² / 2 s² + KL(q(h | t) | N(0, 1)),

with a small s, the resolution. (With a learned s the codes of one event may overlap with those of
many others. The spectrum is right then, but each event is blurred.) Flow matching learns p(h | m)
from pairs of a code and a measured event. To unfold m, draw a code, decode it, and add noise as
wide as what the decoder leaves. The space of codes can have fewer dimensions than the events, and
the flow sees smooth numbers whatever the features are. What the autoencoder loses no flow brings
back.

After A. Shmakov et al. (variational latent diffusion, VLD), arXiv:2305.10399. They train encoder,
decoder and diffusion together, with a transformer; here the two trainings come after each other.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.densities import FlowMatching, TrainingPlan
from hepml_lite.densities.change_of_variables import ChangeOfVariables, Standardise
from hepml_lite.densities.rows import Rows, Validation, checked_rows
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

LARGEST_SEED = 2**31


class Autoencoder(nn.Module):
    """A variational autoencoder of events z (N, D), with codes h (N, L).

    Args:
        n_features: D.
        n_latent: L.
        hidden_features: of encoder and decoder.
        resolution: s, in units of the features.
    """

    left: Tensor  # (D,), width of what the decoder leaves of each feature

    def __init__(
        self, n_features: int, n_latent: int, hidden_features: tuple[int, ...], resolution: float
    ):
        super().__init__()
        self.resolution = resolution
        self.encoder = MLP((n_features, *hidden_features, 2 * n_latent), nn.SiLU)
        self.decoder = MLP((n_latent, *hidden_features[::-1], n_features), nn.SiLU)
        self.register_buffer("left", torch.zeros(n_features))

    def encode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the width of the codes of z (N, D), each (N, L)."""
        mean, log_width = self.encoder(z).chunk(2, 1)
        return mean, log_width

    def code(self, z: Tensor) -> Tensor:
        """One code h (N, L) of each event z (N, D), drawn from q(h | z)."""
        mean, log_width = self.encode(z)
        return mean + log_width.exp() * torch.randn_like(mean)

    def decode(self, h: Tensor) -> Tensor:
        """One event z (N, D) of each code h (N, L), with the noise that the decoder leaves."""
        mean = self.decoder(h)
        return mean + self.left * torch.randn_like(mean)

    def loss_of_rows(self, z: Tensor) -> Tensor:
        """|z − decoder(h)|² / 2 s² + KL(q(h | z) | N(0, 1)) for one code of each event, (N,)."""
        mean, log_width = self.encode(z)
        h = mean + log_width.exp() * torch.randn_like(mean)
        error = (z - self.decoder(h)).square().sum(1) / (2 * self.resolution**2)
        divergence = (mean.square() + (2 * log_width).exp() - 2 * log_width - 1).sum(1) / 2
        return error + divergence


def _default_plan() -> TrainingPlan:
    return TrainingPlan(epochs=40, batch_size=512, learning_rate=4e-3, progress=False)


def _default_flow() -> FlowMatching:
    plan = TrainingPlan(epochs=40, batch_size=512, learning_rate=4e-3, progress=False)
    return FlowMatching(plan=plan, sampler="heun", n_steps=12)


@dataclass
class LatentDensity:
    """p(true | measured) as an autoencoder and a flow of its codes.

    It has `fit` and `sample` as other conditional densities: give it to
    `ConditionalGeneration(LatentDensity)`.

    Attributes:
        n_latent: numbers in a code; None: as many as features.
        hidden_features: of encoder and decoder.
        resolution: s of the autoencoder, in standard deviations of the features.
        plan: of the training of the autoencoder.
        flow: density of the codes given the measured event, with the plan of its own training.
        change: from the true features to what the autoencoder sees.
        autoencoder: after `fit`.
        history: of the training of the autoencoder, after `fit`.

    >>> LatentDensity(n_latent=3).hidden_features
    (64, 64)
    """

    n_latent: int | None = None
    hidden_features: tuple[int, ...] = (64, 64)
    resolution: float = 0.05
    plan: TrainingPlan = field(default_factory=_default_plan)
    flow: FlowMatching = field(default_factory=_default_flow)
    change: ChangeOfVariables = field(default_factory=Standardise)
    autoencoder: Autoencoder | None = field(default=None, init=False, repr=False)
    history: training.History | None = field(default=None, init=False, repr=False)

    def fit(
        self,
        x: ArrayLike,
        condition: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        validation: Validation | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Train the autoencoder, then the flow of its codes.

        Args:
            x: true features (N, D).
            condition: measured features (N, C).
            weights: (N,), zero or positive, of both trainings.
            validation: refused: both trainings hold out a share of the rows.
            rng: of both trainings and of the codes.

        Raises:
            ValueError: rows that cannot be used, or a validation.
        """
        if validation is not None:
            raise ValueError("validation is given: both trainings hold out rows; leave it out")
        rows = checked_rows(x, condition, weights)
        generator = checked_rng(rng)
        self.change.fit(torch.as_tensor(rows.x))
        z = self.change.forward(torch.as_tensor(rows.x))[0].float()
        with torch.random.fork_rng():
            torch.manual_seed(int(generator.integers(LARGEST_SEED)))
            self.autoencoder = self._trained(z, rows, generator)
            with torch.no_grad():
                codes = self.autoencoder.code(z)
                self.autoencoder.left = (z - self.autoencoder.decoder(codes)).std(0)
        self.flow.fit(codes.numpy(), rows.condition, weights=rows.weights, rng=generator)
        return self

    def sample(self, n: int, condition: ArrayLike | None = None, rng: Seed = 0) -> np.ndarray:
        """Draw n true events for each measured one: (n, D) for one (C,), (n, M, D) for (M, C).

        Raises:
            ValueError: other features than in `fit`.
            RuntimeError: before `fit`.
        """
        if self.autoencoder is None:
            raise RuntimeError("this LatentDensity is not trained: call fit(x, condition) first")
        generator = checked_rng(rng)
        codes = self.flow.sample(n, condition, generator)
        flat = torch.as_tensor(codes.reshape(-1, codes.shape[-1])).float()
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(int(generator.integers(LARGEST_SEED)))
            z = self.autoencoder.decode(flat)
        return self.change.inverse(z.double()).numpy().reshape(*codes.shape[:-1], -1)

    def _trained(self, z: Tensor, rows: Rows, rng: np.random.Generator) -> Autoencoder:
        n_latent = z.shape[1] if self.n_latent is None else checked_count("n_latent", self.n_latent)
        autoencoder = Autoencoder(z.shape[1], n_latent, self.hidden_features, self.resolution)
        weights = torch.as_tensor(rows.weights, dtype=torch.float32)
        held_out = torch.as_tensor(rng.random(len(z)) < self.plan.validation_share)
        self.history = self.plan.train(
            autoencoder,
            (z[~held_out], weights[~held_out]),
            _weighted_loss,
            validation=(z[held_out], weights[held_out]),
            seed=int(rng.integers(LARGEST_SEED)),
        )
        return autoencoder


def _weighted_loss(autoencoder: Autoencoder, z: Tensor, weights: Tensor) -> Tensor:
    return (weights * autoencoder.loss_of_rows(z)).mean()
