"""The Frechet distance without the bias of a finite sample, as FPD is quoted.

Two samples of one distribution have a Frechet distance above zero, which falls as 1/N. FPD
(R. Kansal et al., arXiv:2211.10295, section IV; the idea is that of arXiv:1911.07023) computes it
for several N and extrapolates to 1/N = 0 with a straight line.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.statistics.two_sample.distances import frechet_distance
from hepml_lite.statistics.two_sample.samples import checked_samples


class ExtrapolatedDistance(NamedTuple):
    """A distance at infinitely many rows.

    Attributes:
        value: the intercept; of two samples of one distribution it scatters around zero.
        error: of the intercept, from the scatter of the points around the line.
        sizes: numbers of rows N, (S,).
        distances: mean distance at each N, (S,).
    """

    value: float
    error: float
    sizes: np.ndarray
    distances: np.ndarray


def extrapolated_frechet_distance(
    real: ArrayLike,
    generated: ArrayLike,
    *,
    smallest: int | None = None,
    n_sizes: int = 10,
    n_draws: int = 20,
    rng: Seed = 0,
) -> ExtrapolatedDistance:
    """The Frechet distance of two samples at 1/N = 0.

    Args:
        real: (N, D), features in comparable units.
        generated: (M, D).
        smallest: rows of the smallest subsample; None: a tenth of the smaller sample.
        n_sizes: subsample sizes, equally spaced in 1/N.
        n_draws: subsamples of each size.
        rng: generator or seed.

    Raises:
        ValueError: samples that do not fit together, NaN, fewer than 3 sizes, or a smallest size
            that is not below the size of the smaller sample.
    """
    first, second = checked_samples(real, generated)
    largest = min(len(first), len(second))
    smallest = largest // 10 if smallest is None else smallest
    smallest = checked_count("smallest", smallest, 2, "a covariance needs 2 rows")
    n_sizes = checked_count("n_sizes", n_sizes, 3, "a line needs 3 points for an error")
    n_draws = checked_count("n_draws", n_draws)
    if smallest >= largest:
        raise ValueError(f"smallest={smallest} of {largest} rows: give a smaller number, or more")
    generator = checked_rng(rng)
    sizes = np.round(1 / np.linspace(1 / largest, 1 / smallest, n_sizes)).astype(int)
    distances = np.array(
        [_mean_distance(first.x, second.x, size, n_draws, generator) for size in sizes]
    )
    (_, intercept), covariance = np.polyfit(1 / sizes, distances, 1, cov=True)
    return ExtrapolatedDistance(
        float(intercept), float(np.sqrt(covariance[1, 1])), sizes, distances
    )


def _mean_distance(
    real: np.ndarray, generated: np.ndarray, size: int, n_draws: int, rng: np.random.Generator
) -> float:
    """The mean distance of random subsamples of one size."""
    found = []
    for _ in range(n_draws):
        rows = rng.choice(len(real), size, replace=False)
        others = rng.choice(len(generated), size, replace=False)
        found.append(frechet_distance(real[rows], generated[others]))
    return float(np.mean(found))
