"""The migration matrix: which measured bin goes to which true bin, for any unfolding of events.

An unfolding can get the spectrum right and still move the wrong events. The migration matrix of
unfolded simulated events, beside that of the simulation, shows it (arXiv:2411.02495).
"""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_edges


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
        ValueError: lengths that differ, or edges that do not rise.

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
    counted = np.ones(len(ends)) if weights is None else as_floats("weights", weights)
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
        ValueError: shapes that differ.
    """
    first = as_floats("matrix", matrix)
    second = as_floats("other", other)
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(
            f"the matrices have shapes {first.shape} and {second.shape}: give two (T, M) of the "
            "same bins"
        )
    return np.abs(first - second).sum(axis=0) / 2
