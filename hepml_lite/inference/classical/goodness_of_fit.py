"""Goodness of fit of a histogram: the likelihood-ratio chi square, and its p-value by toys.

S. Baker and R. D. Cousins, Nucl. Instrum. Meth. 221 (1984) 437, eq. 12.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy
from scipy.stats import chi2

from hepml_lite.statistics.data_checks import checked_not_negative
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


class GoodnessOfFit(NamedTuple):
    """A chi square with two p-values.

    Attributes:
        chi_squared: 2 Σ [mu - n + n ln(n / mu)].
        p_value: chance of this or a larger value, from toys at the expected counts.
        p_value_asymptotic: the same by the chi² distribution, wrong where few events are expected.
    """

    chi_squared: float
    p_value: float
    p_value_asymptotic: float


def goodness_of_fit(
    n: ArrayLike, expected: ArrayLike, n_fitted: int = 0, n_toys: int = 2000, rng: Seed = 0
) -> GoodnessOfFit:
    """Do counts agree with what is expected?

    Args:
        n: counts (B,).
        expected: (B,), positive.
        n_fitted: parameters that were fitted to these counts; toys do not refit them, so that
            `p_value` is then too large, by little for many bins.
        n_toys: for the p-value.
        rng: generator or seed.

    Raises:
        ValueError: lengths that differ, negative counts, or a bin where nothing is expected.
    """
    counts = checked_not_negative("n", n)
    mean = checked_not_negative("expected", expected)
    if counts.shape != mean.shape or counts.ndim != 1 or not (mean > 0).all():
        raise ValueError(
            f"n has shape {counts.shape} and expected {mean.shape}: give (B,) each, with more than "
            "zero expected in every bin"
        )
    freedom = len(counts) - checked_count("n_fitted", n_fitted, 0)
    if freedom < 1:
        raise ValueError(f"{n_fitted} parameters were fitted to {len(counts)} bins: none is left")
    size = (checked_count("n_toys", n_toys, 100), len(mean))
    toys = checked_rng(rng).poisson(mean, size)
    value = float(baker_cousins(counts, mean))
    above = (baker_cousins(toys, mean) >= value - 1e-9).sum()
    p_value = float((above + 1) / (len(toys) + 1))
    return GoodnessOfFit(value, p_value, float(chi2.sf(value, freedom)))


def baker_cousins(n: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """2 Σ [mu - n + n ln(n / mu)] over the last axis."""
    return 2 * (expected - n + xlogy(n, n / expected)).sum(-1)
