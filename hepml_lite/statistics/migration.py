"""The migration matrix: which bin of one level goes to which bin of another, for matched events.

An unfolding can get the spectrum right and still move the wrong events. The migration matrix of
unfolded simulated events, beside that of the simulation, shows it (arXiv:2411.02495).
"""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_edges, checked_finite


def migration_matrix(
    measured: ArrayLike,
    true: ArrayLike,
    measured_edges: ArrayLike,
    true_edges: ArrayLike,
    weights: ArrayLike | None = None,
) -> np.ndarray:
    """P(true bin i | measured bin j), (T, M); a column without events is zero.

    Args:
        measured: (N,) of one observable.
        true: (N,) of the same events, simulated or unfolded.
        measured_edges: (M + 1,).
        true_edges: (T + 1,); events outside of them do not count.
        weights: (N,).

    Raises:
        ValueError: lengths that differ, weights that are not finite, or edges that do not rise.

    >>> migration_matrix([0.5, 0.5, 1.5], [0.5, 1.5, 1.5], [0, 1, 2], [0, 1, 2])
    array([[0.5, 0. ],
           [0.5, 1. ]])
    """
    starts = as_floats("measured", measured)
    ends = as_floats("true", true)
    if starts.shape != ends.shape or starts.ndim != 1:
        raise ValueError(
            f"measured and true have shapes {starts.shape} and {ends.shape}: give one value of "
            "each for the same events, (N,)"
        )
    counted = np.ones(len(ends)) if weights is None else checked_finite("weights", weights)
    if counted.shape != ends.shape:
        raise ValueError(
            f"weights has shape {counted.shape} for {len(ends)} events: give one an event, (N,)"
        )
    true_bins = checked_edges("true_edges", true_edges)
    measured_bins = checked_edges("measured_edges", measured_edges)
    bins = [true_bins, measured_bins]
    counts, _, _ = np.histogram2d(ends, starts, bins=bins, weights=counted)
    totals = counts.sum(axis=0)
    return np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)


def migration_distance(matrix: ArrayLike, other: ArrayLike) -> np.ndarray:
    """Half the sum of |P − Q| in each measured bin, (M,): the share of events that move wrongly.

    Args:
        matrix: P (T, M), as from `migration_matrix`.
        other: Q (T, M).

    Raises:
        ValueError: shapes that differ, or entries that are not finite.
    """
    first = checked_finite("matrix", matrix)
    second = checked_finite("other", other)
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(
            f"the matrices have shapes {first.shape} and {second.shape}: give two (T, M) of the "
            "same bins"
        )
    return np.abs(first - second).sum(axis=0) / 2


def migration_floor(matrix: ArrayLike, counts: ArrayLike) -> np.ndarray:
    """What `migration_distance` is on average for two samples of the same migration, (M,).

    The difference of both shares in a bin is Gaussian with the variance 2 p (1 − p) / n.

    Args:
        matrix: P (T, M), as from `migration_matrix`.
        counts: n (M,), events in each measured bin of each of the two samples.

    Raises:
        ValueError: another number of counts than columns.
    """
    p = as_floats("matrix", matrix)
    n = as_floats("counts", counts)
    if p.ndim != 2 or n.shape != p.shape[1:]:
        raise ValueError(f"counts have shape {n.shape}: give one for each column of {p.shape}")
    return np.sqrt(p * (1 - p) / (np.pi * np.maximum(n, 1))).sum(axis=0)
