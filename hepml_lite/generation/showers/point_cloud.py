"""Showers as clouds of points: their number first, then the points, all at once.

Only voxels with energy are points, so that empty space costs nothing: E. Buhmann et al.,
"CaloClouds", arXiv:2305.04847, and "CaloClouds II", arXiv:2309.05704, here with flow matching on
sets. A point is a voxel with energy; within its voxel it is placed at random.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.showers import Geometry
from hepml_lite.densities import SetDensity, SetFlowMatching, TrainingPlan
from hepml_lite.generation.showers.profiles import log_energy
from hepml_lite.generation.showers.two_steps import THRESHOLD
from hepml_lite.generation.showers.voxel_rows import checked_voxels
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

N_FEATURES = 5  # depth, ring, cosine and sine of the angle, logarithm of the energy


def usual_density() -> SetFlowMatching:
    """A small network of sets: time grows with the number of points."""
    plan = TrainingPlan(epochs=20, batch_size=64, learning_rate=2e-3, patience=None)
    return SetFlowMatching(width=32, n_layers=2, n_steps=10, plan=plan)


@dataclass
class PointShowers:
    """p(number of points | energy) p(points | number, energy).

    Attributes:
        geometry: of the voxels, all layers divided in the same way; see `SuperResolution.coarse`
            for fewer and larger ones.
        most_points: of a shower; those of lowest energy are left out.
        threshold: of a voxel [GeV].
        density: of the points.
    """

    geometry: Geometry
    most_points: int = 250
    threshold: float = THRESHOLD
    density: SetDensity = field(default_factory=usual_density)

    def __post_init__(self) -> None:
        self.most_points = checked_count("most_points", self.most_points)

    def fit(self, voxels: ArrayLike, energy: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn from voxels (N, V) [GeV] at incident energies (N,) [GeV].

        Raises:
            ValueError: voxels that do not fit the geometry, or negative energies.
        """
        generator = checked_rng(rng)
        points, mask = self.points(voxels, generator)
        self.density.fit(points, mask, log_energy(energy), rng=generator)
        return self

    def sample(self, energy: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """Voxels (N, V) [GeV] of one shower for each incident energy (N,) [GeV].

        Raises:
            RuntimeError: nothing has been fitted.
        """
        points, mask = self.density.sample(1, log_energy(energy), rng)
        return self.voxels(points[0], mask[0])

    def points(self, voxels: ArrayLike, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
        """Points (N, P, 5) of voxels (N, V), the hardest first, and their mask (N, P)."""
        generator = checked_rng(rng)
        energies = checked_voxels(voxels, self.geometry)
        order = np.argsort(-energies, axis=1)[:, : self.most_points]
        of_point = np.take_along_axis(energies, order, axis=1)
        mask = of_point >= self.threshold
        n_angles, n_rings = self.geometry.layers[0].shape
        layer, in_layer = np.divmod(order, n_angles * n_rings)
        angle, ring = np.divmod(in_layer, n_rings)
        within = generator.random((3, *order.shape))
        phi = 2 * np.pi * (angle + within[0]) / n_angles
        logs = np.log(np.maximum(of_point, self.threshold) / self.threshold)
        features = [layer + within[1], ring + within[2], np.cos(phi), np.sin(phi), logs]
        return np.where(mask[..., None], np.stack(features, axis=2), 0.0), mask

    def voxels(self, points: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Voxels (N, V) of points (N, P, 5); points of one voxel add up, others are lost."""
        n_layers = len(self.geometry.layers)
        n_angles, n_rings = self.geometry.layers[0].shape
        shower, _ = np.nonzero(mask)
        depth, radius, cosine, sine, logs = points[mask].T
        turn = np.arctan2(sine, cosine) / (2 * np.pi) % 1.0
        layer = np.floor(depth).astype(int)
        ring = np.floor(radius).astype(int)
        angle = np.minimum(np.floor(turn * n_angles).astype(int), n_angles - 1)
        inside = (layer >= 0) & (layer < n_layers) & (ring >= 0) & (ring < n_rings)
        inside &= logs >= 0
        result = np.zeros((len(points), n_layers, n_angles, n_rings))
        where = (shower[inside], layer[inside], angle[inside], ring[inside])
        np.add.at(result, where, self.threshold * np.exp(logs[inside]))
        return result.reshape(len(points), -1)
