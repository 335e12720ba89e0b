"""The signal strength from a ratio of densities, as an experiment measures it without bins.

A mixture of processes has p(x | mu) = (mu s p_s(x) + b p_b(x)) / (mu s + b). One ratio of signal to
background, r = p_s / p_b, learned from simulation, gives the likelihood ratio for every mu:

    log L(mu) = -mu s + Σ_i log(1 + mu s / b r(x_i)) + constant

with the number of events, which is Poisson (ATLAS, arXiv:2412.01600). Toys at each mu say how large
the test statistic may be: the Neyman construction, which covers whatever the ratio is, since a bad
ratio only makes intervals wide. A systematic change of a process enters by interpolation of its
ratio.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_not_negative
from hepml_lite.statistics.intervals import checked_level
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng


@dataclass(frozen=True)
class SignalStrength:
    """Expected events, and simulated ones with their ratios.

    Attributes:
        signal: expected events s at mu = 1.
        background: expected events b.
        ratio_of_signal: p_s / p_b of simulated signal events (S,), for the toys.
        ratio_of_background: the same of background events (B,); not events of the training.
        values: of mu, rising, from zero on (M,).
    """

    signal: float
    background: float
    ratio_of_signal: np.ndarray
    ratio_of_background: np.ndarray
    values: np.ndarray

    def __post_init__(self) -> None:
        checked_number("signal", self.signal, 0, np.inf, "()", "20.0")
        checked_number("background", self.background, 0, np.inf, "()", "100.0")
        for name in ("ratio_of_signal", "ratio_of_background", "values"):
            numbers = checked_not_negative(name, getattr(self, name))
            if numbers.ndim != 1 or len(numbers) < 2:
                raise ValueError(f"{name} has shape {numbers.shape}: give at least two numbers")
            object.__setattr__(self, name, numbers)
        if not (np.diff(self.values) > 0).all():
            raise ValueError("values of mu must rise: give np.linspace(0, 3, 61)")

    def log_likelihood(self, ratio: ArrayLike) -> np.ndarray:
        """Log L at all values of mu (M,), of events with these ratios (N,)."""
        of_events = checked_not_negative("ratio", ratio)
        share = np.outer(self.values, of_events) * self.signal / self.background
        return np.log1p(share).sum(1) - self.values * self.signal

    def test_statistics(self, ratio: ArrayLike) -> np.ndarray:
        """2 (log L at the best mu - log L) at all values of mu, (M,)."""
        log_l = self.log_likelihood(ratio)
        return 2 * (log_l.max() - log_l)

    def toy(self, mu: float, rng: Seed = 0) -> np.ndarray:
        """Ratios (N,) of the events of one random data set at strength mu."""
        generator = checked_rng(rng)
        n_signal = generator.poisson(mu * self.signal)
        n_background = generator.poisson(self.background)
        chosen = generator.choice(self.ratio_of_signal, n_signal)
        others = generator.choice(self.ratio_of_background, n_background)
        return np.concatenate([chosen, others])

    def critical_values(self, level: float = 0.68, n_toys: int = 300, rng: Seed = 0) -> np.ndarray:
        """The test statistic that toys at each mu stay below with this chance, (M,)."""
        share = checked_level(level)
        size = checked_count("n_toys", n_toys, 20)
        generator = checked_rng(rng)
        critical = []
        for i, mu in enumerate(self.values):
            found = [self.test_statistics(self.toy(mu, generator))[i] for _ in range(size)]
            critical.append(np.quantile(found, share))
        return np.array(critical)

    def interval(self, ratio: ArrayLike, critical: ArrayLike) -> tuple[float, float]:
        """The smallest and the largest mu whose test statistic is below its critical value.

        Args:
            ratio: p_s / p_b of the observed events (N,).
            critical: of `critical_values` (M,), or one number, such as 1 for 68 %.
        """
        accepted = np.flatnonzero(self.test_statistics(ratio) <= np.asarray(critical) + 1e-9)
        if not len(accepted):
            best = float(self.values[self.log_likelihood(ratio).argmax()])
            return best, best
        return float(self.values[accepted[0]]), float(self.values[accepted[-1]])


def interpolated(down: ArrayLike, nominal: ArrayLike, up: ArrayLike, nuisance: float) -> np.ndarray:
    """Ratios (N,) at a nuisance between -1 and 1, beyond linearly in the logarithm.

    The logarithm is the parabola through its values at -1, 0 and 1.

    Args:
        down: ratio to the nominal density with the nuisance at -1 (N,), positive.
        nominal: at 0, usually ones.
        up: at +1.
        nuisance: in standard deviations.

    Raises:
        ValueError: numbers that are not positive, or lengths that differ.
    """
    logs = []
    for name, values in (("down", down), ("nominal", nominal), ("up", up)):
        numbers = checked_not_negative(name, values)
        if not (numbers > 0).all():
            raise ValueError(f"{name} has zeros: a ratio must be positive to be interpolated")
        logs.append(np.log(numbers))
    lower, middle, upper = logs
    if not lower.shape == middle.shape == upper.shape:
        raise ValueError(f"shapes {lower.shape}, {middle.shape}, {upper.shape} must agree")
    slope = (upper - lower) / 2
    curvature = (upper + lower) / 2 - middle
    inside = np.clip(checked_number("nuisance", nuisance), -1, 1)
    beyond = nuisance - inside
    parabola = middle + slope * inside + curvature * inside**2
    return np.exp(parabola + beyond * (slope + 2 * curvature * inside))
