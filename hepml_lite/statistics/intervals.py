"""Confidence intervals of values measured on a finite sample, and how to print them."""

import math
from statistics import NormalDist
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_array, checked_finite, checked_not_negative
from hepml_lite.statistics.settings_checks import checked_count, checked_number


class Interval(NamedTuple):
    """A value with its confidence interval [low, high]; prints as "304 ± 21".

    A format prints all digits asked for and does not round as the Particle Data Group does:

    >>> interval = Interval.symmetric(1298, 46)
    >>> f"{interval}, {interval:g}, {interval:.1f}"
    '1300 ± 50, 1298 ± 46, 1298.0 ± 46.0'
    """

    value: float
    low: float
    high: float

    @classmethod
    def symmetric(cls, value: float, error: float = 0.0) -> Self:
        """The interval value ± error; without an error it has no width."""
        return cls(value, value - error, value + error)

    def inverse(self) -> "Interval":
        """The interval of 1/x for x >= 0: ends exchanged, and inf for 1/0."""
        return Interval(_inverse(self.value), _inverse(self.high), _inverse(self.low))

    @property
    def errors(self) -> tuple[float, float]:
        """Distances (down, up) from the value to both ends, as `errorbar` wants them."""
        return self.value - self.low, self.high - self.value

    @property
    def error(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    def __format__(self, spec: str) -> str:
        if not spec.endswith(("e", "f", "g")):  # a width, or nothing
            return format(str(self), spec)
        value, error = format(self.value, spec), format(self.error, spec)
        return f"{value} ± {error}" if self.error else value

    def __str__(self) -> str:
        numbers = (self.value, *self.errors)
        if not all(map(math.isfinite, numbers)) or min(self.errors) < 0:
            return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"
        if self.low == self.high:
            return f"{self.value:.4g}"
        digits = _decimals(self.error)
        value, down, up, error = (
            f"{round(x, digits):.{max(digits, 0)}f}" for x in (*numbers, self.error)
        )
        # a smaller asymmetry is within the noise of a few hundred resamples
        symmetric = abs(numbers[1] - numbers[2]) <= 0.25 * self.error
        return f"{value} ± {error}" if symmetric else f"{value} +{up} −{down}"


def mean_of_seeds(values: ArrayLike, error_of_test: float = 0.0) -> Interval:
    """The mean over S trainings with its error; a single one has no spread.

    Args:
        values: (S,), one number for each seed.
        error_of_test: of one number, from the one test sample that judges all seeds. It does not
            shrink with their number, and is added in quadrature.

    Raises:
        ValueError: no values, or some that are not finite.
    """
    numbers = checked_finite("values", values, n_axes=1, fewest=1)
    of_seeds = numbers.std(ddof=1) / np.sqrt(len(numbers)) if len(numbers) > 1 else 0.0
    return Interval.symmetric(float(numbers.mean()), float(np.hypot(of_seeds, error_of_test)))


def central_interval(values: ArrayLike, level: float = 0.68) -> np.ndarray:
    """Both ends (2, …) of the central interval over axis 0 of values (n, …); inf is allowed.

    The ends are members of the sample: between a finite value and inf there is no middle.

    Raises:
        ValueError: if level is not in (0, 1), or values are missing or NaN.
    """
    tail = (1 - checked_level(level)) / 2
    sample = as_array("values", values)
    if sample.ndim == 0 or not sample.size or sample.dtype.kind not in "biuf":
        raise ValueError(
            f"values are {sample.dtype} of shape {sample.shape}: give numbers (n, ...) with n >= 1"
        )
    if np.isnan(sample).any():
        raise ValueError(
            f"{np.isnan(sample).sum()} of {sample.size} values are NaN: an interval needs numbers "
            "or inf; is the quantity defined in every resample?"
        )
    return np.quantile(sample, [tail, 1 - tail], axis=0, method="nearest")


def efficiency_interval(passed: int, total: int, level: float = 0.68) -> Interval:
    """Efficiency passed/total with its Wilson score interval (Wilson 1927).

    Unlike ± sqrt(eps (1 - eps) / N) it stays inside [0, 1], and it has a width at 0 and at 1.

    Raises:
        ValueError: unless 0 <= passed <= total, total > 0 and level is in (0, 1).
    """
    passed = checked_count("passed", passed, fewest=0, why="jets are counted")
    total = checked_count("total", total, why="jets are counted")
    if passed > total:
        raise ValueError(f"passed={passed} of total={total}: needs 0 <= passed <= total, total > 0")
    return _wilson(passed / total, total, level)


def weighted_efficiency_interval(
    selected: ArrayLike, weights: ArrayLike, level: float = 0.68
) -> Interval:
    """Share of the summed weights that is selected, with its Wilson score interval.

    The interval is that of as many unweighted jets as have the same variance, which is
    sum w^2 (selected - eps)^2 / (sum w)^2. With none or all selected this variance is zero. The
    number is then sum w / max w: the jet that was missed may have had the largest weight
    (Bohm and Zech 2014, arXiv:1309.1287, on sums of weights).

    Args:
        selected: (N,) bool.
        weights: (N,) >= 0, not all zero.
        level: of confidence.

    Raises:
        ValueError: shapes that differ, `selected` that is not boolean, weights that are negative,
            not finite or all zero, or level outside (0, 1).
    """
    chosen = as_array("selected", selected)
    weight = checked_not_negative("weights", weights)
    if chosen.dtype != bool or chosen.shape != weight.shape or chosen.ndim != 1:
        raise ValueError(
            f"selected is {chosen.dtype} {chosen.shape} for weights {weight.shape}: give one bool "
            "and one weight a jet"
        )
    total = weight.sum()
    if not total > 0:
        raise ValueError("all weights are zero: give a positive weight to some jets")
    efficiency = min(float(weight[chosen].sum() / total), 1.0)
    variance = float((weight**2 * (chosen - efficiency) ** 2).sum() / total**2)
    if 0 < efficiency < 1:
        number = efficiency * (1 - efficiency) / variance
    else:
        number = float(total / weight.max())
    return _wilson(efficiency, number, level)


def _wilson(efficiency: float, number: float, level: float) -> Interval:
    """Wilson score interval of an efficiency of a number of jets."""
    z = NormalDist().inv_cdf((1 + checked_level(level)) / 2)
    shrink = 1 + z**2 / number
    centre = (efficiency + z**2 / (2 * number)) / shrink
    half = z / shrink * math.sqrt(efficiency * (1 - efficiency) / number + (z / (2 * number)) ** 2)
    # at 0 and 1 the formula ends exactly there, but for rounding
    low = centre - half if efficiency > 0 else 0.0
    high = centre + half if efficiency < 1 else 1.0
    return Interval(efficiency, low, high)


def _inverse(x: float) -> float:
    return 1 / x if x > 0 else math.inf


def checked_level(level: float) -> float:
    """The confidence level, a fraction in (0, 1).

    Raises:
        ValueError: it is none.
    """
    return checked_number("level", level, 0, 1, "()", "0.68")


def _decimals(error: float) -> int:
    """Decimals to print, by the rounding rule of the Particle Data Group: 0.021 but 0.04."""
    exponent = math.floor(math.log10(error))
    return (1 if error / 10**exponent < 3.55 else 0) - exponent
