"""Which cells of a shower are hit: one layer after the other, given the energies of the layers.

Many cells of a shower are empty, and a density that is smooth has no room for a share of exact
zeros. So the zeros get a model of their own: a Bernoulli for each cell, whose probability depends
on the energies of the layers and on the hits before, p(h) = Π_l p(h_l | h_{l-1}, h_{l-2}, ...).
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.densities import TrainingPlan
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import Seed, checked_rng
from hepml_lite.training.two_players import descend

N_BEFORE = 2  # layers whose hits are seen
LARGEST_SEED = 2**31


@dataclass
class HitMasks:
    """p(hits | layer energies, incident energy), cells of a layer independent given those before.

    Attributes:
        n_layers: layers of the calorimeter, L.
        width: hidden numbers.
        plan: epochs, size of a batch (of showers) and learning rate of the training.
    """

    n_layers: int
    width: int = 128
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=12, batch_size=128, learning_rate=2e-3, patience=None
        )
    )
    network: nn.Module | None = field(default=None, init=False, repr=False)
    centre: np.ndarray = field(default_factory=lambda: np.zeros(0), init=False, repr=False)
    scale: np.ndarray = field(default_factory=lambda: np.ones(0), init=False, repr=False)
    losses: list[float] = field(default_factory=list, init=False, repr=False)

    def fit(self, hits: np.ndarray, condition: np.ndarray, rng: Seed = 0) -> Self:
        """Learn from hits (N, V), true where a cell has energy, at conditions (N, 1 + L).

        The conditions are logarithms of the incident energy and of those of the layers.
        """
        self.centre, self.scale = condition.mean(axis=0), condition.std(axis=0)
        hit = torch.as_tensor(hits.reshape(len(hits), self.n_layers, -1)).float()  # (N, L, C)
        c = self._standardised(condition)
        with torch.random.fork_rng():
            torch.manual_seed(int(checked_rng(rng).integers(LARGEST_SEED)))
            self.network = self._new_network(hit.shape[2])
            self._train(self.network, hit, c)
        return self

    def logits(self, network: nn.Module, hit: Tensor, c: Tensor) -> Tensor:
        """Logits (N, L, C) of all cells, each layer given the hits (N, L, C) before it."""
        empty = hit.new_zeros(len(hit), N_BEFORE, hit.shape[2])
        before = torch.cat([empty, hit], 1)  # layer l of the hits is place l + 2 here
        layers = [self._of_layer(network, before, c, number) for number in range(self.n_layers)]
        return torch.stack(layers, 1)

    def sample(self, condition: np.ndarray, rng: Seed = 0) -> np.ndarray:
        """Hits (N, V), boolean, at conditions (N, 1 + L).

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError("nothing has been fitted: call fit first")
        c = self._standardised(condition)
        generator = torch.Generator().manual_seed(int(checked_rng(rng).integers(LARGEST_SEED)))
        last: nn.Linear = list(self.network.modules())[-1]  # type: ignore[assignment]
        before = torch.zeros(len(c), N_BEFORE, last.out_features)
        with torch.no_grad():
            for number in range(self.n_layers):
                chance = torch.sigmoid(self._of_layer(self.network, before, c, number))
                drawn = torch.rand(chance.shape, generator=generator) < chance
                before = torch.cat([before, drawn.float().unsqueeze(1)], 1)
        return before[:, N_BEFORE:].bool().flatten(1).numpy()

    def _of_layer(self, network: nn.Module, before: Tensor, c: Tensor, number: int) -> Tensor:
        """Logits (N, C) of one layer; `before` has N_BEFORE empty layers in front."""
        seen = before[:, number : number + N_BEFORE]  # (N, 2, C)
        place = nn.functional.one_hot(torch.tensor(number), self.n_layers).float()
        own = c[:, number + 1 : number + 2]  # energy of this layer
        totals = before[:, : number + N_BEFORE].mean(dim=(1, 2)).unsqueeze(1)
        inputs = [c, own, totals, seen.mean(2), place.expand(len(c), -1), seen.flatten(1)]
        return network(torch.cat(inputs, 1))

    def _new_network(self, n_cells: int) -> nn.Module:
        n_inputs = 1 + self.n_layers + 2 + N_BEFORE + self.n_layers + N_BEFORE * n_cells
        return MLP((n_inputs, self.width, self.width, n_cells), nn.SiLU)

    def _train(self, network: nn.Module, hit: Tensor, c: Tensor) -> None:
        optimizer = torch.optim.Adam(network.parameters(), lr=self.plan.learning_rate)
        n_batches = -(-len(hit) // self.plan.batch_size)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, self.plan.epochs * n_batches
        )
        loss_of = nn.BCEWithLogitsLoss()
        for _ in range(self.plan.epochs):
            total = 0.0
            for rows in torch.randperm(len(hit)).split(self.plan.batch_size):
                loss = loss_of(self.logits(network, hit[rows], c[rows]), hit[rows])
                descend(optimizer, loss)
                schedule.step()
                total += float(loss.detach()) * len(rows)
            self.losses.append(total / len(hit))

    def _standardised(self, condition: np.ndarray) -> Tensor:
        return torch.as_tensor((condition - self.centre) / self.scale).float()
