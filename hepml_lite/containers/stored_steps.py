"""The steps to which stored jets, trigger events and showers are rounded, and how to undo them.

A stored sample holds whole numbers of steps. A classifier that compares stored rows with generated
rows sees these steps. A uniform jitter of one step makes the stored values continuous again. The
steps of Events and of UnfoldingPair differ from sample to sample; they are in the data card.
"""

import numpy as np

JET_ANGLE_STEP = 1e-3  # rad: eta and phi of a constituent
JET_LOG_PT_STEP = 5e-3  # ln pT of a constituent
TRIGGER_ANGLE_STEP = 0.01  # rad: eta and phi of a trigger object
TRIGGER_LOG_PT_STEP = 0.01  # ln pT of a trigger object
REGION_STEP = 0.2  # GeV: transverse energy of a calorimeter region
VOXEL_LOG_STEP = 0.05  # ln E of a voxel
SMALLEST_VOXEL = 5e-4  # GeV; lower energies of voxels are raised to it
JUDGED_ABOVE = 6e-4  # GeV; judges see lower voxels as empty: the lowest stored steps are coarse


def spread(values: np.ndarray, step: float, rng: np.random.Generator) -> np.ndarray:
    """Values of any shape as float64, each moved by a uniform jitter of one step in all."""
    return values + step * rng.uniform(-0.5, 0.5, values.shape)


def spread_logarithm(values: np.ndarray, step: float, rng: np.random.Generator) -> np.ndarray:
    """Values of any shape as float64, their logarithms moved by a uniform jitter; 0 stays 0."""
    return values * np.exp(step * rng.uniform(-0.5, 0.5, values.shape))
