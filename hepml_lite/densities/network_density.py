"""What densities of rows and of sets share: settings, sizes, and the training of their network."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.densities.change_of_variables import ChangeOfVariables, Standardise
from hepml_lite.training.batches import Arrays
from hepml_lite.training.optimisation import Loss

LARGEST_SEED = 2**31
Network = TypeVar("Network", bound=nn.Module)


@dataclass
class TrainingPlan:
    """How a density is trained; the fields are arguments of `hepml_lite.training.fit`.

    Attributes:
        epochs: passes over the rows, at most.
        batch_size: rows in a step.
        learning_rate: at the start; it falls to zero as a cosine.
        patience: epochs without a lower validation loss before the training stops.
        validation_share: share of the rows that are held out where `fit` gets no validation.
        device: "auto", "cpu", "cuda", "mps".
        progress: show a bar.
    """

    epochs: int = 100
    batch_size: int = 256
    learning_rate: float = 1e-3
    patience: int | None = 15
    validation_share: float = 0.1
    device: str = "auto"
    progress: bool = True

    def train(
        self,
        network: nn.Module,
        data: Arrays,
        loss: Loss,
        *,
        validation: Arrays | None = None,
        callbacks: Sequence[training.Callback] = (),
        seed: int = 0,
    ) -> training.History:
        """Train a network as planned; without validation there is no early stop.

        Args:
            network: whose weights are trained, in place.
            data: arrays or tensors of N rows each.
            loss: called as loss(network, *batch).
            validation: those of other rows, which choose the best epoch.
            callbacks: told about the training.
            seed: of the order of the rows, and of random losses.
        """
        return training.fit(
            network,
            data,
            loss,
            validation=validation,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=training.cosine,
            patience=None if validation is None else self.patience,
            callbacks=callbacks,
            seed=seed,
            device=self.device,
            progress=self.progress,
        )


@dataclass(kw_only=True)
class NetworkDensity(ABC, Generic[Network]):
    """A conditional density in the weights of a network, in standardised variables z and c.

    Attributes:
        change: from the user's variables x to z.
        condition_change: the same for the conditions.
        plan: of the training.
        callbacks: told about the training, as in `hepml_lite.training.fit`.
        network: after `fit`.
        n_features: D of x, after `fit`.
        n_conditions: C of the conditions, after `fit`; 0 without.
        history: of the training, after `fit`.
    """

    SIZES: ClassVar[tuple[str, ...]] = ("n_features", "n_conditions")  # they fix the network

    change: ChangeOfVariables = field(default_factory=Standardise)
    condition_change: ChangeOfVariables = field(default_factory=Standardise)
    plan: TrainingPlan = field(default_factory=TrainingPlan)
    callbacks: Sequence[training.Callback] = field(default=(), repr=False)
    network: Network | None = field(default=None, init=False, repr=False)
    n_features: int = field(default=0, init=False)
    n_conditions: int = field(default=0, init=False)
    history: training.History | None = field(default=None, init=False, repr=False)

    @abstractmethod
    def untrained_network(self) -> Network:
        """A new network of the sizes of the fit."""

    def fitted_network(self) -> Network:
        """The trained network.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError(f"this {type(self).__name__} is not trained: call fit first")
        return self.network

    @property
    def n_z(self) -> int:
        """Columns of z."""
        return self.change.n_columns(self.n_features)

    @property
    def n_c(self) -> int:
        """Columns of the changed conditions; 0 without conditions."""
        return self.condition_change.n_columns(self.n_conditions) if self.n_conditions else 0

    def _fit_changes(self, x: np.ndarray, condition: np.ndarray) -> None:
        """Learn the changes of variables from the rows (N, D) and (M, C) of the training."""
        self.n_features = x.shape[1]
        self.n_conditions = condition.shape[1]
        self.change.fit(torch.as_tensor(x))
        if self.n_conditions:
            self.condition_change.fit(torch.as_tensor(condition))

    def _take_changes(self, other: "NetworkDensity") -> None:
        """Work in the variables of another density, with copies of its changes."""
        self.change = deepcopy(other.change)
        self.condition_change = deepcopy(other.condition_change)
        self.n_features = other.n_features
        self.n_conditions = other.n_conditions

    def _train(
        self,
        loss: Loss,
        data: Sequence[Tensor],
        validation: Sequence[Tensor],
        seed: int,
    ) -> None:
        """Train a new network as the plan says."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = self.untrained_network()
        self.network = network
        self.history = self.plan.train(
            network,
            data,
            loss,
            validation=validation,
            callbacks=self.callbacks,
            seed=seed,
        )

    def _standardised_condition(self, conditions: np.ndarray) -> Tensor:
        """c (M, C) in float32."""
        if not self.n_conditions:
            return torch.zeros(len(conditions), 0)
        c, _ = self.condition_change.forward(torch.as_tensor(conditions))
        return c.float()
