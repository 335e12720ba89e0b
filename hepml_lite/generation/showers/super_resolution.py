"""Super-resolution: coarse voxels are divided into fine ones.

A first model, or a fast simulation, makes coarse voxels; a second, small one divides each of them,
given its energy, its place and its neighbours, with the same network for all. I. Pang, J. A. Raine,
D. Shih, "SuperCalo: Calorimeter shower super-resolution", arXiv:2308.11700.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.showers import Geometry
from hepml_lite.densities import FlowMatching, TrainedDensity, TrainingPlan
from hepml_lite.densities.change_of_variables import ChangeOfVariables, Standardise, chain
from hepml_lite.generation.showers.two_steps import (
    THRESHOLD,
    with_layer_energies,
)
from hepml_lite.generation.showers.voxel_logs import LogAboveThreshold
from hepml_lite.generation.showers.voxel_rows import checked_voxels
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


@dataclass
class SuperResolution:
    """p(fine voxels | coarse voxel, its place, its neighbours, incident energy).

    Attributes:
        geometry: of the fine voxels, all layers divided in the same way.
        n_angles: fine angular cells in a coarse one.
        n_rings: fine rings in a coarse one.
        threshold: of a fine voxel [GeV].
        most_rows: coarse voxels that the training takes, at random.
        density: of the fine voxels of one coarse voxel; None: flow matching of usual size.

    Raises:
        ValueError: numbers that do not divide the angles and rings of the geometry.
    """

    geometry: Geometry
    n_angles: int = 2
    n_rings: int = 2
    threshold: float = THRESHOLD
    most_rows: int = 100_000
    density: TrainedDensity | None = field(default=None)

    def __post_init__(self) -> None:
        self.most_rows = checked_count("most_rows", self.most_rows)
        angles, rings = self.geometry.layers[0].shape
        if angles % self.n_angles or rings % self.n_rings:
            raise ValueError(
                f"{self.n_angles} angles and {self.n_rings} rings do not divide the layers of "
                f"{angles} angles and {rings} rings: give divisors"
            )

    def coarse(self, voxels: ArrayLike) -> np.ndarray:
        """Coarse voxels (N, C) [GeV] of fine ones (N, V)."""
        return (
            self._children(checked_voxels(voxels, self.geometry))
            .sum(axis=-1)
            .reshape(len(np.asarray(voxels)), -1)
        )

    def fit(self, voxels: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn from fine voxels (N, V) [GeV] at incident energies (N,) [GeV].

        Raises:
            ValueError: voxels that do not fit the geometry, or negative energies.
        """
        generator = checked_rng(rng)
        fine = checked_voxels(voxels, self.geometry)
        fine = np.where(fine >= self.threshold, fine, 0.0)
        children = self._children(fine)  # (N, L, A, R, K)
        coarse = children.sum(axis=-1)
        places = np.argwhere(coarse >= self.threshold)
        chosen = places[generator.permutation(len(places))[: self.most_rows]]
        if self.density is None:
            self.density = usual_density(self.threshold)
        rows = children[tuple(chosen.T)]
        condition = self._conditions(coarse, np.asarray(energy, dtype=float), chosen)
        self.density.fit(rows, condition, rng=generator)
        return self

    def sample(self, coarse: ArrayLike, energy: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """Fine voxels (N, V) [GeV], whose sums are the coarse ones (N, C).

        Coarse voxels below the threshold become empty.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.density is None:
            raise RuntimeError("this SuperResolution is not trained: call fit first")
        shape = self._coarse_shape
        grid = np.asarray(coarse, dtype=float).reshape(-1, *shape)
        places = np.argwhere(grid >= self.threshold)
        condition = self._conditions(grid, np.asarray(energy, dtype=float), places)
        drawn = self.density.sample(1, condition, rng)[0]  # (M, K)
        sums = grid[tuple(places.T)][:, None]
        children = np.zeros((*grid.shape, self.n_angles * self.n_rings))
        children[tuple(places.T)] = with_layer_energies(drawn, sums, self.threshold)
        return self._fine(children)

    @property
    def _coarse_shape(self) -> tuple[int, int, int]:
        """Layers, angles and rings of the coarse voxels."""
        angles, rings = self.geometry.layers[0].shape
        return len(self.geometry.layers), angles // self.n_angles, rings // self.n_rings

    def _children(self, fine: np.ndarray) -> np.ndarray:
        """Fine voxels of each coarse one, (N, L, A, R, K)."""
        n_layers, angles, rings = self._coarse_shape
        grid = fine.reshape(-1, n_layers, angles, self.n_angles, rings, self.n_rings)
        return grid.transpose(0, 1, 2, 4, 3, 5).reshape(len(fine), n_layers, angles, rings, -1)

    def _fine(self, children: np.ndarray) -> np.ndarray:
        """The inverse of `_children`, (N, V)."""
        n_layers, angles, rings = self._coarse_shape
        grid = children.reshape(-1, n_layers, angles, rings, self.n_angles, self.n_rings)
        return grid.transpose(0, 1, 2, 4, 3, 5).reshape(len(children), -1)

    def _conditions(self, coarse: np.ndarray, energy: np.ndarray, places: np.ndarray) -> np.ndarray:
        """What the network knows of each place (M, 4) of coarse voxels (N, L, A, R), (M, 9)."""
        shower, layer, angle, ring = places.T
        logs = np.log(coarse + self.threshold)
        around = np.pad(logs, ((0, 0), (1, 1), (0, 0), (1, 1)), mode="edge")
        n_angles = coarse.shape[2]
        return np.column_stack(
            [
                np.log(energy[shower]),
                layer,
                ring,
                logs[shower, layer, angle, ring],
                around[shower, layer, angle, ring + 1],  # the layer before
                around[shower, layer + 2, angle, ring + 1],
                around[shower, layer + 1, angle, ring],  # the ring inside
                logs[shower, layer, (angle - 1) % n_angles, ring],
                logs[shower, layer, (angle + 1) % n_angles, ring],
            ]
        )


def voxel_coordinates(threshold: float) -> ChangeOfVariables:
    """Voxels [GeV] to numbers of mean zero and width one."""
    return chain(LogAboveThreshold(threshold), Standardise())


def usual_density(threshold: float) -> FlowMatching:
    """A small network, because it is asked for every coarse voxel."""
    plan = TrainingPlan(epochs=10, batch_size=1024, learning_rate=3e-3, patience=None)
    return FlowMatching(
        change=voxel_coordinates(threshold), width=64, sampler="midpoint", n_steps=6, plan=plan
    )
