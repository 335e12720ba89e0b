"""High-level features of showers, as the CaloChallenge defines them.

The definitions are those of section 4 of arXiv:2410.21611.
For each layer: its energy, the centre of energy in eta, phi and r, the width around each centre,
and the sparsity. eta and phi are Cartesian coordinates across the shower axis, r cos(alpha) and
r sin(alpha) of the middle of a voxel, in the geometry's unit of radius.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hepml_lite.containers.showers import Geometry, Layer
from hepml_lite.statistics.data_checks import checked_finite

COORDINATES = ("eta", "phi", "r")


def high_level_features(voxels: ArrayLike, geometry: Geometry) -> pd.DataFrame:
    """One row a shower, with the columns of `names_of_features`.

    A layer without energy has centres and widths of zero. The sparsity is the share of voxels
    above zero, as in the CaloChallenge: apply a threshold to the voxels first.

    Args:
        voxels: (N, V) [GeV], in the order of `containers.Showers`.
        geometry: the arrangement of the V voxels.

    Raises:
        ValueError: another number of voxels, or energies that are negative or not finite.
    """
    energies = _checked_voxels(voxels, geometry)
    sizes = [int(np.prod(layer.shape)) for layer in geometry.layers]
    by_layer = np.split(energies, np.cumsum(sizes)[:-1], axis=1)
    features = [
        _features_of_layer(in_layer, layer)
        for in_layer, layer in zip(by_layer, geometry.layers, strict=True)
    ]
    return pd.DataFrame(np.concatenate(features, axis=1), columns=names_of_features(geometry))


def names_of_features(geometry: Geometry) -> list[str]:
    """Columns of `high_level_features`: layer_00_energy, layer_00_eta, layer_00_eta_width, ..."""
    of_layer = ["energy", *COORDINATES, *(f"{name}_width" for name in COORDINATES), "sparsity"]
    return [f"layer_{i:02d}_{name}" for i in range(len(geometry.layers)) for name in of_layer]


def middles(layer: Layer) -> np.ndarray:
    """eta, phi and r of the middle of each voxel of a layer, (3, V)."""
    edges = np.array(layer.radii)
    radius = (edges[1:] + edges[:-1]) / 2
    angle = 2 * np.pi * (np.arange(layer.n_angles) + 0.5) / layer.n_angles
    r = np.tile(radius, layer.n_angles)
    alpha = np.repeat(angle, len(radius))
    return np.stack([r * np.cos(alpha), r * np.sin(alpha), r])


def _features_of_layer(energies: np.ndarray, layer: Layer) -> np.ndarray:
    """(N, 8) of the voxels (N, V) of a layer."""
    coordinates = middles(layer)
    total = energies.sum(axis=1, keepdims=True)  # (N, 1)
    shares = np.divide(energies, total, out=np.zeros_like(energies), where=total > 0)
    centres = shares @ coordinates.T  # (N, 3)
    variances = shares @ (coordinates**2).T - centres**2
    widths = np.sqrt(np.maximum(variances, 0))
    sparsity = (energies > 0).mean(axis=1, keepdims=True)
    return np.concatenate([total, centres, widths, sparsity], axis=1)


def _checked_voxels(voxels: ArrayLike, geometry: Geometry) -> np.ndarray:
    energies = checked_finite("voxels", voxels, n_axes=2)
    if energies.shape[1] != geometry.n_voxels:
        raise ValueError(
            f"voxels has shape {energies.shape}, but the geometry has {geometry.n_voxels} voxels: "
            "give (N, V) of the same calorimeter"
        )
    if energies.min(initial=0) < 0:
        row = int(np.argmax((energies < 0).any(axis=1)))
        raise ValueError(
            f"row {row} has a negative energy, {energies[row].min():.3g} GeV: a generator must not "
            "make them, and noise is clipped at zero first"
        )
    return energies
