"""One parameter from events: unbinned, and from a histogram of the same events."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from hepml_lite.inference.classical.nuisances import Curve
from hepml_lite.statistics.data_checks import checked_edges, checked_finite

LogDensity = Callable[[float, np.ndarray], np.ndarray]  # value, events (N, D) -> (N,)


def unbinned(log_density: LogDensity, x: ArrayLike, values: ArrayLike) -> Curve:
    """The log likelihood of events (N, D) at each of the values (M,).

    Args:
        log_density: log p(x | value) of all events.
        x: events (N, D).
        values: of the parameter (M,), rising.
    """
    rows = checked_finite("x", x)
    value = checked_finite("values", values, n_axes=1)
    log_likelihood = np.array([log_density(each, rows).sum() for each in value])
    return Curve(value, log_likelihood - log_likelihood.max())


def binned(
    shares: Callable[[float], np.ndarray], summary: ArrayLike, edges: ArrayLike, values: ArrayLike
) -> Curve:
    """The log likelihood of the histogram of a summary.

    Args:
        shares: probabilities (B,) of the bins at a value.
        summary: of the events (N,).
        edges: of the bins (B + 1,).
        values: of the parameter (M,), rising.
    """
    counts, _ = np.histogram(checked_finite("summary", summary), checked_edges("edges", edges))
    value = checked_finite("values", values, n_axes=1)
    log_likelihood = np.array([xlogy(counts, shares(each)).sum() for each in value])
    return Curve(value, log_likelihood - log_likelihood.max())
