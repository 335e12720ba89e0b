"""What the detectors of outliers share: rows are checked and scaled, a network learns, and scores.

A detector sees background only and gives every event a number: the larger, the stranger. No
signal is assumed, so there is no best score: each method says what it takes for strange.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.densities.change_of_variables import ChangeOfVariables, Standardise
from hepml_lite.densities.network_density import LARGEST_SEED, TrainingPlan
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_rng

ROWS_AT_ONCE = 2048  # of a score
FEWEST_ROWS = 20  # to learn from and to choose the best epoch


class Detector(Protocol):
    """What every detector of outliers can do."""

    def fit(self, background: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn from rows."""
        ...

    def score(self, events: ArrayLike) -> np.ndarray:
        """The larger, the stranger, (N,)."""
        ...


@dataclass(kw_only=True)
class OutlierDetector(ABC):
    """A detector that is trained on rows of background and scores any rows.

    A subclass is a dataclass of its settings. It says which network it needs, what the loss of a
    row is and what its score is, all in the scaled variables z.

    Attributes:
        change: from the user's rows x to z; None: z is x, as for images.
        plan: of the training.
        callbacks: told about the training, as in `hepml_lite.training.fit`.
        network: after `fit`.
        n_features: D, numbers in a row, after `fit`.
        history: of the training, after `fit`.
    """

    change: ChangeOfVariables | None = field(default_factory=Standardise)
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=15, batch_size=128, learning_rate=1e-3, patience=None, progress=False
        )
    )
    callbacks: Sequence[training.Callback] = field(default=(), repr=False)
    network: nn.Module | None = field(default=None, init=False, repr=False)
    n_features: int = field(default=0, init=False)
    history: training.History | None = field(default=None, init=False, repr=False)

    @abstractmethod
    def make_network(self, n_features: int) -> nn.Module:
        """The network, untrained, for z (N, n_features)."""

    @abstractmethod
    def loss_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """The loss of each row, (N,)."""

    @abstractmethod
    def score_of_rows(self, network: nn.Module, z: Tensor) -> Tensor:
        """The score of each row, (N,): the larger, the stranger."""

    def fit(self, background: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn what background looks like; a share of the rows is held out for the best epoch.

        Args:
            background: (N, ...), flattened to (N, D).
            rng: of the held-out rows, the initial weights and the training.

        Raises:
            ValueError: fewer than 20 rows, NaN or infinite numbers.
        """
        generator = checked_rng(rng)
        rows = flat_rows("background", background)
        if len(rows) < FEWEST_ROWS:
            raise ValueError(
                f"background has {len(rows)} rows: a detector needs {FEWEST_ROWS}, better thousands"
            )
        self.n_features = rows.shape[1]
        order = generator.permutation(len(rows))
        n_held_out = max(1, round(self.plan.validation_share * len(rows)))
        learned = torch.as_tensor(rows[order[n_held_out:]])
        if self.change is not None:
            self.change.fit(learned)
        held_out = self._scaled(torch.as_tensor(rows[order[:n_held_out]]))
        seed = int(generator.integers(LARGEST_SEED))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = self.make_network(self.n_features)
        self._train(self._scaled(learned), held_out, seed)
        return self

    def score(self, events: ArrayLike) -> np.ndarray:
        """How strange each event is, (N,): the larger, the stranger.

        Args:
            events: (N, ...) of the same size as the background.

        Raises:
            ValueError: other numbers in a row than in `fit`, NaN or infinite numbers.
            RuntimeError: nothing has been fitted.
        """
        network = self.fitted_network()
        rows = flat_rows("events", events)
        if rows.shape[1] != self.n_features:
            raise ValueError(
                f"events have {rows.shape[1]} numbers each, the background had {self.n_features}: "
                "give the same features or pixels"
            )
        parts = []
        for z in self._scaled(torch.as_tensor(rows)).split(ROWS_AT_ONCE):
            with torch.no_grad():
                parts.append(self.score_of_rows(network, z).double())
        return torch.cat(parts).numpy() if parts else np.zeros(0)

    def fitted_network(self) -> nn.Module:
        """The trained network.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError(f"this {type(self).__name__} is not trained: call fit(rows) first")
        return self.network

    def _train(self, learned: Tensor, held_out: Tensor, seed: int) -> None:
        """Minimise the mean loss on scaled rows (N, D)."""
        self.history = self.plan.train(
            self.fitted_network(),
            (learned,),
            self._loss,
            validation=(held_out,),
            callbacks=self.callbacks,
            seed=seed,
        )

    def _loss(self, network: nn.Module, z: Tensor) -> Tensor:
        return self.loss_of_rows(network, z).mean()

    def _scaled(self, x: Tensor) -> Tensor:
        """z (N, D) in float32."""
        z = x if self.change is None else self.change.forward(x)[0]
        return z.float()


def flat_rows(name: str, events: ArrayLike) -> np.ndarray:
    """Finite numbers (N, D) of an array (N, ...)."""
    values = checked_finite(name, events)
    if values.ndim < 2:
        raise ValueError(f"{name} has shape {values.shape}: give one row for each event, (N, D)")
    return np.ascontiguousarray(values.reshape(len(values), -1))  # torch takes no reversed views
