"""Controlled faults of a perfect generator: each metric is tried on them first.

Every distortion takes fresh rows (N, D) of the truth and returns rows of the same shape; a strength
of zero changes nothing.
"""

from collections.abc import Callable

import numpy as np

Distortion = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


def shifted(x: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """The first feature moves by `strength` standard deviations: a wrong energy scale."""
    moved = x.copy()
    moved[:, 0] += strength * x[:, 0].std()
    return moved


def smeared(x: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """The first feature gets Gaussian noise of `strength` standard deviations: a wrong width."""
    noisy = x.copy()
    noisy[:, 0] += strength * x[:, 0].std() * rng.normal(size=len(x))
    return noisy


def without_tail(x: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """The share `strength` of largest values of the first feature is replaced by other rows."""
    limit = np.quantile(x[:, 0], 1 - strength)
    kept = np.flatnonzero(x[:, 0] <= limit)
    replaced = np.flatnonzero(x[:, 0] > limit)
    result = x.copy()
    result[replaced] = x[rng.choice(kept, len(replaced))]
    return result


def without_correlation(x: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """The first feature is exchanged among the share `strength` of rows: all histograms stay."""
    chosen = np.flatnonzero(rng.random(len(x)) < strength)
    result = x.copy()
    result[chosen, 0] = x[rng.permutation(chosen), 0]
    return result


def one_mode_less(x: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Rows near one random row are replaced by others, a share `strength`: mode collapse."""
    centre = x[rng.integers(len(x))]
    distance = np.linalg.norm((x - centre) / x.std(axis=0), axis=1)
    limit = np.quantile(distance, strength)
    kept = np.flatnonzero(distance >= limit)
    replaced = np.flatnonzero(distance < limit)
    result = x.copy()
    result[replaced] = x[rng.choice(kept, len(replaced))]
    return result


def copied(training: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """N rows drawn from the training sample: a generator that memorised."""
    return training[rng.integers(len(training), size=n)]


DISTORTIONS: dict[str, Distortion] = {
    "shift": shifted,
    "smear": smeared,
    "missing tail": without_tail,
    "lost correlation": without_correlation,
    "missing mode": one_mode_less,
}
