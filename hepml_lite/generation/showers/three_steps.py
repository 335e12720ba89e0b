"""Voxels in three steps: energies of the layers, which cells are hit, and the shares of the hit ones.

The first step is that of `two_steps`. The second makes exact zeros (`hit_masks`), so that the third,
conditional flow matching with the hits among its inputs, has only smooth logarithms to learn.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities import TrainingPlan
from hepml_lite.generation.showers.hit_masks import HitMasks
from hepml_lite.generation.showers.layer_transformer import LayerTransformer
from hepml_lite.generation.showers.two_steps import TwoStepVoxels, VoxelMatching
from hepml_lite.generation.showers.voxel_rows import checked_voxels, symmetric_copies
from hepml_lite.statistics.settings_checks import Seed, checked_rng


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
        relative = self.shapes.sample(1, inputs, generator)[0]
        shares = np.where(is_hit, np.exp(np.clip(relative, -18, 2)), 0.0)
        return with_hits(shares, layers, self.threshold)

    def _relative(
        self, voxels: np.ndarray, layers: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Logarithms of shares of the layer (N, V); cells without energy get a likely number."""
        n_cells = self.geometry.n_voxels // len(self.geometry.layers)
        of_layer = np.repeat(np.maximum(layers, self.threshold), n_cells, axis=1)
        is_hit = voxels > 0
        logs = np.log(np.where(is_hit, voxels, of_layer) / of_layer)
        n_hits = np.maximum(is_hit.sum(axis=0), 1)
        mean = (logs * is_hit).sum(axis=0) / n_hits
        width = np.sqrt(((logs - mean) ** 2 * is_hit).sum(axis=0) / n_hits) + 1e-3
        return np.where(is_hit, logs, mean + width * rng.normal(size=logs.shape))


def with_hits(shares: np.ndarray, layers: np.ndarray, threshold: float) -> np.ndarray:
    """Shares (N, V) as energies of their layers (N, L): each hit keeps at least the threshold.

    A layer without hits gives its energy to its first cell; a layer with more hits than its energy
    allows loses the smallest.
    """
    n_showers, n_layers = layers.shape
    grid = shares.reshape(n_showers, n_layers, -1).copy()
    is_lost = (grid.sum(axis=2) <= 0) & (layers > 0)
    grid[..., 0] = np.where(is_lost, 1.0, grid[..., 0])
    allowed = np.floor(layers / threshold)[..., None]
    rank = np.argsort(np.argsort(-grid, axis=2), axis=2)
    grid = np.where(rank < allowed, grid, 0.0)
    is_hit = grid > 0
    n_hits = is_hit.sum(axis=2)[..., None]
    total = np.maximum(grid.sum(axis=2, keepdims=True), np.finfo(float).tiny)
    energies = grid / total * layers[..., None]
    for _ in range(grid.shape[2]):  # what is below the threshold is lifted, the others pay
        is_low = is_hit & (energies <= threshold)
        free = layers[..., None] - threshold * is_low.sum(axis=2, keepdims=True)
        above = np.where(is_hit & ~is_low, energies, 0.0)
        sum_above = above.sum(axis=2, keepdims=True)
        scaled = np.where(is_low, threshold, above * free / np.maximum(sum_above, 1e-300))
        if np.allclose(scaled, energies, rtol=1e-9, atol=0):
            break
        energies = scaled
    alone = (n_hits == 1) & is_hit
    energies = np.where(alone, layers[..., None], energies)
    return energies.reshape(n_showers, -1)
