"""A histogram of signal and background, with an independent error of the background in each bin.

n_i ~ Poisson(mu s_i + gamma_i b_i), and an auxiliary measurement m_i ~ Poisson(gamma_i tau_i) with
tau_i = (b_i / sigma_i)^2 (the `shapesys` modifier of HistFactory). For a given strength mu the best
gamma_i solves a quadratic equation, and the profile likelihood is convex in mu: its minimum is
found by bisection, for all toys at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlogy

from hepml_lite.statistics.data_checks import checked_not_negative
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

BISECTIONS = 60


@dataclass(frozen=True)
class Counts:
    """Main and auxiliary counts of toys or of one data set.

    Attributes:
        main: n (T, B).
        auxiliary: m (T, B).
    """

    main: np.ndarray
    auxiliary: np.ndarray


@dataclass(frozen=True)
class HistogramModel:
    """Expected events in B bins.

    Attributes:
        signal: s (B,), at strength one.
        background: b (B,).
        error: sigma (B,) of the background, in events, positive.

    Raises:
        ValueError: lengths that differ, negative numbers, no background, or no error in a bin.
    """

    signal: np.ndarray
    background: np.ndarray
    error: np.ndarray

    def __post_init__(self) -> None:
        for name in ("signal", "background", "error"):
            values = np.atleast_1d(checked_not_negative(name, getattr(self, name)))
            object.__setattr__(self, name, values)
        shapes = {self.signal.shape, self.background.shape, self.error.shape}
        if len(shapes) > 1 or self.signal.ndim != 1:
            raise ValueError(f"signal, background, error have shapes {shapes}: give (B,) each")
        if not (self.background > 0).all() or not (self.error > 0).all():
            raise ValueError(
                "a bin has no background, or no error: merge bins; for a background that is known "
                "give a small error, such as a thousandth of it"
            )
        if not self.signal.any():
            raise ValueError("signal is zero in all bins: nothing depends on the strength")

    @property
    def tau(self) -> np.ndarray:
        """Auxiliary events (B,) expected for the nominal background."""
        return (self.background / self.error) ** 2

    def observed(self, n: ArrayLike) -> Counts:
        """Data n (B,), with the auxiliary measurement at its nominal value."""
        main = np.atleast_1d(checked_not_negative("n", n))
        if main.shape != self.signal.shape:
            raise ValueError(f"n has shape {main.shape}: give a count for {len(self.signal)} bins")
        return Counts(main[None], self.tau[None])

    def toys(self, mu: float, gamma: ArrayLike, n_toys: int, rng: Seed = 0) -> Counts:
        """Random counts (n_toys, B) at strength mu with backgrounds gamma (B,).

        Raises:
            ValueError: a strength or backgrounds that are negative or NaN, or no toys.
        """
        strength = checked_number("mu", mu, 0, np.inf, "[)", "1.0")
        factor = checked_not_negative("gamma", gamma)
        generator = checked_rng(rng)
        size = (checked_count("n_toys", n_toys), len(self.signal))
        main = generator.poisson(strength * self.signal + factor * self.background, size)
        return Counts(main, generator.poisson(factor * self.tau, size))

    def expected(self, mu: float, gamma: np.ndarray) -> Counts:
        """Counts that are exactly as expected: the Asimov data."""
        main = mu * self.signal + gamma * self.background
        return Counts(main[None], (gamma * self.tau)[None])

    def best_gamma(self, mu: ArrayLike, counts: Counts) -> np.ndarray:
        """Backgrounds gamma (T, B) of the largest likelihood for strengths mu (T,)."""
        from_signal = np.multiply.outer(np.atleast_1d(mu), self.signal)  # (T, B)
        b = self.background
        quadratic = b * (b + self.tau)
        linear = b * (counts.main + counts.auxiliary) - (b + self.tau) * from_signal
        constant = counts.auxiliary * from_signal
        root = np.sqrt(linear**2 + 4 * quadratic * constant)
        return (linear + root) / (2 * quadratic)

    def log_likelihood(self, mu: ArrayLike, counts: Counts) -> np.ndarray:
        """Profile log likelihood (T,) at strengths mu (T,), maximal over all gamma."""
        gamma = self.best_gamma(mu, counts)
        main = np.multiply.outer(np.atleast_1d(mu), self.signal) + gamma * self.background
        auxiliary = gamma * self.tau
        of_main = _log_poisson(counts.main, main)
        return (of_main + _log_poisson(counts.auxiliary, auxiliary)).sum(-1)

    def best_strength(self, counts: Counts) -> np.ndarray:
        """The strength mu >= 0 (T,) of the largest likelihood."""
        n_toys = len(counts.main)
        low = np.zeros(n_toys)
        most = counts.main.sum(-1) + 1
        high = most / self.signal.max()
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            rises = self._slope(middle, counts) > 0
            low = np.where(rises, middle, low)
            high = np.where(rises, high, middle)
        at_zero = self._slope(np.zeros(n_toys), counts) <= 0
        return np.where(at_zero, 0.0, (low + high) / 2)

    def q_tilde(self, mu: float, counts: Counts) -> np.ndarray:
        """The test statistic for upper limits, (T,): zero where the best strength exceeds mu.

        Eq. 16 of arXiv:1007.1727, with the best strength at least zero.
        """
        mu = checked_number("mu", mu, 0, np.inf, "[)", "1.0")
        best = self.best_strength(counts)
        at_best = self.log_likelihood(best, counts)
        at_mu = self.log_likelihood(np.full(len(best), mu), counts)
        return np.where(best > mu, 0.0, np.maximum(2 * (at_best - at_mu), 0.0))

    def _slope(self, mu: np.ndarray, counts: Counts) -> np.ndarray:
        """Derivative (T,) of the profile log likelihood by mu."""
        gamma = self.best_gamma(mu, counts)
        expected = np.multiply.outer(mu, self.signal) + gamma * self.background
        safe = np.maximum(expected, np.finfo(float).tiny)
        return (self.signal * (counts.main / safe - 1)).sum(-1)


def _log_poisson(n: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return xlogy(n, mean) - mean - gammaln(n + 1)
