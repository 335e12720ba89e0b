"""Upper limits of a signal strength by CLs: with asymptotic formulas, and with toys.

CLs = p(q >= q_obs | mu) / p(q >= q_obs | 0) (A. L. Read, J. Phys. G 28 (2002) 2693); the asymptotic
distributions of q are those of Cowan, Cranmer, Gross and Vitells, arXiv:1007.1727, which hold for
large counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm

from hepml_lite.inference.classical.histogram_model import HistogramModel
from hepml_lite.statistics.intervals import Interval, checked_level, efficiency_interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

LARGEST_STRENGTH = 1e4
SMALLEST_STRENGTH = 1e-6  # against the next larger one, in the search for a limit


@dataclass(frozen=True)
class CLs:
    """The p-values of a strength.

    Attributes:
        cls: clsb / clb; a strength with cls below 5 % is excluded at 95 %.
        clsb: chance of data as little like the signal as these, with signal.
        clb: the same without signal.
    """

    cls: float
    clsb: float
    clb: float


@dataclass(frozen=True)
class CLsOfToys:
    """The same from toys, with statistical errors."""

    cls: Interval
    clsb: Interval
    clb: Interval


def cls_asymptotic(model: HistogramModel, mu: float, n: ArrayLike) -> CLs:
    """CLs of strength mu by the asymptotic formulas.

    Args:
        model: expected events.
        mu: the strength to test, positive.
        n: observed counts (B,).

    Raises:
        ValueError: counts of another length, or mu not positive.
    """
    strength = checked_number("mu", mu, 0, np.inf, "()", "1.0")
    data = model.observed(n)
    root = np.sqrt(model.q_tilde(strength, data)[0])
    without_signal = model.best_gamma(0.0, data)[0]
    asimov = model.expected(0.0, without_signal)
    of_asimov = np.sqrt(model.q_tilde(strength, asimov)[0])
    if root <= of_asimov:
        distance = root - of_asimov
    else:
        distance = (root**2 - of_asimov**2) / (2 * of_asimov)
    clsb = float(norm.sf(distance + of_asimov))
    clb = float(norm.sf(distance))
    return CLs(clsb / clb, clsb, clb)


def cls_toys(
    model: HistogramModel, mu: float, n: ArrayLike, n_toys: int = 10_000, rng: Seed = 0
) -> CLsOfToys:
    """CLs of strength mu by toys, at the backgrounds that fit the data best with mu and with 0.

    Args:
        model: expected events.
        mu: the strength to test, positive.
        n: observed counts (B,).
        n_toys: with signal, and as many without.
        rng: generator or seed.

    Raises:
        ValueError: counts of another length, mu not positive, or no toy without signal is as
            little like the signal as the data.
    """
    strength = checked_number("mu", mu, 0, np.inf, "()", "1.0")
    size = checked_count("n_toys", n_toys, 100, "a p-value of few toys says little")
    generator = checked_rng(rng)
    data = model.observed(n)
    q = model.q_tilde(strength, data)[0]
    shares = []
    for true_strength in (strength, 0.0):
        gamma = model.best_gamma(true_strength, data)[0]
        toys = model.toys(true_strength, gamma, size, generator)
        above = int((model.q_tilde(strength, toys) >= q - 1e-9).sum())
        shares.append(efficiency_interval(above, size))
    clsb, clb = shares
    if clb.value == 0:
        raise ValueError(f"none of {size} toys without signal is like the data: give more toys")
    ratio = clsb.value / clb.value
    relative = np.hypot(clsb.error / max(clsb.value, 1 / size), clb.error / clb.value)
    error = max(ratio, 1 / size) * relative
    return CLsOfToys(Interval.symmetric(ratio, float(error)), clsb, clb)


def upper_limit(model: HistogramModel, n: ArrayLike, level: float = 0.95) -> float:
    """The strength whose asymptotic CLs is 1 - level.

    Raises:
        ValueError: counts of another length, a level outside (0, 1), or no limit below 10 000.
    """
    alpha = 1 - checked_level(level)

    def excess(mu: float) -> float:
        return cls_asymptotic(model, mu, n).cls - alpha

    high = 1.0
    while excess(high) > 0:
        high *= 2
        if high > LARGEST_STRENGTH:
            raise ValueError(f"CLs exceeds {alpha:.2g} up to mu = {high:g}: is the signal tiny?")
    low = SMALLEST_STRENGTH * high
    while excess(low) <= 0:  # a signal so large that a small part of it is excluded
        low, high = SMALLEST_STRENGTH * low, low
        if low < SMALLEST_STRENGTH**10:
            raise ValueError(f"CLs is below {alpha:.2g} down to mu = {low:g}: is the signal huge?")
    return float(brentq(excess, low, high, xtol=1e-6 * low))
