"""Metrics from nearest neighbours: fidelity, variety, and copies of the training sample.

Around each row of a sample lies a ball that reaches to its k-th neighbour in the same sample; all
balls together are the region where the sample lives. Precision and recall: T. Kynkaanniemi et al.,
arXiv:1904.06991; density and coverage: M. F. Naeem et al., arXiv:2002.09797, whose notation is
used. Distances depend on the units: standardise the features with the real rows first.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.neighbors import NearestNeighbors

from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.statistics.two_sample.samples import checked_samples

ROWS_AT_ONCE = 1000  # of a table of distances


class NeighbourMetrics(NamedTuple):
    """All between 0 and about 1, where two samples of one distribution have all four near 1.

    Attributes:
        precision: share of generated rows inside the region of the real ones: fidelity. A model
            that makes only the most typical events has 1.
        recall: share of real rows inside the region of the generated ones: variety.
        density: mean number of real balls around a generated row, over k. One outlier among the
            real rows has a large ball, which fools precision, but not this. It may exceed 1.
        coverage: share of real rows with a generated row in their ball.
    """

    precision: float
    recall: float
    density: float
    coverage: float


class Memorisation(NamedTuple):
    """Whether generated rows are copies of the rows that the model was trained on.

    Attributes:
        copies: share of generated rows closer to a training row than `scale` times the typical
            distance of a fresh row to its nearest training row.
        closer_to_training: share of generated rows whose nearest row is in the training sample and
            not in an equally large fresh one: 0.5 without memorisation, 1 for copies.
        error: binomial, of `closer_to_training` at 0.5.
    """

    copies: float
    closer_to_training: float
    error: float


def neighbour_metrics(real: ArrayLike, generated: ArrayLike, k: int = 5) -> NeighbourMetrics:
    """Precision, recall, density and coverage of generated rows.

    Args:
        real: (N, D), fresh rows that the model has not seen.
        generated: (M, D).
        k: neighbours that span a ball. With k = 5 two samples of one distribution have a coverage
            of 1 - 2^-5 = 0.97.

    Raises:
        ValueError: samples that do not fit together, NaN, or fewer than k + 1 rows.
    """
    first, second = checked_samples(real, generated)
    k = checked_count("k", k)
    if min(len(first), len(second)) <= k:
        raise ValueError(
            f"{len(first)} real and {len(second)} generated rows for k={k}: give more than k rows"
        )
    of_real = _radii(first.x, k)
    of_generated = _radii(second.x, k)
    inside_real = np.zeros(len(second))  # number of real balls around each generated row
    inside_generated = np.zeros(len(first))
    is_covered = np.zeros(len(first), dtype=bool)
    for start in range(0, len(second), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        distance = _distances(first.x, second.x[rows])  # (N, rows)
        in_real_ball = distance <= of_real[:, None]
        inside_real[rows] = in_real_ball.sum(axis=0)
        is_covered |= in_real_ball.any(axis=1)
        inside_generated += (distance <= of_generated[rows]).sum(axis=1)
    return NeighbourMetrics(
        precision=float((inside_real > 0).mean()),
        recall=float((inside_generated > 0).mean()),
        density=float(inside_real.mean() / k),
        coverage=float(is_covered.mean()),
    )


def memorisation(
    training: ArrayLike, fresh: ArrayLike, generated: ArrayLike, scale: float = 0.1
) -> Memorisation:
    """Compare distances to the training rows with distances to fresh rows.

    Args:
        training: (N, D), on which the model was trained.
        fresh: (N', D), of the same distribution; N' >= N, of which the first N are used.
        generated: (M, D).
        scale: how much closer than a fresh row a copy is.

    Raises:
        ValueError: samples that do not fit together, NaN, or fewer fresh than training rows.
    """
    known, made = checked_samples(training, generated)
    unseen, _ = checked_samples(fresh, generated)
    if len(unseen) < len(known):
        raise ValueError(
            f"{len(unseen)} fresh rows for {len(known)} training rows: give at least as many, or "
            "fewer training rows"
        )
    to_training = NearestNeighbors(n_neighbors=1).fit(known.x)
    to_fresh = NearestNeighbors(n_neighbors=1).fit(unseen.x[: len(known)])
    typical = float(np.median(to_training.kneighbors(unseen.x)[0]))
    from_training = to_training.kneighbors(made.x)[0][:, 0]
    from_fresh = to_fresh.kneighbors(made.x)[0][:, 0]
    is_closer = (from_training < from_fresh) + (from_training == from_fresh) / 2
    return Memorisation(
        copies=float((from_training < scale * typical).mean()),
        closer_to_training=float(is_closer.mean()),
        error=float(0.5 / np.sqrt(len(made))),
    )


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Distance of each row (N, D) to its k-th neighbour among the others, (N,)."""
    return NearestNeighbors(n_neighbors=k).fit(x).kneighbors()[0][:, -1]


def _distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of all pairs of rows (N, D) and (M, D), (N, M)."""
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))
