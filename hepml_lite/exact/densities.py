"""Densities that are known exactly: events, log p(x | condition) and entropy.

No fitted density q may beat the truth: the mean of log q over events of p is at most minus the
entropy of p, and what is missing is the Kullback-Leibler divergence of q from p.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

ROWS_AT_ONCE = 10_000  # of a table of distances, which would fill the memory otherwise
Events = tuple[np.ndarray, np.ndarray | None]  # x (N, D) and its conditions (N, C), or None


class KnownDensity(ABC):
    """A density p(x | condition) in closed form."""

    @abstractmethod
    def events(self, n: int, rng: Seed = 0) -> Events:
        """Draw n rows x (n, D), and their conditions (n, C) or None."""

    @abstractmethod
    def log_prob(self, x: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """log p(x | condition) of rows (N, D), (N,)."""

    @property
    @abstractmethod
    def entropy(self) -> float:
        """Minus the mean of log p(x | condition), in nats."""


class PlaneDensity(KnownDensity):
    """A density of two features, without conditions, that vanishes outside a square."""

    @property
    @abstractmethod
    def half_width(self) -> float:
        """Half the side of the square, which is centred at zero."""

    @cached_property
    def entropy(self) -> float:
        """Minus the integral of p log p, by the midpoint rule on 400 x 400 points."""
        points, area = self.grid(400)
        log_p = self.log_prob(points)
        p = np.exp(log_p)
        return float(-area * np.sum(p * np.where(p > 0, log_p, 0)))

    def grid(self, n: int) -> tuple[np.ndarray, float]:
        """Midpoints (n², 2) of n x n equal cells of the square, and the area of a cell."""
        width = 2 * self.half_width / n
        axis = -self.half_width + width * (np.arange(n) + 0.5)
        return np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2), width**2


@dataclass(frozen=True)
class GaussianRing(PlaneDensity):
    """Equal Gaussians with their centres on a circle.

    Attributes:
        n_gaussians: how many.
        radius: of the circle.
        width: standard deviation of each Gaussian.
    """

    n_gaussians: int = 8
    radius: float = 2.0
    width: float = 0.2

    @property
    def half_width(self) -> float:
        """Seven standard deviations beyond the circle."""
        return self.radius + 7 * self.width

    @property
    def centres(self) -> np.ndarray:
        """(n_gaussians, 2)."""
        angle = 2 * np.pi * np.arange(self.n_gaussians) / self.n_gaussians
        return self.radius * np.stack([np.cos(angle), np.sin(angle)], -1)

    def events(self, n: int, rng: Seed = 0) -> Events:
        """Draw n rows (n, 2)."""
        generator = checked_rng(rng)
        chosen = generator.integers(self.n_gaussians, size=checked_count("n", n))
        return self.centres[chosen] + self.width * generator.normal(size=(n, 2)), None

    def log_prob(self, x: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """Log p of rows (N, 2)."""
        shares = np.full(self.n_gaussians, 1 / self.n_gaussians)
        return _log_of_round_gaussians(x, self.centres, shares, self.width)


@dataclass(frozen=True)
class TwoMoons(PlaneDensity):
    """Two half circles of radius one, one turned around and moved into the other, with noise.

    The shape of scikit-learn's `make_moons`, centred at zero. The density is the integral of a
    Gaussian along both half circles, by Gauss-Legendre quadrature.

    Attributes:
        width: standard deviation of the noise.
    """

    width: float = 0.1

    @property
    def half_width(self) -> float:
        """Seven standard deviations beyond the moons."""
        return 1.5 + 7 * self.width

    def events(self, n: int, rng: Seed = 0) -> Events:
        """Draw n rows (n, 2)."""
        generator = checked_rng(rng)
        angle = generator.uniform(0, np.pi, checked_count("n", n))
        is_upper = generator.integers(2, size=n).astype(bool)
        noise = self.width * generator.normal(size=(n, 2))
        upper = self._upper_moon(angle)
        return np.where(is_upper[:, None], upper, -upper) + noise, None

    def log_prob(self, x: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """Log p of rows (N, 2)."""
        n_nodes = round(10 / self.width)  # three nodes for each standard deviation of the noise
        nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
        upper = self._upper_moon(np.pi * (nodes + 1) / 2)
        centres = np.concatenate([upper, -upper])
        shares = np.tile(weights, 2) / 4  # the weights of each moon sum to 2
        return _log_of_round_gaussians(x, centres, shares, self.width)

    @staticmethod
    def _upper_moon(angle: np.ndarray) -> np.ndarray:
        return np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], -1)


@dataclass(frozen=True)
class Checkerboard(PlaneDensity):
    """The same density on the eight dark fields of a board of 4 x 4.

    Attributes:
        half_width: half the side of the board.
    """

    half_width: float = 4.0

    def events(self, n: int, rng: Seed = 0) -> Events:
        """Draw n rows (n, 2)."""
        generator = checked_rng(rng)
        column = generator.integers(4, size=checked_count("n", n))
        row = 2 * generator.integers(2, size=n) + column % 2
        corner = np.stack([column, row], -1)
        return self.half_width * ((corner + generator.uniform(size=(n, 2))) / 2 - 1), None

    def log_prob(self, x: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """Log p of rows (N, 2); -inf on light fields and outside the board."""
        field_of_row = np.floor(2 * (np.asarray(x) / self.half_width + 1))
        is_inside = ((field_of_row >= 0) & (field_of_row < 4)).all(-1)
        is_dark = field_of_row.sum(-1) % 2 == 0
        return np.where(is_inside & is_dark, -np.log(2 * self.half_width**2), -np.inf)


@dataclass(frozen=True)
class LinearGaussian(KnownDensity):
    """X = offset + matrix c + noise, with c and the noise Gaussian: any number of features.

    The posterior of a Gaussian prior and a Gaussian likelihood has this form, so it is the exact
    answer of a linear inference problem.

    Attributes:
        matrix: (D, C).
        covariance: of the noise, (D, D).
        offset: (D,).
        condition_mean: of c, (C,).
        condition_width: of the independent features of c, (C,).
    """

    matrix: np.ndarray
    covariance: np.ndarray
    offset: np.ndarray
    condition_mean: np.ndarray
    condition_width: np.ndarray
    noise: np.ndarray = field(init=False, repr=False)  # Cholesky factor of the covariance

    def __post_init__(self):
        object.__setattr__(self, "noise", np.linalg.cholesky(self.covariance))

    def events(self, n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw n rows (n, D), each with its own condition (n, C)."""
        generator = checked_rng(rng)
        standard = generator.normal(size=(checked_count("n", n), len(self.condition_mean)))
        condition = self.condition_mean + self.condition_width * standard
        return self.events_given(condition, generator), condition

    def events_given(self, condition: np.ndarray, rng: Seed = 0) -> np.ndarray:
        """Draw one row for each of the conditions (N, C), (N, D)."""
        standard = checked_rng(rng).normal(size=(len(condition), len(self.offset)))
        return self.mean(condition) + standard @ self.noise.T

    def mean(self, condition: np.ndarray) -> np.ndarray:
        """Mean of x given conditions (N, C), (N, D)."""
        return self.offset + condition @ self.matrix.T

    def log_prob(self, x: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """log p(x | condition) of rows (N, D) with conditions (N, C).

        Raises:
            ValueError: no conditions.
        """
        if condition is None:
            raise ValueError("condition is missing: this density depends on it, give (N, C)")
        standard = np.linalg.solve(self.noise, (x - self.mean(condition)).T)
        n_features = len(self.offset)
        log_volume = np.log(np.diag(self.noise)).sum() + n_features * np.log(2 * np.pi) / 2
        return -(standard**2).sum(0) / 2 - log_volume

    @property
    def entropy(self) -> float:
        """Half the logarithm of det(2 pi e covariance)."""
        n_features = len(self.offset)
        log_det = 2 * np.log(np.diag(self.noise)).sum()
        return float(log_det + n_features * np.log(2 * np.pi * np.e)) / 2


def linear_gaussian(
    n_features: int,
    n_conditions: int,
    *,
    location: float = 0.0,
    scale: float = 1.0,
    rng: Seed = 0,
) -> LinearGaussian:
    """A linear Gaussian with a random matrix and correlated noise, as large as the signal.

    Args:
        n_features: D of x.
        n_conditions: C of the conditions.
        location: of x and of the conditions.
        scale: of x and of the conditions around the location.
        rng: of the matrix and of the correlations.
    """
    generator = checked_rng(rng)
    matrix = generator.normal(size=(n_features, n_conditions)) / np.sqrt(n_conditions)
    mixing = generator.normal(size=(n_features, n_features)) / np.sqrt(n_features)
    covariance = (np.eye(n_features) + mixing @ mixing.T) / 2
    condition_mean = np.full(n_conditions, location)
    return LinearGaussian(
        matrix=matrix,
        covariance=scale**2 * covariance,
        offset=location - matrix @ condition_mean,
        condition_mean=condition_mean,
        condition_width=np.full(n_conditions, scale),
    )


def _log_of_round_gaussians(
    x: np.ndarray, centres: np.ndarray, shares: np.ndarray, width: float
) -> np.ndarray:
    """Log of a mixture of round Gaussians at centres (K, D) of rows (N, D), (N,)."""
    log_norm = centres.shape[1] * np.log(2 * np.pi * width**2) / 2
    log_sums = []
    for rows in np.array_split(np.asarray(x, float), 1 + len(x) // ROWS_AT_ONCE):
        squared_distance = cdist(rows, centres, "sqeuclidean")  # (N, K)
        log_sums.append(logsumexp(-squared_distance / (2 * width**2), b=shares, axis=1))
    return np.concatenate(log_sums) - log_norm
