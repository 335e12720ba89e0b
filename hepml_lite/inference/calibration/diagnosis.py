"""Names what is wrong with a posterior: too narrow, too wide or shifted, with numbers.

The rank of a truth among its draws becomes a pull, Phi^-1(rank). Pulls of an exact posterior are
standard normal numbers. Their mean is the distance of truth and posterior in widths of the
posterior; their standard deviation is the true width over the claimed one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed, checked_rng
from hepml_lite.statistics.two_sample.coverage import simulation_based_calibration

SIGNIFICANT = 3.0  # standard errors, before a difference gets a name


@dataclass(frozen=True)
class Diagnosis:
    """Pulls of one parameter.

    Attributes:
        shift: mean pull, in widths of the posterior; positive: the truth lies above the draws.
        width: claimed width over the width that would be right; below one: too narrow.
    """

    shift: Interval
    width: Interval

    @property
    def name(self) -> str:
        """What is wrong, in words; "no fault found" is no proof that there is none."""
        faults = []
        if self.width.high < 1 and _is_significant(self.width, 1.0):
            faults.append("too narrow")
        if self.width.low > 1 and _is_significant(self.width, 1.0):
            faults.append("too wide")
        if _is_significant(self.shift, 0.0):
            faults.append("too low" if self.shift.value > 0 else "too high")
        return ", ".join(faults) or "no fault found"

    def __str__(self) -> str:
        return f"{self.name} (width {self.width} of the right one, shift {self.shift})"


def diagnose(draws: ArrayLike, truths: ArrayLike, rng: Seed = 0) -> list[Diagnosis]:
    """What is wrong with the draws, for each parameter.

    Args:
        draws: (S, N, D), S draws for each of N truths; at least about a hundred, since the ranks of
            few draws say little about tails.
        truths: (N, D), from the prior.
        rng: generator or seed that orders equal values.

    Raises:
        ValueError: shapes that do not agree, NaN, or fewer than ten truths.
    """
    generator = checked_rng(rng)
    ranked = simulation_based_calibration(draws, truths, n_bins=2, rng=generator)
    shares = (ranked.ranks + generator.random(ranked.ranks.shape)) / (ranked.n_draws + 1)
    pulls = norm.ppf(shares)
    return [_diagnosis(column) for column in pulls.T]


def _diagnosis(pulls: np.ndarray) -> Diagnosis:
    n = len(pulls)
    spread = float(pulls.std(ddof=1))
    shift = Interval.symmetric(float(pulls.mean()), spread / n**0.5)
    width = 1 / spread
    return Diagnosis(shift, Interval.symmetric(width, width / (2 * n) ** 0.5))


def _is_significant(value: Interval, expected: float) -> bool:
    return abs(value.value - expected) > SIGNIFICANT * value.error
