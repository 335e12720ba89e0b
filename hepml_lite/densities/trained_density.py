"""What flows, flow matching and diffusion of rows share: checks, training, samples, log_prob."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities.network_density import LARGEST_SEED, NetworkDensity
from hepml_lite.densities.rows import (
    Rows,
    Validation,
    checked_rows,
    conditions_of_rows,
    conditions_to_sample,
    features_of_rows,
    require_same_columns,
)
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

Tensors = tuple[Tensor, Tensor, Tensor]  # z, c and weights of rows


@dataclass(kw_only=True)
class TrainedDensity(NetworkDensity[nn.Module]):
    """A conditional density p(x | condition) in the weights of a network.

    A subclass is a dataclass of its settings. It says which network it needs, what the loss of a
    row is, and how rows are drawn, all in the standardised variables z and c.
    """

    @abstractmethod
    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """The network, untrained, for z (N, n_features) and c (N, n_conditions).

        These numbers are `n_z` and `n_c` where a change of variables makes more columns or fewer.
        """

    @abstractmethod
    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """The loss of each row, (N,)."""

    @abstractmethod
    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, n_z) for each of the conditions c (M, C), from torch's generator."""

    def log_density(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """log p(z | c) of each row, (N,), of the models that know it."""
        raise NotImplementedError(f"{type(self).__name__} has samples, but no log_prob")

    def fit(
        self,
        x: ArrayLike,
        condition: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        validation: Validation | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Learn the density of x given the condition; the changes see the training rows only.

        Args:
            x: features (N, D).
            condition: (N, C).
            weights: (N,), zero or positive; a weight of 2 counts as the row twice.
            validation: (x, condition, weights) of other rows, which choose the best epoch; None:
                a share of the rows is held out.
            rng: of the held-out rows, the initial weights and the training.

        Raises:
            ValueError: rows, conditions or weights that cannot be fitted.
        """
        generator = checked_rng(rng)
        rows = checked_rows(x, condition, weights)
        rows, held_out = self._parted(rows, validation, generator)
        self._fit_changes(rows.x, rows.condition)
        seed = int(generator.integers(LARGEST_SEED))
        self._learn(self._tensors(rows), self._tensors(held_out), seed)
        return self

    def sample(self, n: int, condition: ArrayLike | None = None, rng: Seed = 0) -> np.ndarray:
        """Draw n rows for each condition.

        Args:
            n: rows for each condition.
            condition: one condition (C,), several (M, C), or None for a density without.
            rng: generator or seed.

        Returns:
            (n, D) for one condition or none, (n, M, D) for M conditions.

        Raises:
            ValueError: a condition with another number of features than in `fit`.
            RuntimeError: nothing has been fitted.
        """
        n = checked_count("n", n)
        network = self.fitted_network()
        conditions = conditions_to_sample(condition, self.n_conditions)
        c = self._standardised_condition(conditions)
        seed = int(checked_rng(rng).integers(LARGEST_SEED))
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(seed)
            z = self.draw(network, c.repeat(n, 1))
        x = self.change.inverse(z.double()).numpy()
        several = condition is not None and np.ndim(condition) == 2
        return x.reshape(n, len(c), -1) if several else x

    def log_prob(self, x: ArrayLike, condition: ArrayLike | None = None) -> np.ndarray:
        """log p(x | condition) of each row, (N,), in the units of x.

        Args:
            x: (N, D).
            condition: (N, C), one for each row, or one condition (C,) for all.

        Raises:
            ValueError: other numbers of rows or features than in `fit`.
            NotImplementedError: the model has samples only, or its change keeps no density.
            RuntimeError: nothing has been fitted.
        """
        network = self.fitted_network()
        if not self.change.keeps_density:
            raise NotImplementedError(
                f"{self.change} puts rows on a curve, where the density of z is none of x: use "
                "WrappedAngle for an angle"
            )
        features = features_of_rows(x, self.n_features)
        conditions = conditions_of_rows(condition, len(features), self.n_conditions)
        if not len(features):
            return np.zeros(0)
        z, log_jacobian = self.change.forward(torch.as_tensor(features))
        c = self._standardised_condition(conditions)
        with torch.no_grad():
            log_density = self.log_density(network, z.float(), c)
        return (log_density.double() + log_jacobian).numpy()

    def untrained_network(self) -> nn.Module:
        """A new network of the sizes of the fit."""
        return self.make_network(self.n_z, self.n_c)

    def _parted(
        self, rows: Rows, validation: Validation | None, rng: np.random.Generator
    ) -> tuple[Rows, Rows]:
        """The rows to learn from, and those that choose the best epoch."""
        if validation is None:
            return rows.split(self.plan.validation_share, rng)
        held_out = checked_rows(*validation)
        require_same_columns(rows, held_out)
        return rows, held_out

    def _learn(self, data: Tensors, held_out: Tensors, seed: int) -> None:
        """Train a new network on z, c and weights."""
        self._train(self._weighted_loss, data, held_out, seed)

    def _weighted_loss(self, network: nn.Module, z: Tensor, c: Tensor, weights: Tensor) -> Tensor:
        return (weights * self.loss_of_rows(network, z, c)).mean()

    def _tensors(self, rows: Rows) -> Tensors:
        """z, c and weights in float32, as the network takes them."""
        z, _ = self.change.forward(torch.as_tensor(rows.x))
        c = self._standardised_condition(rows.condition)
        return z.float(), c, torch.as_tensor(rows.weights, dtype=torch.float32)
