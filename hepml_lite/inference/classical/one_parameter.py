"""One parameter from events: unbinned, and from a histogram of the same events."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from hepml_lite.inference.classical.nuisances import Curve
from hepml_lite.statistics.data_checks import (
    checked_edges,
    checked_finite,
    checked_grid,
    checked_logarithms,
    checked_not_negative,
)
from hepml_lite.statistics.settings_checks import checked_function

LogDensity = Callable[[float, np.ndarray], np.ndarray]  # value, events (N, D) -> (N,)


def unbinned(log_density: LogDensity, x: ArrayLike, values: ArrayLike) -> Curve:
    """The log likelihood of events (N, D) at each of the values (M,).

    Args:
        log_density: log p(x | value) of all events.
        x: events (N, D).
        values: of the parameter (M,), rising.

    Raises:
        ValueError: NaN, values that do not rise, or a function that does not give one logarithm an
            event.
    """
    rows = checked_finite("x", x)
    value = checked_grid("values", values, fewest=1)
    checked_function("log_density", log_density, "value, events (N, D) -> (N,)")
    log_likelihood = []
    for each in value:
        logs = checked_logarithms("log_density", log_density(float(each), rows), (len(rows),))
        log_likelihood.append(logs.sum())
    return Curve(value, np.array(log_likelihood))


def binned(
    shares: Callable[[float], np.ndarray], summary: ArrayLike, edges: ArrayLike, values: ArrayLike
) -> Curve:
    """The log likelihood of the histogram of a summary.

    Args:
        shares: probabilities (B,) of the bins at a value.
        summary: of the events (N,).
        edges: of the bins (B + 1,).
        values: of the parameter (M,), rising.

    Raises:
        ValueError: NaN, edges or values that do not rise, no event in the bins, or a function that
            does not give a share of each bin.
    """
    numbers = checked_finite("summary", summary, n_axes=1)
    bins = checked_edges("edges", edges)
    counts, _ = np.histogram(numbers, bins)
    if not counts.any():
        raise ValueError(
            f"none of {len(numbers)} events is between the edges {bins[0]:g} and {bins[-1]:g}: "
            "give edges that hold the summary, the outermost may be -inf and inf"
        )
    value = checked_grid("values", values, fewest=1)
    checked_function("shares", shares, "value -> (B,)")
    log_likelihood = []
    for each in value:
        share = checked_not_negative("shares", shares(float(each)))
        if share.shape != counts.shape:
            raise ValueError(
                f"shares gave {share.shape}: give the chance of each bin, {counts.shape}"
            )
        log_likelihood.append(xlogy(counts, share).sum())
    return Curve(value, np.array(log_likelihood))
