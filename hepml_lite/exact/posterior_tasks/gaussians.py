"""Two Gaussian tasks of Lueckmann et al., arXiv:2101.04653: T.1 gaussian_linear, T.7 mixture."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from hepml_lite.exact.posterior_tasks.task import PosteriorTask, checked_observation, inside_prior
from hepml_lite.exact.priors import GaussianPrior, UniformPrior
from hepml_lite.exact.simulator import paired
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

VARIANCE = 0.1
NARROW_WIDTH = 0.1
END = 10.0


@dataclass(frozen=True)
class GaussianLinear(PosteriorTask):
    """Ten means with a Gaussian prior, measured with Gaussian noise, both of variance 0.1."""

    parameters: ClassVar = tuple(f"mean_{i}" for i in range(10))
    features: ClassVar = tuple(f"x_{i}" for i in range(10))

    @property
    def prior(self) -> GaussianPrior:
        """N(0, 0.1) for each mean."""
        return GaussianPrior(np.zeros(10), VARIANCE * np.eye(10))

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One event (N, 10) at each point."""
        return rng.normal(theta, np.sqrt(VARIANCE))

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Sum of ten Gaussians, (N,)."""
        points, rows = paired(theta, x, 10, 10)
        return norm.logpdf(rows, points, np.sqrt(VARIANCE)).sum(-1)

    def posterior(self, x: ArrayLike, n: int, rng: Seed = 0) -> np.ndarray:
        """N(x/2, 0.05): prior and noise have the same variance."""
        size = (checked_count("n", n), 10)
        return checked_rng(rng).normal(checked_observation(x, 10) / 2, np.sqrt(VARIANCE / 2), size)


@dataclass(frozen=True)
class GaussianMixture(PosteriorTask):
    """A common mean of two Gaussians, one wide (1) and one narrow (0.1), equally likely."""

    parameters: ClassVar = ("mean_1", "mean_2")
    features: ClassVar = ("x_1", "x_2")

    @property
    def prior(self) -> UniformPrior:
        """Uniform from -10 to 10."""
        return UniformPrior(np.full(2, -END), np.full(2, END))

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One event (N, 2) at each point."""
        return theta + _mixed_noise(len(theta), rng)

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Half of each Gaussian, (N,)."""
        points, rows = paired(theta, x, 2, 2)
        wide = norm.logpdf(rows, points, 1.0).sum(-1)
        narrow = norm.logpdf(rows, points, NARROW_WIDTH).sum(-1)
        return np.logaddexp(wide, narrow) - np.log(2)

    def posterior(self, x: ArrayLike, n: int, rng: Seed = 0) -> np.ndarray:
        """The same mixture around x, cut to the prior."""
        generator = checked_rng(rng)
        observation = checked_observation(x, 2)
        return inside_prior(lambda m: observation + _mixed_noise(m, generator), END, n)


def _mixed_noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise (n, 2) of width 1 or 0.1."""
    width = rng.choice([1.0, NARROW_WIDTH], n)
    return width[:, None] * rng.normal(size=(n, 2))
