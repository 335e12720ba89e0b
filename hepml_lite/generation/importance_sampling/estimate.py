"""The integral from weighted points, its error, and how many unweighted events they are worth.

Points x drawn from a density q give the integral of f as the mean of the weights w = f(x)/q(x).
Its error is the standard deviation of the weights over sqrt(N): the art is to find a q that is
nearly proportional to f.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_finite, checked_not_negative
from hepml_lite.statistics.settings_checks import checked_number

Function = Callable[[np.ndarray], np.ndarray]


class Integral(NamedTuple):
    """An integral with its statistical error, and the number of points that went into it."""

    value: float
    error: float
    n_evaluations: int

    @classmethod
    def of_weights(cls, weights: np.ndarray) -> Self:
        """The mean of weights f/q (N,), with its standard error."""
        error = weights.std(ddof=1) / np.sqrt(len(weights))
        return cls(float(weights.mean()), float(error), len(weights))

    def __str__(self) -> str:
        return f"{self.value:.6g} ± {self.error:.2g} ({self.n_evaluations} evaluations)"


def combined(parts: Sequence[Integral]) -> Integral:
    """Independent estimates in one, each weighted by the points that it was made from.

    Weights 1/error^2 would be biased: an iteration that missed a peak has both a low value and a
    small error. The number of points knows nothing of the values.
    """
    counts = np.array([part.n_evaluations for part in parts])
    shares = counts / counts.sum()
    value = sum(share * part.value for share, part in zip(shares, parts, strict=True))
    variance = sum((share * part.error) ** 2 for share, part in zip(shares, parts, strict=True))
    return Integral(float(value), float(np.sqrt(variance)), int(counts.sum()))


def unweighting_efficiency(weights: ArrayLike, share_above: float = 1e-3) -> float:
    """Share of weighted events that survive when they are unweighted by rejection.

    An event is kept with probability w/w_max. The largest weight of a sample grows with the sample
    for ever, so w_max is defined by a quantile: events above it carry the share `share_above` of
    the summed weights. They would have to keep a weight above one (arXiv:2001.10028, section 3).

    Args:
        weights: (N,) >= 0.
        share_above: in [0, 1); 0 is the largest weight itself.

    Raises:
        ValueError: weights that are negative, not finite or all zero, or a share outside [0, 1).
    """
    share_above = checked_number("share_above", share_above, 0, 1, "[)")
    rising = np.sort(checked_not_negative("weights", weights))
    if rising.ndim != 1 or not rising.sum() > 0:
        raise ValueError(f"weights of shape {rising.shape}: give one a point, not all zero")
    from_above = np.cumsum(rising[::-1])[::-1] / rising.sum()  # share of this and all larger ones
    largest = rising[np.flatnonzero(from_above > share_above)[-1]]
    return float(np.minimum(rising / largest, 1).mean())


def checked_values(function: Function, x: np.ndarray) -> np.ndarray:
    """The function at points (N, D), (N,).

    Raises:
        ValueError: another shape, or values that are not finite.
    """
    values = checked_finite("function(x)", function(x))
    if values.shape != (len(x),):
        raise ValueError(
            f"function(x) has shape {values.shape} for points {x.shape}: give one value a point"
        )
    return values
