"""Electron showers as the energies of 20 layers and four moments: a large sample, a small file.

The cascade and the seeds are those of `calo_showers`, so the first events are the showers of
`calo_showers`. Here every deposit counts, also in voxels below the threshold of `calo_showers`.
"""

import numpy as np

from data_fetch.generate import calo_showers
from data_fetch.generate.calo_showers import BLOCK, CUTS, GEOMETRY, GEV, incident_energies
from data_fetch.generate.showers import cascade
from data_fetch.generate.showers.cascade_processes import MOLIERE_RADIUS
from data_fetch.generate.showers.voxels import VoxelSum
from hepml_lite.containers.events import Events

NAMES = calo_showers.NAMES
CHUNK = calo_showers.CHUNK
LAYERS = tuple(f"layer_{number:02d}" for number in range(len(GEOMETRY.layers)))
MOMENTS = ("depth_mean", "depth_width", "radius_mean", "radius_width")
QUANTITIES = ("energy", *LAYERS, *MOMENTS)
CARD = calo_showers.CARD | {
    "title": "Layer energies and moments of electron showers of 1 to 100 GeV",
    "container": "Events",
    "quantities": list(QUANTITIES),
    "depths": CUTS["depths"],
    "precision": {
        "energy": 0.004,
        **dict.fromkeys(LAYERS, 1e-4),
        **dict.fromkeys(("depth_mean", "depth_width"), 5e-3),
        **dict.fromkeys(("radius_mean", "radius_width"), 1e-3),
    },
    "floors": dict.fromkeys(LAYERS, 0),
    "selection": "none. The first events are the showers of calo_showers, in the same order",
    "units": "energy: of the electron, GeV; layer_00 to layer_19: share of it left in each layer; "
    "depth_mean and depth_width: mean and standard deviation of the depth of the energy, in X0; "
    "radius_mean and radius_width: the same of its distance from the axis, in Moliere radii",
}
del CARD["geometry"]


class Moments:
    """Sums of energy times powers of depth and radius, for each of n showers."""

    def __init__(self, n: int) -> None:
        self._sums = np.zeros((5, n))

    def add(self, shower: np.ndarray, position: np.ndarray, energy: np.ndarray) -> None:
        """Add deposits at (M, 3) positions; deposits outside the block are lost."""
        inside = BLOCK.contains(position)
        shower, (x, y, z), energy = shower[inside], position[inside].T, energy[inside]
        radius = np.hypot(x, y) / MOLIERE_RADIUS
        powers = (np.ones_like(z), z, z**2, radius, radius**2)
        for total, power in zip(self._sums, powers, strict=True):
            total += np.bincount(shower, weights=energy * power, minlength=len(total))

    def values(self) -> np.ndarray:
        """`MOMENTS` of each shower, (n, 4)."""
        total, *rest = self._sums
        z, z2, r, r2 = (moment / total for moment in rest)
        return np.column_stack([z, np.sqrt(z2 - z**2), r, np.sqrt(r2 - r**2)])


def chunk(seed: int, number: int, size: int = CHUNK) -> Events:
    """Chunk `number` of the sample: `size` showers, those of the same chunk of `calo_showers`."""
    rng = np.random.default_rng([seed, number])
    energy = incident_energies(size, rng)
    sums, moments = VoxelSum(size, GEOMETRY, MOLIERE_RADIUS), Moments(size)

    def deposit(shower: np.ndarray, position: np.ndarray, left: np.ndarray) -> None:
        sums.add(shower, position, left)
        moments.add(shower, position, left)

    cascade.simulate(energy * GEV, rng, BLOCK, deposit)
    layers = sums.voxels().reshape(size, len(LAYERS), -1).sum(axis=2) / GEV  # (size, 20)
    values = np.column_stack([energy, layers / energy[:, None], moments.values()])
    return Events(values, QUANTITIES, names=NAMES)
