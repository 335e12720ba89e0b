"""NPLM: the likelihood-ratio test of a reference against whatever the data prefer.

R. T. D'Agnolo, A. Wulzer, "Learning new physics from a machine", arXiv:1806.02350. The alternative
is n(x) = n_R(x) e^{f(x)} with a flexible f, and the test statistic (eq. 8)

    t = 2 Σ_D f(x) − 2 Σ_R w (e^{f(x)} − 1),

with weights w that scale the reference to the number of events expected. Numbers of events count,
not only their distribution.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from hepml_lite.densities.rows import checked_table
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng


class Alternative(Protocol):
    """A family of functions f that can be fitted."""

    def fitted_log_ratio(
        self, data: np.ndarray, reference: np.ndarray, weight: float, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values of the fitted f at the data (N,) and at the reference (M,).

        Args:
            data: (N, D), standardised.
            reference: (M, D), standardised.
            weight: of each row of the reference.
            seed: of what is random in the fit.
        """
        ...


@dataclass(frozen=True)
class GoodnessOfFit:
    """The test statistic of the data, and of toys without signal.

    Attributes:
        statistic: t.
        toys: t of toys, (T,).
    """

    statistic: float
    toys: np.ndarray

    @property
    def p_value(self) -> float:
        """The share of toys that are as extreme, counting the data: (k + 1) / (T + 1)."""
        return float((np.sum(self.toys >= self.statistic) + 1) / (len(self.toys) + 1))

    @property
    def degrees_of_freedom(self) -> float:
        """Mean of the toys, which is that of a χ²."""
        return float(self.toys.mean())

    @property
    def asymptotic_p_value(self) -> float:
        """From a χ² with the mean of the toys: reaches beyond the number of toys."""
        return float(chi2.sf(self.statistic, self.degrees_of_freedom))

    @property
    def significance(self) -> float:
        """Of the asymptotic p-value, in standard deviations."""
        return float(norm.isf(self.asymptotic_p_value))


def nplm_statistic(
    data: ArrayLike,
    reference: ArrayLike,
    n_expected: float,
    alternative: Alternative,
    rng: Seed = 0,
) -> float:
    """T of data (N, D) against a reference (M, D) that stands for `n_expected` events.

    Raises:
        ValueError: tables with other features, no reference, or a number that is not positive.
    """
    seen = checked_table("data", data)
    expected = checked_table("reference", reference)
    number = checked_number("n_expected", n_expected, 0, np.inf, "()")
    if seen.shape[1] != expected.shape[1] or not len(expected):
        raise ValueError(
            f"data has shape {seen.shape} and reference {expected.shape}: give the same features, "
            "and a reference with rows"
        )
    centre = expected.mean(0)
    width = expected.std(0)
    if not (width > 0).all():
        raise ValueError("a feature of the reference is constant: remove it")
    weight = number / len(expected)
    of_data, of_reference = alternative.fitted_log_ratio(
        (seen - centre) / width,
        (expected - centre) / width,
        weight,
        int(checked_rng(rng).integers(2**31)),
    )
    return float(2 * of_data.sum() - 2 * weight * np.expm1(of_reference).sum())


def nplm(
    data: ArrayLike,
    reference: ArrayLike,
    n_expected: float,
    pool: ArrayLike,
    alternative: Alternative,
    n_toys: int = 100,
    rng: Seed = 0,
) -> GoodnessOfFit:
    """Test data against a reference, with toys from a pool of further reference events.

    Each toy is a Poisson number of events, drawn without replacement from the pool.

    Args:
        data: (N, D).
        reference: (M, D), several times as many as the data, so that its noise is small.
        n_expected: events expected without signal.
        pool: (K, D), other events of the reference; K well above `n_expected`, since toys share
            events.
        alternative: `KernelAlternative` or `NetworkAlternative`.
        n_toys: how many.
        rng: generator or seed.

    Raises:
        ValueError: as `nplm_statistic`, or a pool that is smaller than a toy.
    """
    generator = checked_rng(rng)
    spare = checked_table("pool", pool)
    toys = []
    for _ in range(checked_count("n_toys", n_toys, 2, "the null needs toys")):
        n_events = generator.poisson(n_expected)
        if n_events > len(spare):
            raise ValueError(
                f"pool has {len(spare)} events and a toy {n_events}: give more, or expect fewer"
            )
        toy = spare[generator.permutation(len(spare))[:n_events]]
        toys.append(nplm_statistic(toy, reference, n_expected, alternative, generator))
    statistic = nplm_statistic(data, reference, n_expected, alternative, generator)
    return GoodnessOfFit(statistic, np.array(toys))
