"""Sums of energy deposits in the voxels of a cylindrical calorimeter."""

import numpy as np

from hepml_lite.containers.showers import Geometry


class VoxelSum:
    """Energy per voxel of N showers, filled deposit by deposit, in a fixed order.

    Args:
        n: number of showers.
        geometry: cut in the same way in all layers, without gaps.
        scale: length of one unit of radius in the unit of the positions.

    Raises:
        ValueError: if the layers are cut differently.
    """

    def __init__(self, n: int, geometry: Geometry, scale: float) -> None:
        if not geometry.is_regular:
            raise ValueError(
                "the layers have different voxels: give a geometry with the same angles and radii "
                "in all layers"
            )
        first, *_ = geometry.layers
        self._depths = np.array([first.depth[0], *(layer.depth[1] for layer in geometry.layers)])
        self._radii = np.array(first.radii) * scale
        self._n_angles = first.n_angles
        self._shape = (n, len(geometry.layers), first.n_angles, len(first.radii) - 1)
        self._sum = np.zeros(int(np.prod(self._shape)))

    def add(self, shower: np.ndarray, position: np.ndarray, energy: np.ndarray) -> None:
        """Add deposits at (M, 3) positions x, y, z; deposits outside are lost."""
        x, y, z = position.T
        angle = np.floor((np.arctan2(y, x) / np.pi + 1) / 2 * self._n_angles).astype(np.int64)
        layer = np.searchsorted(self._depths, z, side="right") - 1
        self.add_at(shower, layer, angle % self._n_angles, np.hypot(x, y), energy)

    def add_at(
        self,
        shower: np.ndarray,
        layer: np.ndarray,
        angle: np.ndarray,
        radius: np.ndarray,
        energy: np.ndarray,
    ) -> None:
        """Add deposits in layers and angles given by number, at a distance from the axis."""
        ring = np.searchsorted(self._radii, radius, side="right") - 1
        inside = (layer >= 0) & (layer < self._shape[1]) & (ring < self._shape[3])
        where = (shower[inside], layer[inside], angle[inside], ring[inside])
        np.add.at(self._sum, np.ravel_multi_index(where, self._shape), energy[inside])

    def voxels(self, threshold: float = 0.0) -> np.ndarray:
        """The sums as (N, V) in the order of `Showers.voxels`, zero below `threshold`."""
        result = self._sum.reshape(self._shape[0], -1)
        return np.where(result >= threshold, result, 0)
