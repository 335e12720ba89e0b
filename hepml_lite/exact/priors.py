"""Priors of parameters: uniform in a box, Gaussian, log-normal, each independent by parameter."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import lognorm, norm

from hepml_lite.statistics.data_checks import as_floats, checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


class Prior(Protocol):
    """What is believed of the parameters before the data."""

    @property
    def n_parameters(self) -> int:
        """P."""
        ...

    def sample(self, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n parameter points (n, P)."""
        ...

    def log_prob(self, theta: ArrayLike) -> np.ndarray:
        """Log density (N,) at points (N, P); -inf where the prior is zero."""
        ...


@dataclass(frozen=True)
class UniformPrior:
    """The same density everywhere in a box.

    Attributes:
        low: lower ends (P,).
        high: upper ends (P,).

    Raises:
        ValueError: ends of different length, infinite, or a low that is not below its high.
    """

    low: np.ndarray
    high: np.ndarray

    def __post_init__(self) -> None:
        low = np.atleast_1d(checked_finite("low", self.low))
        high = np.atleast_1d(checked_finite("high", self.high))
        if low.ndim != 1 or low.shape != high.shape or not (low < high).all():
            raise ValueError(f"low is {low} and high {high}: give (P,) each, low below high")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def n_parameters(self) -> int:
        """P."""
        return len(self.low)

    def sample(self, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, P)."""
        size = (checked_count("n", n), self.n_parameters)
        return checked_rng(rng).uniform(self.low, self.high, size)

    def log_prob(self, theta: ArrayLike) -> np.ndarray:
        """Log density (N,) at points (N, P); -inf outside the box."""
        points = checked_points(theta, self.n_parameters)
        inside = ((points >= self.low) & (points <= self.high)).all(-1)
        return np.where(inside, -np.log(self.high - self.low).sum(), -np.inf)


@dataclass(frozen=True)
class GaussianPrior:
    """Independent Gaussians, or Gaussians with a covariance.

    Attributes:
        mean: (P,).
        covariance: (P, P).
    """

    mean: np.ndarray
    covariance: np.ndarray

    @property
    def n_parameters(self) -> int:
        """P."""
        return len(self.mean)

    def sample(self, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, P)."""
        size = checked_count("n", n)
        return checked_rng(rng).multivariate_normal(self.mean, self.covariance, size)

    def log_prob(self, theta: ArrayLike) -> np.ndarray:
        """Log density (N,) at points (N, P)."""
        points = checked_points(theta, self.n_parameters)
        factor = np.linalg.cholesky(self.covariance)
        standard = np.linalg.solve(factor, (points - self.mean).T)
        return norm.logpdf(standard).sum(0) - np.log(np.diag(factor)).sum()


@dataclass(frozen=True)
class LogNormalPrior:
    """Independent parameters whose logarithms are Gaussian.

    Attributes:
        mean_log: of the logarithms, (P,).
        width_log: of the logarithms, (P,).
    """

    mean_log: np.ndarray
    width_log: np.ndarray

    @property
    def n_parameters(self) -> int:
        """P."""
        return len(self.mean_log)

    def sample(self, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, P)."""
        size = (checked_count("n", n), self.n_parameters)
        return checked_rng(rng).lognormal(self.mean_log, self.width_log, size)

    def log_prob(self, theta: ArrayLike) -> np.ndarray:
        """Log density (N,) at points (N, P); -inf at and below zero."""
        points = checked_points(theta, self.n_parameters)
        log_p = lognorm.logpdf(points, self.width_log, scale=np.exp(self.mean_log))
        return log_p.sum(-1)


def checked_points(theta: ArrayLike, n_parameters: int) -> np.ndarray:
    """Parameter points (N, P) as floats; one point (P,) becomes (1, P).

    Raises:
        ValueError: another number of parameters, or NaN.
    """
    points = np.atleast_2d(as_floats("theta", theta))
    if points.ndim != 2 or points.shape[1] != n_parameters or np.isnan(points).any():
        raise ValueError(
            f"theta has shape {np.shape(theta)}: give points (N, {n_parameters}) without NaN"
        )
    return points
