"""Stored frames, qualities and metrics of "From noise to showers".

`widgets/generation/make_stored.py` makes stored.npz: it walks noise through trained models, and
measures what takes too long for a move of a slider.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np

from hepml_lite.files import atomic_write
from hepml_lite.generation.evaluation.metric_table import METRICS
from widgets.shared.stored import verified

STORED = Path(__file__).parent / "stored.npz"

N_TIMES = 21  # frames from noise to data
TIMES = np.linspace(0, 1, N_TIMES)
ENERGIES = (3.0, 15.0, 80.0)  # GeV, of the shown showers
N_SHOWN = 3  # showers of each energy
COORDINATES = ("4 momenta", "3 shares")
MASS_EDGES = np.linspace(60, 120, 61)  # GeV
STEPS = (1, 2, 4, 8, 16, 32)
METHODS = ("Euler", "midpoint")
DISTORTIONS = {
    "shift": (0.02, 0.05, 0.1, 0.2, 0.4),
    "smear": (0.1, 0.2, 0.35, 0.5, 0.8),
    "missing tail": (0.005, 0.01, 0.02, 0.05, 0.1),
    "lost correlation": (0.02, 0.05, 0.1, 0.3, 1.0),
    "missing mode": (0.01, 0.02, 0.05, 0.1, 0.2),
    "copies": (0.1, 0.25, 0.5, 0.75, 1.0),
}  # by strength
N_STRENGTHS = 5
METRIC_NAMES = tuple(METRICS)
GENERATORS = ("resampler", "kernels", "two Gaussians")
N_GENERATED = (50, 100, 200, 500, 1000, 3000, 10_000, 30_000)
N_TRAINING = 100


@dataclass(frozen=True)
class StoredFrames:
    """Everything that the figures show.

    Attributes:
        showers: log(energy / threshold) of voxels on the way, (E, N_SHOWN, T, V); below 0 is empty.
        profiles: mean share of the energy in each layer on the way, (E, T, L).
        true_profiles: the same of cascades, (E, L).
        masses: share of the events in each bin of the muon pair's mass, (C, T, B).
        true_masses: the same of the exact density, (B,).
        auc: area of the strongest judge for each sampler and number of steps, (2, S).
        auc_error: (2, S).
        milliseconds: CPU time of a shower, (2, S).
        one_step: area, error, milliseconds of the one-step student, (3,).
        real: area and error of real against real, (2,).
        significances: of each distortion, strength and metric, (D, 5, M).
        factors: amplification of each generator and size, (G, N).
        factor_errors: (G, N).
    """

    showers: np.ndarray
    profiles: np.ndarray
    true_profiles: np.ndarray
    masses: np.ndarray
    true_masses: np.ndarray
    auc: np.ndarray
    auc_error: np.ndarray
    milliseconds: np.ndarray
    one_step: np.ndarray
    real: np.ndarray
    significances: np.ndarray
    factors: np.ndarray
    factor_errors: np.ndarray

    def save(self, path: Path = STORED) -> None:
        """Write the file, whole or not at all, in half precision where that is enough."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays["showers"] = arrays["showers"].astype(np.float16)
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: Path = STORED) -> Self:
        """Read the file.

        Raises:
            FileNotFoundError: there is none.
        """
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name].astype(float) for field in fields(cls)})


@lru_cache(maxsize=1)
def stored_frames() -> StoredFrames:
    """The frames that come with the course.

    Raises:
        FileNotFoundError: the file or its card is missing.
        ValueError: the file is damaged.
    """
    return StoredFrames.load(verified(STORED))
