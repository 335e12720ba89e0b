"""Densities cut to a box or to the support of a prior, with the share of draws that is accepted."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.protocol import DensityWithLikelihood
from hepml_lite.statistics.data_checks import as_floats
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

Inside = Callable[[np.ndarray], np.ndarray]  # rows (N, D) -> bool (N,)
LOW_ACCEPTANCE = 0.01  # below it sampling is slow and log_prob is uncertain: a warning
MOST_TRIES = 3000  # for each row, before sampling gives up
MOST_AT_ONCE = 10_000  # draws in a call for rows that are still outside


@dataclass(frozen=True)
class TruncatedDensity:
    """p(x | condition) where `inside(x)`, divided by the probability of being inside; else zero.

    For a prior with a logarithm give `lambda x: np.isfinite(prior.logpdf(x))`.

    Attributes:
        density: fitted, with samples and log_prob.
        inside: which of the rows (N, D) are kept, bool (N,).
        n_draws: from which the acceptance at each condition is estimated.
    """

    density: DensityWithLikelihood
    inside: Inside
    n_draws: int = 10_000

    def acceptance(self, condition: ArrayLike | None = None, rng: Seed = 0) -> float:
        """The share of draws at one condition (C,), or none, that is inside.

        Its standard error is sqrt(a (1 - a) / n_draws) for an acceptance a.
        """
        return float(self._inside(self.density.sample(self.n_draws, condition, rng)).mean())

    def sample(self, n: int, condition: ArrayLike | None = None, rng: Seed = 0) -> np.ndarray:
        """Draw until all rows are inside: (n, D), or (n, M, D) for M conditions.

        Warns:
            UserWarning: less than one draw in a hundred is inside.

        Raises:
            ValueError: a row was still outside after `MOST_TRIES` draws.
        """
        generator = checked_rng(rng)
        x = self.density.sample(checked_count("n", n), condition, generator)
        rows = x.reshape(-1, x.shape[-1])
        of_each_row = None
        if condition is not None:
            conditions = np.atleast_2d(as_floats("condition", condition))
            of_each_row = np.tile(conditions, (n, 1))
        outside = np.flatnonzero(~self._inside(rows))
        n_drawn = len(rows)
        n_tries = 0
        at_once = 1  # draws for each row outside: more each time, since few calls are fast
        while len(outside) and n_tries < MOST_TRIES:
            drawn = self._several_for_each(at_once, outside, of_each_row, generator)
            accepted = self._inside(drawn.reshape(-1, drawn.shape[-1])).reshape(drawn.shape[:2])
            found = accepted.any(0)
            first = accepted.argmax(0)[found]
            rows[outside[found]] = drawn[first, np.flatnonzero(found)]
            n_drawn += int((first + 1).sum()) + at_once * int((~found).sum())
            n_tries += at_once
            outside = outside[~found]
            most = min(MOST_AT_ONCE // max(len(outside), 1), MOST_TRIES - n_tries)
            at_once = max(1, min(2 * at_once, most))
        if len(outside):
            raise ValueError(
                f"{len(outside)} of {len(rows)} rows were outside in all of {n_tries} draws: "
                "the density has almost nothing inside; check low and high, the prior and the "
                "units of the condition"
            )
        _warn_of_low_acceptance(len(rows) / n_drawn)
        return x

    def log_prob(self, x: ArrayLike, condition: ArrayLike | None = None) -> np.ndarray:
        """log p(x | condition) - log acceptance of each row, (N,); -inf outside.

        The acceptance is estimated once for each different condition.

        Args:
            x: (N, D).
            condition: (N, C), one for each row, or one condition (C,) for all.

        Raises:
            ValueError: none of `n_draws` draws at a condition is inside.
        """
        log_prob = self.density.log_prob(x, condition)
        if condition is None or np.ndim(condition) == 1:
            log_acceptance = self._log_acceptance(condition)
        else:
            conditions = as_floats("condition", condition)
            different, which = np.unique(conditions, axis=0, return_inverse=True)
            log_acceptance = np.array([self._log_acceptance(one) for one in different])[which]
        inside = self._inside(as_floats("x", x).reshape(len(log_prob), -1))
        return np.where(inside, log_prob - log_acceptance, -np.inf)

    def _several_for_each(
        self,
        n: int,
        chosen: np.ndarray,
        conditions: np.ndarray | None,
        generator: np.random.Generator,
    ) -> np.ndarray:
        """New draws (n, K, D) for the chosen rows (K,), each at its own condition."""
        if conditions is None:
            drawn = self.density.sample(n * len(chosen), None, generator)
            return drawn.reshape(n, len(chosen), -1)
        return self.density.sample(n, conditions[chosen], generator)

    def _log_acceptance(self, condition: ArrayLike | None) -> float:
        acceptance = self.acceptance(condition)
        if acceptance == 0:
            raise ValueError(
                f"none of {self.n_draws} draws at condition {condition!r} is inside: log_prob is "
                "unknown there; give a larger n_draws, or check low and high and the prior"
            )
        _warn_of_low_acceptance(acceptance)
        return float(np.log(acceptance))

    def _inside(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self.inside(rows), bool)


def truncated(
    density: DensityWithLikelihood, low: ArrayLike, high: ArrayLike, n_draws: int = 10_000
) -> TruncatedDensity:
    """The density within a box; for another region see `TruncatedDensity`.

    Args:
        density: fitted, with samples and log_prob.
        low: a number for all features or (D,), in the units of x; -inf for no bound.
        high: the same; inf for no bound.
        n_draws: from which the acceptance at each condition is estimated.

    Raises:
        ValueError: `low` is not below `high`.
    """
    lower = as_floats("low", low)
    upper = as_floats("high", high)
    if not np.all(lower < upper):
        raise ValueError(f"low is {lower} and high {upper}: every low must be below its high")

    def inside(x: np.ndarray) -> np.ndarray:
        return np.all((x >= lower) & (x <= upper), axis=-1)

    return TruncatedDensity(density, inside, n_draws)


def _warn_of_low_acceptance(acceptance: float) -> None:
    if acceptance < LOW_ACCEPTANCE:
        warnings.warn(
            f"only {acceptance:.2g} of the draws are inside: sampling is slow and log_prob "
            "uncertain; check low and high, the prior and the fit",
            stacklevel=3,
        )
