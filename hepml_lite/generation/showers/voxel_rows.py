"""Voxels of showers as rows: checked, and turned by the symmetries of the calorimeter."""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.showers import Geometry
from hepml_lite.statistics.data_checks import checked_finite


def checked_voxels(voxels: ArrayLike, geometry: Geometry) -> np.ndarray:
    """Energies (N, V) of a regular calorimeter, float64.

    Raises:
        ValueError: layers that are divided differently, another number of voxels, or energies that
            are negative or not finite.
    """
    if not geometry.is_regular:
        raise ValueError(
            "the layers are divided in different ways: this model needs the same angles and rings "
            "in all layers"
        )
    energies = checked_finite("voxels", voxels, n_axes=2).astype(float)
    if energies.shape[1] != geometry.n_voxels:
        raise ValueError(
            f"voxels has shape {energies.shape}, but the geometry has {geometry.n_voxels} voxels: "
            "give (N, V) of the same calorimeter"
        )
    if energies.min(initial=0) < 0:
        raise ValueError(
            f"the smallest energy is {energies.min():.3g} GeV: clip noise at zero first"
        )
    return energies


def symmetric_copies(
    voxels: np.ndarray, geometry: Geometry, n_copies: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Showers (N, V), each turned by a random number of angular cells and mirrored or not.

    Returns:
        Rows (n_copies N, V), and the number of the shower of each row.
    """
    of_shower = np.tile(np.arange(len(voxels)), n_copies)
    n_angles, n_rings = geometry.layers[0].shape
    n_layers = len(geometry.layers)
    turn = rng.integers(n_angles, size=(len(of_shower), 1))
    sign = rng.choice([-1, 1], size=(len(of_shower), 1))
    angle = (sign * np.arange(n_angles) + turn) % n_angles  # (M, A): where each cell comes from
    grid = voxels[of_shower].reshape(-1, n_layers, n_angles, n_rings)
    turned = np.take_along_axis(grid, angle[:, None, :, None], axis=2)
    return turned.reshape(len(of_shower), -1), of_shower
