"""A neuron that fires with a chance: a generalised linear model of ten parameters.

Task T.5 of Lueckmann et al., arXiv:2101.04653, with a stimulus of our own: z_t is 1 with the chance
sigmoid(V theta), V holds a one and the last nine values of white noise, and x = V^T z are the ten
sufficient statistics of 100 steps.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import multivariate_t

from hepml_lite.exact.posterior_tasks.task import PosteriorTask, checked_observation
from hepml_lite.exact.priors import GaussianPrior
from hepml_lite.exact.simulator import paired
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

N_STEPS = 100
N_LAGS = 9
STIMULUS_SEED = 42
PROPOSALS_PER_DRAW = 20
DEGREES_OF_FREEDOM = 10.0
NEWTON_STEPS = 30


@dataclass(frozen=True)
class BernoulliGlm(PosteriorTask):
    """An offset and nine weights of the stimulus; ten sufficient statistics."""

    parameters: ClassVar = ("offset", *(f"weight_{i}" for i in range(N_LAGS)))
    features: ClassVar = tuple(f"x_{i}" for i in range(N_LAGS + 1))

    @cached_property
    def design(self) -> np.ndarray:
        """V (100, 10)."""
        noise = np.random.default_rng(STIMULUS_SEED).normal(size=N_STEPS + N_LAGS)
        lags = [noise[N_LAGS - lag : N_LAGS - lag + N_STEPS] for lag in range(N_LAGS)]
        return np.column_stack([np.ones(N_STEPS), *lags])

    @cached_property
    def precision(self) -> np.ndarray:
        """Inverse covariance of the prior (10, 10): second differences of the weights are small."""
        smooth = np.zeros((N_LAGS, N_LAGS))
        for i in range(N_LAGS):
            smooth[i, i] = 1 + np.sqrt(i / N_LAGS)
            smooth[i, max(i - 1, 0)] += -2 if i else 0
            if i > 1:
                smooth[i, i - 2] = 1
        total = np.zeros((N_LAGS + 1, N_LAGS + 1))
        total[0, 0] = 0.5  # the offset has variance 2
        total[1:, 1:] = smooth.T @ smooth
        return total

    @property
    def prior(self) -> GaussianPrior:
        """Gaussian."""
        return GaussianPrior(np.zeros(N_LAGS + 1), np.linalg.inv(self.precision))

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sufficient statistics (N, 10) at each point."""
        chance = expit(theta @ self.design.T)  # (N, 100)
        return (rng.random(chance.shape) < chance).astype(float) @ self.design

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """theta . x - sum of log(1 + exp(V theta)), (N,), but for what does not depend on theta."""
        points, rows = paired(theta, x, N_LAGS + 1, N_LAGS + 1)
        return (points * rows).sum(-1) - np.logaddexp(0, points @ self.design.T).sum(-1)

    def posterior(self, x: ArrayLike, n: int, rng: Seed = 0) -> np.ndarray:
        """Importance resampling of a Student density around the mode.

        The log posterior is concave, and close to a Gaussian: of 20 proposals for each draw more
        than half are effective.
        """
        generator = checked_rng(rng)
        mode, covariance = self._laplace(checked_observation(x, N_LAGS + 1))
        proposal = multivariate_t(mode, covariance, DEGREES_OF_FREEDOM)
        n = checked_count("n", n)
        n_proposals = PROPOSALS_PER_DRAW * n
        theta = proposal.rvs(n_proposals, random_state=generator)
        log_weights = self.log_posterior(theta, x) - proposal.logpdf(theta)
        weights = np.exp(log_weights - log_weights.max())
        chosen = generator.choice(len(theta), n, replace=False, p=weights / weights.sum())
        return theta[chosen]

    def _laplace(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mode (10,) by Newton's method, and inverse of the curvature there (10, 10)."""
        theta = np.zeros(N_LAGS + 1)
        for _ in range(NEWTON_STEPS):
            chance = expit(self.design @ theta)
            gradient = x - self.design.T @ chance - self.precision @ theta
            curvature = (self.design.T * (chance * (1 - chance))) @ self.design + self.precision
            theta = theta + np.linalg.solve(curvature, gradient)
        return theta, np.linalg.inv(curvature)
