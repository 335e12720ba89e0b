"""How judges see showers: high-level features, voxels, and both, beside the incident energy."""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.containers.showers import Geometry
from hepml_lite.containers.stored_steps import JUDGED_ABOVE
from hepml_lite.densities.judge import large_network
from hepml_lite.generation.evaluation.strong_judge import (
    Verdict,
    View,
    judge_views,
    regularised_network,
    wide_trees,
)
from hepml_lite.generation.showers.features import high_level_features
from hepml_lite.generation.showers.profiles import log_energy
from hepml_lite.statistics.settings_checks import Seed

HIGH_LEVEL = ("features",)
LOW_LEVEL = ("voxels", "trees")


def feature_rows(voxels: np.ndarray, energy: np.ndarray, geometry: Geometry) -> np.ndarray:
    """High-level features, energies as shares of the incident one, and its logarithm, (N, F)."""
    features = high_level_features(voxels, geometry)
    is_energy = [name.endswith("energy") for name in features.columns]
    rows = features.to_numpy(dtype=float, copy=True)
    rows[:, is_energy] /= energy[:, None]
    return np.hstack([rows, log_energy(energy)])


def voxel_rows(voxels: np.ndarray, energy: np.ndarray, threshold: float) -> np.ndarray:
    """log(1 + x / threshold) of each voxel, and the logarithm of the incident energy, (N, V + 1).

    A network sees small deposits in logarithms, which shares of the incident energy would hide.
    """
    return np.hstack([np.log1p(voxels / threshold), log_energy(energy)])


def shower_views(
    real: np.ndarray,
    generated: np.ndarray,
    energy: np.ndarray,
    generated_energy: np.ndarray,
    geometry: Geometry,
    threshold: float = JUDGED_ABOVE,
) -> dict[str, View]:
    """Three judges: a network of features, a network of voxels, trees of both.

    Args:
        real: voxels (N, V) [GeV].
        generated: (M, V) [GeV].
        energy: incident, of the real ones (N,) [GeV].
        generated_energy: (M,) [GeV].
        geometry: of the voxels.
        threshold: [GeV]; what is below is set to zero in both samples first. It lies above that
            of the sample `calo_showers`, 0.5 MeV, whose rounding shows in the lowest voxels.
    """
    real = np.where(real >= threshold, real, 0.0)
    generated = np.where(generated >= threshold, generated, 0.0)
    features = [
        feature_rows(real, energy, geometry),
        feature_rows(generated, generated_energy, geometry),
    ]
    voxels = [
        voxel_rows(real, energy, threshold),
        voxel_rows(generated, generated_energy, threshold),
    ]
    both = [np.hstack(pair) for pair in zip(features, voxels, strict=True)]
    return {
        "features": View(features[0], features[1], large_network),
        "voxels": View(voxels[0], voxels[1], regularised_network),
        "trees": View(both[0], both[1], wide_trees),
    }


def judge_showers(
    real: ArrayLike,
    generated: ArrayLike,
    energy: ArrayLike,
    generated_energy: ArrayLike,
    geometry: Geometry,
    threshold: float = JUDGED_ABOVE,
    rng: Seed = 0,
) -> Verdict:
    """What three judges find; arguments as `shower_views`.

    Raises:
        ValueError: voxels that do not fit the geometry, negative energies, or fewer than fifty
            showers of a sample.
    """
    views = shower_views(
        np.asarray(real, dtype=float),
        np.asarray(generated, dtype=float),
        np.asarray(energy, dtype=float),
        np.asarray(generated_energy, dtype=float),
        geometry,
        threshold,
    )
    return judge_views(views, rng)
