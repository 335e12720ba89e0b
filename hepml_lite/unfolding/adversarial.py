"""Conditional GAN: the first generative unfolding of pairs, event by event (FCGAN).

A generator G turns noise r and a measured event m into a true event, t = G(r, m). A discriminator
D sees *pairs*: (t, m) of the simulation, and (G(r, m), m). Each minimises its own loss:

    D:  softplus(−D(t, m)) + softplus(D(G(r, m), m)) + γ/2 |∇D(t, m)|²,
    G:  softplus(−D(G(r, m), m)).

If D cannot tell the pairs apart, then G draws from p(t | m): a discriminator that saw t alone
would accept any G that gets the spectrum right. M. Bellagente et al., arXiv:1912.00477; the penalty
on the gradient at true pairs: L. Mescheder et al., arXiv:1801.04406.

There is no density and no loss that says when to stop. Both networks run after each other, and G is
the running mean of its last steps. Conditional flows have replaced this method.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.functional import softplus

from hepml_lite.densities.change_of_variables import ChangeOfVariables, Standardise
from hepml_lite.densities.classifiers import QuadraticMLP
from hepml_lite.densities.rows import Rows, Validation, checked_rows, conditions_to_sample
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.training.two_players import descend, update_mean

LARGEST_SEED = 2**31


@dataclass
class ConditionalGAN:
    """p(true | measured) as a generator without a density.

    It has `fit` and `sample` as other conditional densities: give it to
    `ConditionalGeneration(ConditionalGAN)`.

    Attributes:
        n_steps: of both networks.
        batch_size: pairs in a step.
        learning_rate: of both; it falls to zero as a cosine.
        hidden_features: of both networks.
        penalty: γ, of the discriminator's gradient.
        memory: share of the old generator that the running mean keeps in each step.
        change: from the true features to z.
        condition_change: the same for the measured ones.
        generator: after `fit`.
        n_features: D of the true features, after `fit`.
        n_conditions: C of the measured features, after `fit`.

    >>> ConditionalGAN(n_steps=100).batch_size
    512
    """

    n_steps: int = 2000
    batch_size: int = 512
    learning_rate: float = 2e-3
    hidden_features: tuple[int, ...] = (64, 64)
    penalty: float = 0.1
    memory: float = 0.99
    change: ChangeOfVariables = field(default_factory=Standardise)
    condition_change: ChangeOfVariables = field(default_factory=Standardise)
    generator: nn.Module | None = field(default=None, init=False, repr=False)
    n_features: int = field(default=0, init=False)
    n_conditions: int = field(default=0, init=False)

    def fit(
        self,
        x: ArrayLike,
        condition: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        validation: Validation | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Play the game of both networks.

        Args:
            x: true features (N, D).
            condition: measured features (N, C).
            weights: (N,), zero or positive; pairs are drawn by them.
            validation: refused: no loss of a GAN tells a good epoch.
            rng: of the initial weights, the batches and the noise.

        Raises:
            ValueError: rows that cannot be used, no conditions, or a validation.
        """
        rows = checked_rows(x, condition, weights)
        if validation is not None:
            raise ValueError("validation is given: no loss of a GAN tells a good epoch; leave it")
        if not rows.condition.shape[1]:
            raise ValueError("condition is missing: this GAN unfolds measured events, give (N, C)")
        self.n_features = rows.x.shape[1]
        self.n_conditions = rows.condition.shape[1]
        self.change.fit(torch.as_tensor(rows.x))
        self.condition_change.fit(torch.as_tensor(rows.condition))
        n_steps = checked_count("n_steps", self.n_steps)
        with torch.random.fork_rng():
            torch.manual_seed(int(checked_rng(rng).integers(LARGEST_SEED)))
            self.generator = self._trained(rows, n_steps)
        return self

    def sample(self, n: int, condition: ArrayLike | None = None, rng: Seed = 0) -> np.ndarray:
        """Draw n true events for each measured one: (n, D) for one (C,), (n, M, D) for (M, C).

        Raises:
            ValueError: other features than in `fit`.
            RuntimeError: before `fit`.
        """
        if self.generator is None:
            raise RuntimeError("this ConditionalGAN is not trained: call fit(x, condition) first")
        conditions = conditions_to_sample(condition, self.n_conditions)
        c = self._standardised(self.condition_change, conditions).repeat(checked_count("n", n), 1)
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(int(checked_rng(rng).integers(LARGEST_SEED)))
            z = generated(self.generator, c, self.n_z)
        x = self.change.inverse(z.double()).numpy()
        several = condition is not None and np.ndim(condition) == 2
        return x.reshape(n, len(conditions), -1) if several else x

    @property
    def n_z(self) -> int:
        """Columns of z, and of the noise."""
        return self.change.n_columns(self.n_features)

    def _trained(self, rows: Rows, n_steps: int) -> nn.Module:
        """The running mean of the generator."""
        z = self._standardised(self.change, rows.x)
        c = self._standardised(self.condition_change, rows.condition)
        generator = MLP((self.n_z + c.shape[1], *self.hidden_features, self.n_z), nn.SiLU)
        discriminator = QuadraticMLP(self.n_z + c.shape[1], self.hidden_features)
        mean = deepcopy(generator)
        players = (generator, discriminator)
        optimizers = [_adam(player, self.learning_rate) for player in players]
        schedules = [
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
            for optimizer in optimizers
        ]
        for batch in _batches(torch.as_tensor(rows.weights), self.batch_size, n_steps):
            fake = generated(generator, c[batch], self.n_z)
            descend(
                optimizers[1],
                discriminator_loss(discriminator, z[batch], fake, c[batch], self.penalty),
            )
            descend(optimizers[0], generator_loss(discriminator, fake, c[batch]))
            for schedule in schedules:
                schedule.step()
            update_mean(mean, generator, self.memory)
        return mean

    @staticmethod
    def _standardised(change: ChangeOfVariables, values: np.ndarray) -> Tensor:
        return change.forward(torch.as_tensor(values))[0].float()


def generated(generator: nn.Module, c: Tensor, n_z: int) -> Tensor:
    """G(r, m) (N, n_z) for measured events c (N, C), with noise as wide as a true event."""
    noise = torch.randn(len(c), n_z)
    return generator(torch.cat([noise, c], 1))


def discriminator_loss(
    discriminator: nn.Module, z: Tensor, fake: Tensor, c: Tensor, penalty: float
) -> Tensor:
    """softplus(−D) of true pairs (z, c) + softplus(D) of generated ones + γ/2 |∇D|² of true ones.

    Args:
        discriminator: D.
        z: true events (N, D).
        fake: generated events (N, D).
        c: measured events (N, C) of both.
        penalty: γ.
    """
    true = z.clone().requires_grad_()
    of_true = discriminator(torch.cat([true, c], 1))
    of_fake = discriminator(torch.cat([fake.detach(), c], 1))
    (gradient,) = torch.autograd.grad(of_true.sum(), true, create_graph=True)
    roughness = gradient.square().sum(1).mean()
    return softplus(-of_true).mean() + softplus(of_fake).mean() + penalty / 2 * roughness


def generator_loss(discriminator: nn.Module, fake: Tensor, c: Tensor) -> Tensor:
    """softplus(−D) of generated pairs (fake (N, D), c (N, C))."""
    return softplus(-discriminator(torch.cat([fake, c], 1))).mean()


def _batches(weights: Tensor, batch_size: int, n_steps: int) -> Iterator[Tensor]:
    """Row numbers of each step, drawn by the weights (N,)."""
    for _ in range(n_steps):
        yield torch.multinomial(weights, batch_size, replacement=True)


def _adam(player: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """Adam with little memory of the gradient: the other player has moved since."""
    return torch.optim.Adam(player.parameters(), lr=learning_rate, betas=(0.5, 0.99))
