"""Voxels in three steps: energies of the layers, which cells are hit, shares of the hit ones.

The first step is that of `two_steps`. The second makes exact zeros (`hit_masks`). The third,
conditional flow matching with the hits among its inputs, learns the logarithms of what each hit has
above the threshold, as a share of what all hits of its layer have above it: no hit can be lost.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities import TrainingPlan
from hepml_lite.generation.showers.hit_masks import HitMasks
from hepml_lite.generation.showers.layer_transformer import LayerTransformer
from hepml_lite.generation.showers.two_steps import TwoStepVoxels, VoxelMatching
from hepml_lite.generation.showers.voxel_rows import checked_voxels, symmetric_copies
from hepml_lite.statistics.settings_checks import Seed, checked_rng

SMALLEST_EXCESS = 1e-3  # of a hit over the threshold, in thresholds


class MaskedLayers(nn.Module):
    """`LayerTransformer` that sees the hits of each layer beside its numbers."""

    def __init__(self, n_layers: int, n_voxels: int, width: int = 64, n_blocks: int = 3):
        super().__init__()
        self.n_layers = n_layers
        self.velocity = LayerTransformer(n_layers, n_voxels, width, n_blocks=n_blocks)
        self.hits = nn.Linear(n_voxels, width)

    def forward(self, x: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Numbers x (N, L V), times t (N,), conditions c (N, 1 + L + L V) → (N, L V)."""
        n_first = 1 + self.n_layers
        hits = c[:, n_first:].view(len(x), self.n_layers, -1)
        return self.velocity(x, t, c[:, :n_first], self.hits(hits))


@dataclass(kw_only=True)
class MaskedMatching(VoxelMatching):
    """Flow matching of the logarithms of shares, with the hits among the conditions."""

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """A transformer of the layers and their hits."""
        n_voxels = n_features // self.n_layers
        return MaskedLayers(self.n_layers, n_voxels, self.width, n_blocks=self.n_blocks)


@dataclass
class ThreeStepVoxels(TwoStepVoxels):
    """p(layers | energy) p(hits | layers, energy) p(shares | hits, layers, energy).

    Attributes:
        hits: the second step.
    """

    hits: HitMasks = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        n_layers = len(self.geometry.layers)
        self.hits = HitMasks(n_layers)
        plan = TrainingPlan(epochs=12, batch_size=256, learning_rate=3e-3, patience=None)
        self.shapes = MaskedMatching(n_layers=n_layers, plan=plan)

    def fit_shapes(self, voxels: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Train the second and the third step; arguments and errors as `fit`."""
        generator = checked_rng(rng)
        above = self._above_threshold(checked_voxels(voxels, self.geometry))
        copies, of_shower = symmetric_copies(above, self.geometry, self.n_copies, generator)
        layers = self._layer_energies(above)
        condition = self.shape_conditions(layers, np.asarray(energy, dtype=float))[of_shower]
        is_hit = copies > 0
        self.hits.fit(is_hit, condition, generator)
        relative = self._relative(copies, layers[of_shower], generator)
        self.shapes.fit(relative, np.hstack([condition, is_hit]), rng=generator)
        return self

    def sample_voxels(self, layers: np.ndarray, energy: np.ndarray, rng: Seed = 0) -> np.ndarray:
        """Voxels (N, V) [GeV] of given layer energies (N, L) and incident energies (N,)."""
        generator = checked_rng(rng)
        condition = self.shape_conditions(layers, energy)
        is_hit = self.hits.sample(condition, generator)
        inputs = np.hstack([condition, is_hit])
        logs = self.shapes.sample(1, inputs, generator)[0]
        return above_threshold(np.where(is_hit, logs, -np.inf), layers, self.threshold)

    def _relative(
        self, voxels: np.ndarray, layers: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Logarithms of shares of the excess over the threshold, (N, V).

        Cells without energy get a likely number: the network need not know them.
        """
        n_layers = len(self.geometry.layers)
        is_hit = voxels > 0
        excess = np.maximum(voxels - self.threshold, SMALLEST_EXCESS * self.threshold)
        excess = np.where(is_hit, excess, 0.0).reshape(len(voxels), n_layers, -1)
        total = np.maximum(excess.sum(axis=2, keepdims=True), np.finfo(float).tiny)
        shares = (excess / total).reshape(voxels.shape)
        logs = np.log(np.where(is_hit, shares, 1.0))
        n_hits = np.maximum(is_hit.sum(axis=0), 1)
        mean = (logs * is_hit).sum(axis=0) / n_hits
        width = np.sqrt(((logs - mean) ** 2 * is_hit).sum(axis=0) / n_hits) + 1e-3
        return np.where(is_hit, logs, mean + width * rng.normal(size=logs.shape))


def above_threshold(logs: np.ndarray, layers: np.ndarray, threshold: float) -> np.ndarray:
    """Energies (N, V) of cells from logarithms of their shares of the excess; -inf is no hit.

    Each hit has the threshold and its share of what is left of its layer's energy (N, L), so no
    energy is lost and no hit falls below the threshold. A layer that cannot pay for its hits loses
    the smallest; one with energy and no hit gives all of it to its first cell.
    """
    n_showers, n_layers = layers.shape
    grid = logs.reshape(n_showers, n_layers, -1).copy()
    is_alone = ~np.isfinite(grid).any(axis=2)
    grid[..., 0] = np.where(is_alone, 0.0, grid[..., 0])
    rank = np.argsort(np.argsort(-grid, axis=2), axis=2)
    allowed = np.floor(layers / threshold + 1e-9)[..., None]
    is_hit = np.isfinite(grid) & (rank < allowed)
    top = grid.max(axis=2, keepdims=True)
    shares = np.where(is_hit, np.exp(grid - top), 0.0)
    shares /= np.maximum(shares.sum(axis=2, keepdims=True), np.finfo(float).tiny)
    excess = np.maximum(layers - threshold * is_hit.sum(axis=2), 0.0)[..., None]
    return (threshold * is_hit + shares * excess).reshape(n_showers, -1)
