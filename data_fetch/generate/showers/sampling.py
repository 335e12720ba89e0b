"""Fluctuations of a sampling calorimeter, which measures only a part of each deposit."""

import numpy as np


def sampled(energy: np.ndarray, stochastic: float, rng: np.random.Generator) -> np.ndarray:
    """The same energies, smeared so that their sum E has the resolution stochastic / sqrt(E / GeV).

    Every deposit becomes a draw from a gamma distribution of the same mean and of the variance
    stochastic^2 E. Variances then add up as energies do, for any size of the voxels.

    Args:
        energy: deposits, such as voxels (N, V).
        stochastic: a, such as 0.10 for 10 % at 1 GeV; 0 changes nothing.
        rng: source of randomness.

    Raises:
        ValueError: if `stochastic` is negative.
    """
    if stochastic < 0:
        raise ValueError(f"a sampling term of {stochastic}: choose 0 or more, such as 0.1")
    if stochastic == 0:
        return energy
    shape = np.asarray(energy, float) / stochastic**2
    return np.where(shape > 0, stochastic**2 * rng.standard_gamma(shape), 0)
