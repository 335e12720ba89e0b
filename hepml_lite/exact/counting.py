"""A counting experiment with a background that is known with an error: two parameters.

n ~ Poisson(mu s + b (1 + delta nu)), and an auxiliary measurement a ~ N(nu, 1) of the nuisance.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, poisson

from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import ExactSimulator, paired


@dataclass(frozen=True)
class CountingExperiment(ExactSimulator):
    """Signal strength mu and nuisance nu; the count and the auxiliary measurement.

    Attributes:
        signal: expected events s at mu = 1.
        background: expected events b at nu = 0.
        relative_error: delta, of the background.
    """

    signal: float = 20.0
    background: float = 100.0
    relative_error: float = 0.1
    parameters: ClassVar = ("mu", "nu")
    features: ClassVar = ("count", "auxiliary")

    @property
    def prior(self) -> UniformPrior:
        """Uniform: mu from 0 to 5, nu within five standard deviations, which the data then narrow.

        The background stays positive for relative errors below 0.2.
        """
        return UniformPrior(np.array([0.0, -5.0]), np.array([5.0, 5.0]))

    def expected(self, theta: np.ndarray) -> np.ndarray:
        """Expected events (N,)."""
        background = self.background * (1 + self.relative_error * theta[:, 1])
        return np.maximum(theta[:, 0] * self.signal + background, 0.0)

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Count and auxiliary measurement (N, 2)."""
        count = rng.poisson(self.expected(theta))
        return np.column_stack([count, rng.normal(theta[:, 1])])

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """log p(n, a | mu, nu), (N,)."""
        points, rows = paired(theta, x, 2, 2)
        of_count = poisson.logpmf(rows[:, 0], self.expected(points))
        return of_count + norm.logpdf(rows[:, 1], points[:, 1])
