"""Fresh cascades for the judges of generated showers: voxels, layer energies and moments at once.

    python benchmarks/fresh_cascades.py FOLDER

writes chunk after chunk, and goes on where it was stopped. A shower takes about 20 ms of CPU time.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_fetch.generate import calo_profiles
from data_fetch.generate.calo_showers import (
    BLOCK,
    GEOMETRY,
    GEV,
    THRESHOLD,
    incident_energies,
)
from data_fetch.generate.showers import cascade
from data_fetch.generate.showers.cascade_processes import MOLIERE_RADIUS
from data_fetch.generate.showers.voxels import VoxelSum
from hepml_lite.files import atomic_write

SEED = 20_261_129  # no bundled sample has it
CHUNK = 500


class FreshShowers(NamedTuple):
    """Showers that no model was trained on.

    Attributes:
        energy: of the electron [GeV], (N,).
        voxels: (N, V) [GeV], zero below the threshold of `calo_showers`.
        profiles: shares of the layers and four moments, as `calo_profiles` has them, (N, 24).
    """

    energy: np.ndarray
    voxels: np.ndarray
    profiles: np.ndarray


def chunk(number: int, size: int = CHUNK, seed: int = SEED) -> FreshShowers:
    """Showers of one chunk: the same number gives the same showers."""
    rng = np.random.default_rng([seed, number])
    energy = incident_energies(size, rng)
    sums = VoxelSum(size, GEOMETRY, MOLIERE_RADIUS)
    moments = calo_profiles.Moments(size)

    def deposit(shower: np.ndarray, position: np.ndarray, left: np.ndarray) -> None:
        sums.add(shower, position, left)
        moments.add(shower, position, left)

    cascade.simulate(energy * GEV, rng, BLOCK, deposit)
    layers = sums.voxels().reshape(size, len(GEOMETRY.layers), -1).sum(axis=2) / GEV
    profiles = np.column_stack([layers / energy[:, None], moments.values()])
    voxels = sums.voxels(THRESHOLD * GEV) / GEV
    return FreshShowers(energy, voxels.astype(np.float32), profiles)


def make(folder: Path, n_chunks: int) -> None:
    """Write the chunks that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n_chunks):
        path = folder / f"cascades_{number:03d}.npz"
        if path.is_file():
            continue
        made = chunk(number)
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **made._asdict())
        print(path.name, flush=True)


def read(folder: Path, n_showers: int) -> FreshShowers:
    """The first showers of the folder.

    Raises:
        ValueError: there are fewer.
    """
    paths = sorted(folder.glob("cascades_*.npz"))[: -(-n_showers // CHUNK)]
    parts = [np.load(path) for path in paths]
    if len(parts) * CHUNK < n_showers:
        raise ValueError(
            f"{folder} has {len(parts) * CHUNK} showers, {n_showers} are needed: "
            f"python benchmarks/fresh_cascades.py {folder}"
        )
    joined = (np.concatenate([part[name] for part in parts]) for name in FreshShowers._fields)
    return FreshShowers(*(values[:n_showers] for values in joined))


def main() -> None:
    """Write what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chunks", type=int, default=50)
    options = parser.parse_args()
    make(options.folder, options.chunks)


if __name__ == "__main__":
    main()
