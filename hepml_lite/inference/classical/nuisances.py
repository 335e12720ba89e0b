"""Nuisance parameters: a log likelihood on a grid is profiled or marginalised, then cut.

The table is (M, K): M values of the parameter of interest, K of the nuisance. Profiling takes the
largest value of each row, marginalising the mean over the prior of the nuisance. They agree where
the likelihood is Gaussian, and differ where it is not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp
from scipy.stats import chi2

from hepml_lite.statistics.data_checks import as_floats, checked_grid, checked_logarithms
from hepml_lite.statistics.intervals import checked_level


@dataclass(frozen=True)
class Curve:
    """A log likelihood of one parameter.

    Attributes:
        values: of the parameter (M,), rising.
        log_likelihood: (M,), of maximum zero after it is made.

    Raises:
        ValueError: values that do not rise, lengths that differ, NaN, or a likelihood that is zero
            at all values.
    """

    values: np.ndarray
    log_likelihood: np.ndarray

    def __post_init__(self) -> None:
        values = checked_grid("values", self.values)
        log_l = checked_logarithms("log_likelihood", self.log_likelihood, values.shape)
        if not len(values) or log_l.max() == -np.inf:
            raise ValueError(
                f"the likelihood is zero at all {len(values)} values: give values where the data "
                "are possible; a bin or an event of chance zero makes the whole product zero"
            )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "log_likelihood", log_l - log_l.max())

    @property
    def best(self) -> float:
        """The value of the largest likelihood, by a parabola through the three points around it."""
        i = int(np.argmax(self.log_likelihood))
        if i in (0, len(self.values) - 1):
            return float(self.values[i])
        x = self.values[i - 1 : i + 2]
        a, b, _ = np.polyfit(x - x[1], self.log_likelihood[i - 1 : i + 2], 2)
        return float(x[1] - b / (2 * a))

    def interval(self, level: float = 0.683) -> tuple[float, float]:
        """Where 2 (max - log L) stays below the quantile of chi² with one degree of freedom.

        An end beyond the grid is the end of the grid.
        """
        drop = chi2.ppf(checked_level(level), 1) / 2
        return self._crossings(-drop)

    def credible_interval(self, level: float = 0.683) -> tuple[float, float]:
        """The central interval of exp(log L), with a flat prior on the values."""
        tail = (1 - checked_level(level)) / 2
        density = np.exp(self.log_likelihood)
        steps = np.diff(self.values)
        summed = np.append(0, np.cumsum(steps * (density[1:] + density[:-1]) / 2))
        low, high = np.interp([tail, 1 - tail], summed / summed[-1], self.values)
        return float(low), float(high)

    def _crossings(self, height: float) -> tuple[float, float]:
        above = np.flatnonzero(self.log_likelihood >= height)
        first, last = above[0], above[-1]
        low = self._between(first - 1, first, height) if first > 0 else self.values[0]
        end = len(self.values) - 1
        high = self._between(last + 1, last, height) if last < end else self.values[-1]
        return float(low), float(high)

    def _between(self, outside: int, inside: int, height: float) -> float:
        pair = [outside, inside]
        return float(np.interp(height, self.log_likelihood[pair], self.values[pair]))


def profiled(values: ArrayLike, table: ArrayLike, log_prior: ArrayLike | None = None) -> Curve:
    """The largest log likelihood over the nuisance.

    Args:
        values: of the parameter of interest (M,).
        table: log likelihood (M, K).
        log_prior: of the K values of the nuisance, or of its auxiliary measurement; None: flat.

    Raises:
        ValueError: shapes that do not agree, values that do not rise, or NaN.
    """
    value, log_l = _checked(values, table, log_prior)
    return Curve(value, log_l.max(1))


def marginalised(values: ArrayLike, table: ArrayLike, log_prior: ArrayLike | None = None) -> Curve:
    """The likelihood averaged over the prior of the nuisance, on an even grid of K values.

    Arguments and errors as `profiled`.
    """
    value, log_l = _checked(values, table, log_prior)
    return Curve(value, logsumexp(log_l, axis=1))


def _checked(
    values: ArrayLike, table: ArrayLike, log_prior: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    value = checked_grid("values", values)
    log_l = as_floats("table", table)
    if log_l.ndim != 2 or len(log_l) != len(value) or len(value) < 3 or not log_l.size:
        raise ValueError(
            f"table has shape {log_l.shape} for {len(value)} values: give (values, nuisances), at "
            "least three values"
        )
    checked_logarithms("table", log_l, log_l.shape)
    if log_prior is None:
        return value, log_l
    of_nuisance = as_floats("log_prior", log_prior)
    if of_nuisance.shape != (log_l.shape[1],):
        raise ValueError(
            f"log_prior has shape {of_nuisance.shape}: give one for {log_l.shape[1]} nuisances"
        )
    return value, log_l + checked_logarithms("log_prior", of_nuisance, of_nuisance.shape)
