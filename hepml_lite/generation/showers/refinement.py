"""A fast simulation is refined towards a slow one: by weights, by regression, by a bridge.

- Weights: a classifier is a density ratio (DCTR, A. Andreassen, B. Nachman, arXiv:1907.08209;
  for showers S. Diefenbacher et al., arXiv:2009.03796). Where the fast simulation makes nothing,
  no weight helps.
- Regression: a network moves each shower a little, so that the sample looks like the slow one
  (S. Bein et al., arXiv:2309.12919, here with the sliced Wasserstein distance as loss).
- Bridge: noise on the way lets one start have many ends (S. Diefenbacher et al., "SQuIRELS",
  arXiv:2308.12339).

All learn from two samples whose showers have the same incident energies row by row, and are
independent otherwise.
"""

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities import Bridge, BridgeDensity, DensityRatio, TrainingPlan, fit_ratio
from hepml_lite.densities.change_of_variables import ChangeOfVariables, Standardise
from hepml_lite.generation.showers.profiles import log_energy
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_rng

LARGEST_SEED = 2**31
N_DIRECTIONS = 64  # of the sliced distance, new ones in each step


@dataclass
class WeightRefinement:
    """Weights of fast showers, by a classifier of fast against slow ones.

    Attributes:
        model: of `densities.fit_ratio`: "trees" or "mlp".
    """

    model: Literal["trees", "mlp"] = "mlp"
    ratio: DensityRatio | None = field(default=None, init=False, repr=False)

    def fit(self, fast: ArrayLike, slow: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn from fast and slow rows (N, D) at incident energies (N,) [GeV]."""
        c = log_energy(energy)
        self.ratio = fit_ratio(slow, fast, condition=(c, c), model=self.model, rng=rng)
        return self

    def weights(self, fast: ArrayLike, energy: ArrayLike) -> np.ndarray:
        """A weight of mean one for each fast row, (N,).

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.ratio is None:
            raise RuntimeError("this WeightRefinement is not trained: call fit first")
        found = self.ratio.weights(np.asarray(fast), log_energy(energy))
        return found / found.mean()


@dataclass
class RegressionRefinement:
    """A network that moves each row: x + f(x, energy).

    Attributes:
        change: to the coordinates in which rows are moved; fitted to the slow rows.
        hidden_features: of f.
        plan: of the training; large batches, because each is compared as a whole.
    """

    change: ChangeOfVariables = field(default_factory=Standardise)
    hidden_features: tuple[int, ...] = (64, 64)
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=60, batch_size=1024, learning_rate=3e-3, patience=None
        )
    )
    network: "Mover | None" = field(default=None, init=False, repr=False)

    def fit(self, fast: ArrayLike, slow: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn from fast and slow rows (N, D) at incident energies (N,) [GeV]."""
        starts = torch.as_tensor(checked_finite("fast", fast, n_axes=2).astype(float))
        ends = torch.as_tensor(checked_finite("slow", slow, n_axes=2).astype(float))
        self.change.fit(ends)
        c = _condition(energy)
        start = self.change.forward(starts)[0].float()
        end = self.change.forward(ends)[0].float()
        seed = int(checked_rng(rng).integers(LARGEST_SEED))
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.network = Mover(start.shape[1], self.hidden_features)
        self.plan.train(
            self.network,
            (start, end, c),
            _sliced_loss,
            seed=seed,
        )
        return self

    def transport(self, fast: ArrayLike, energy: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """The moved rows (N, D); there is no noise, and `rng` changes nothing.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError("this RegressionRefinement is not trained: call fit first")
        rows = torch.as_tensor(checked_finite("fast", fast, n_axes=2).astype(float))
        start = self.change.forward(rows)[0].float()
        with torch.no_grad():
            moved = self.network(start, _condition(energy))
        return self.change.inverse(moved.double()).numpy()


@dataclass
class BridgeRefinement:
    """A Schroedinger bridge from fast to slow showers of about the same energy.

    Attributes:
        change: to the coordinates in which rows are moved; fitted to the slow rows.
        n_bins: of the energy; starts and ends are paired within a bin, by optimal transport.
        bridge: its density does not see the start: only then the shortest way is kept.
    """

    change: ChangeOfVariables = field(default_factory=Standardise)
    n_bins: int = 8
    bridge: Bridge = field(
        default_factory=lambda: Bridge(BridgeDensity(noise=0.3, sees_start=False, n_steps=20))
    )
    edges: np.ndarray = field(default_factory=lambda: np.zeros(0), init=False, repr=False)

    def fit(self, fast: ArrayLike, slow: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn from fast and slow rows (N, D) at incident energies (N,) [GeV]."""
        ends = torch.as_tensor(checked_finite("slow", slow, n_axes=2).astype(float))
        end = self.change.fit(ends).forward(ends)[0].numpy()
        logs = log_energy(energy)[:, 0]
        self.edges = np.quantile(logs, np.linspace(0, 1, self.n_bins + 1)[1:-1])
        label = self._bin(logs)
        start = self._changed(fast)
        self.bridge.fit(start, end, label, paired=False, end_condition=label, rng=rng)
        return self

    def transport(self, fast: ArrayLike, energy: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """One end (N, D) for each fast row."""
        label = self._bin(log_energy(energy)[:, 0])
        moved = self.bridge.transport(self._changed(fast), label, rng)
        return self.change.inverse(torch.as_tensor(moved)).numpy()

    def _bin(self, logs: np.ndarray) -> np.ndarray:
        return np.digitize(logs, self.edges)[:, None].astype(float)

    def _changed(self, fast: ArrayLike) -> np.ndarray:
        rows = torch.as_tensor(checked_finite("fast", fast, n_axes=2).astype(float))
        return self.change.forward(rows)[0].numpy()


class Mover(nn.Module):
    """x + f(x, c), which is x at the start of the training."""

    def __init__(self, n_features: int, hidden_features: tuple[int, ...]):
        super().__init__()
        self.hidden = MLP((n_features + 1, *hidden_features), nn.SiLU, activate_last=True)
        self.shift = nn.Linear(hidden_features[-1], n_features)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Rows x (N, D) and conditions c (N, 1) → (N, D)."""
        return x + self.shift(self.hidden(torch.cat([x, c], 1)))


def sliced_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared Wasserstein distance of order two over random projections of rows (N, D)."""
    directions = torch.randn(a.shape[1], N_DIRECTIONS, device=a.device)
    directions = directions / directions.norm(dim=0)
    projected = (a @ directions).sort(0).values - (b @ directions).sort(0).values
    return projected.square().mean()


def _sliced_loss(network: nn.Module, start: Tensor, end: Tensor, c: Tensor) -> Tensor:
    """The distance of moved and slow rows, each beside its energy."""
    moved = network(start, c)
    return sliced_distance(torch.cat([moved, c], 1), torch.cat([end, c], 1))


def _condition(energy: ArrayLike) -> Tensor:
    """ln E, of width about one, (N, 1)."""
    return torch.as_tensor(log_energy(energy) - np.log(10.0), dtype=torch.float32)
