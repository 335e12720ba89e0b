"""Distances between two samples (N, D) and (M, D), with weights: zero only for equal distributions.

All of them are above zero for two finite samples of one distribution, except the unbiased
`kernel_distance`: `chance_level` says how far. No feature is scaled here: standardise first, or
features in GeV count more than fractions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.statistics.two_sample.samples import Sample, checked_samples

ROWS_AT_ONCE = 1000  # of a table of pairs: a thousand times 10^5 rows are 800 MB
Weights = ArrayLike | None
PairFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (N, D), (M, D) -> (N, M)


def frechet_distance(
    a: ArrayLike, b: ArrayLike, weights_a: Weights = None, weights_b: Weights = None
) -> float:
    """|mu_a - mu_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)), the squared distance of two Gaussians.

    As in FID (arXiv:1706.08500) and FPD (arXiv:2211.10295): it sees means and covariances only.

    Args:
        a: (N, D); (N,) is one feature.
        b: (M, D).
        weights_a: (N,), zero or positive.
        weights_b: (M,).

    Raises:
        ValueError: samples that do not fit together, NaN, negative weights, or fewer than two rows.
    """
    first, second = checked_samples(a, b, weights_a, weights_b)
    mean_a, covariance_a = _moments(first)
    mean_b, covariance_b = _moments(second)
    # Tr (C_a C_b)^(1/2) is the sum of the singular values of C_a^(1/2) C_b^(1/2)
    overlap = np.linalg.norm(_root(covariance_a) @ _root(covariance_b), "nuc")
    widths = np.trace(covariance_a) + np.trace(covariance_b) - 2 * overlap
    return float(((mean_a - mean_b) ** 2).sum() + max(widths, 0.0))


def kernel_distance(
    a: ArrayLike, b: ArrayLike, weights_a: Weights = None, weights_b: Weights = None
) -> float:
    """Squared maximum mean discrepancy with the quartic kernel (x.y/D + 1)^4, unbiased.

    KPD of arXiv:2211.10295, on all pairs of rows and without its average over batches. For two
    samples of one distribution the mean is zero, and every second value is negative. Arguments and
    errors as `frechet_distance`.
    """
    first, second = checked_samples(a, b, weights_a, weights_b)
    within_a = _mean_of_other_pairs(first, _quartic_kernel)
    within_b = _mean_of_other_pairs(second, _quartic_kernel)
    return within_a + within_b - 2 * _mean_over_pairs(first, second, _quartic_kernel)


def energy_distance(
    a: ArrayLike, b: ArrayLike, weights_a: Weights = None, weights_b: Weights = None
) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'| of rows x of a and y of b (Szekely and Rizzo 2013).

    In one dimension the square of `scipy.stats.energy_distance`. Arguments and errors as
    `frechet_distance`; time and memory grow with the number of pairs.
    """
    first, second = checked_samples(a, b, weights_a, weights_b)
    within = _mean_over_pairs(first, first, cdist) + _mean_over_pairs(second, second, cdist)
    return 2 * _mean_over_pairs(first, second, cdist) - within


def wasserstein_distances(
    a: ArrayLike, b: ArrayLike, weights_a: Weights = None, weights_b: Weights = None
) -> np.ndarray:
    """The Wasserstein distance of order one of each feature alone, (D,), in its units.

    The area between two cumulative distributions. Arguments and errors as `frechet_distance`.
    """
    first, second = checked_samples(a, b, weights_a, weights_b)
    return _by_column(first.x, second.x, first, second)


def sliced_wasserstein_distance(
    a: ArrayLike,
    b: ArrayLike,
    weights_a: Weights = None,
    weights_b: Weights = None,
    *,
    n_directions: int = 100,
    rng: Seed = 0,
) -> float:
    """Mean Wasserstein distance of order one over projections on random directions.

    Rabin et al., doi:10.1007/978-3-642-24785-9_37. Arguments and errors as `frechet_distance`.

    Args:
        n_directions: how many unit vectors are drawn.
        rng: generator or seed of the directions.
    """
    first, second = checked_samples(a, b, weights_a, weights_b)
    shape = (first.x.shape[1], checked_count("n_directions", n_directions))
    directions = checked_rng(rng).normal(size=shape)
    directions /= np.linalg.norm(directions, axis=0)
    return float(_by_column(first.x @ directions, second.x @ directions, first, second).mean())


def optimal_transport_distance(
    a: ArrayLike, b: ArrayLike, weights_a: Weights = None, weights_b: Weights = None
) -> float:
    """The exact Wasserstein distance of order one, in D dimensions: the smallest work of transport.

    By the network simplex of POT. A thousand rows each take a second and time grows as the cube:
    take `sliced_wasserstein_distance` beyond a few thousand. Arguments and errors as
    `frechet_distance`.
    """
    import ot  # it loads torch, which no other function here needs

    first, second = checked_samples(a, b, weights_a, weights_b)
    return float(ot.emd2(first.shares, second.shares, cdist(first.x, second.x), numItermax=10**7))


@dataclass(frozen=True)
class ChanceLevel:
    """A distance beside those of random divisions of the same rows.

    Attributes:
        value: of the two samples.
        floor: mean of the random divisions: two samples of one distribution look like this.
        spread: their standard deviation.
        p_value: share of divisions, with the given one among them, that are as far apart.
    """

    value: float
    floor: float
    spread: float
    p_value: float


def chance_level(
    distance: Callable[..., float],
    a: ArrayLike,
    b: ArrayLike,
    rng: Seed = 0,
    *,
    n_permutations: int = 100,
) -> ChanceLevel:
    """What `distance` is for two samples of one distribution, by permutation of the rows.

    Args:
        distance: any of this module, called as distance(a, b).
        a: (N, D); (N,) is one feature.
        b: (M, D).
        rng: generator or seed of the permutations.
        n_permutations: random divisions of all rows into N and M.

    Raises:
        ValueError: samples that do not fit together, NaN, or fewer than two rows.
    """
    first, second = checked_samples(a, b)
    n_permutations = checked_count("n_permutations", n_permutations)
    generator = checked_rng(rng)
    pooled = np.concatenate([first.x, second.x])
    value = float(distance(first.x, second.x))
    by_chance = np.empty(n_permutations)
    for i in range(n_permutations):
        shuffled = generator.permutation(pooled)
        by_chance[i] = distance(shuffled[: len(first)], shuffled[len(first) :])
    p_value = (1 + (by_chance >= value).sum()) / (1 + n_permutations)
    return ChanceLevel(value, float(by_chance.mean()), float(by_chance.std()), float(p_value))


def _moments(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and covariance (D, D), unbiased without weights."""
    mean = sample.shares @ sample.x
    covariance = np.cov(sample.x, rowvar=False, aweights=sample.shares)
    return mean, np.atleast_2d(covariance)


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance (D, D), which may be singular."""
    squares, directions = np.linalg.eigh(covariance)
    return directions * np.sqrt(np.clip(squares, 0, None)) @ directions.T


def _quartic_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(x.y/D + 1)^4 of all pairs, (N, M)."""
    return (x @ y.T / x.shape[1] + 1) ** 4


def _mean_over_pairs(a: Sample, b: Sample, of: PairFunction) -> float:
    """Weighted mean of a function of all pairs of rows, a part of the table at a time."""
    total = 0.0
    for start in range(0, len(a), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        total += a.shares[rows] @ (of(a.x[rows], b.x) @ b.shares)
    return float(total)


def _mean_of_other_pairs(sample: Sample, of: PairFunction) -> float:
    """The same within one sample, without the pairs of a row with itself."""
    with_itself = np.array([of(row[None], row[None])[0, 0] for row in sample.x])
    squares = sample.shares**2
    every = _mean_over_pairs(sample, sample, of)
    return float((every - squares @ with_itself) / (1 - squares.sum()))


def _by_column(x: np.ndarray, y: np.ndarray, a: Sample, b: Sample) -> np.ndarray:
    """Wasserstein distances of the columns of x (N, K) and y (M, K), (K,)."""
    columns = zip(x.T, y.T, strict=True)
    return np.array([wasserstein_distance(u, v, a.shares, b.shares) for u, v in columns])
