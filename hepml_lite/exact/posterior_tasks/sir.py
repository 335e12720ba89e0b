"""An epidemic: contact rate and recovery rate from ten counts of the infected.

Task T.9 of Lueckmann et al., arXiv:2101.04653: dS/dt = -beta S I / N and
dI/dt = beta S I / N - gamma I, with one infected of a million at the start. Each count is binomial,
of 1000 people tested.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from hepml_lite.exact.posterior_tasks.on_a_grid import draws_on_grid
from hepml_lite.exact.posterior_tasks.task import PosteriorTask, checked_observation
from hepml_lite.exact.priors import LogNormalPrior
from hepml_lite.exact.simulator import paired
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

POPULATION = 1e6
TESTED = 1000
DAYS = np.linspace(0, 160, 10)
STEPS_BETWEEN = 40  # of a Runge-Kutta integration
WIDTHS_OF_PRIOR = 5.0  # of the grid that the posterior is drawn from


@dataclass(frozen=True)
class Sir(PosteriorTask):
    """Two rates per day; ten counts in 160 days."""

    parameters: ClassVar = ("beta", "gamma")
    features: ClassVar = tuple(f"infected_{i}" for i in range(10))

    @property
    def prior(self) -> LogNormalPrior:
        """Log-normal around 0.4 and 0.125 per day."""
        return LogNormalPrior(np.log([0.4, 0.125]), np.array([0.5, 0.2]))

    def infected_share(self, theta: np.ndarray) -> np.ndarray:
        """Share of the population that is infected, (N, 10), by Runge-Kutta steps of order 4."""
        state = np.tile([1 - 1 / POPULATION, 1 / POPULATION], (len(theta), 1))
        shares = [state[:, 1]]
        for start, end in pairwise(DAYS):
            step = (end - start) / STEPS_BETWEEN
            for _ in range(STEPS_BETWEEN):
                state = _runge_kutta_step(state, theta, step)
            shares.append(state[:, 1])
        return np.clip(np.stack(shares, axis=-1), 0, 1)

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Ten counts (N, 10) at each point."""
        return rng.binomial(TESTED, self.infected_share(theta)).astype(float)

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Sum of ten binomials, (N,)."""
        points, rows = paired(theta, x, 2, 10)
        return binom.logpmf(rows, TESTED, self.infected_share(points)).sum(-1)

    def posterior(self, x: ArrayLike, n: int, rng: Seed = 0) -> np.ndarray:
        """From a grid in the logarithms of the rates."""
        observation = checked_observation(x, 10)
        spread = WIDTHS_OF_PRIOR * self.prior.width_log

        def log_density(log_theta: np.ndarray) -> np.ndarray:
            jacobian = log_theta.sum(-1)
            return self.log_posterior(np.exp(log_theta), observation) + jacobian

        log_theta = draws_on_grid(
            log_density,
            self.prior.mean_log - spread,
            self.prior.mean_log + spread,
            checked_count("n", n),
            checked_rng(rng),
            n_cells=150,
        )
        return np.exp(log_theta)


def _slopes(state: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Change per day of the susceptible and infected shares, (N, 2)."""
    infections = theta[:, 0] * state[:, 0] * state[:, 1]
    return np.stack([-infections, infections - theta[:, 1] * state[:, 1]], axis=-1)


def _runge_kutta_step(state: np.ndarray, theta: np.ndarray, step: float) -> np.ndarray:
    """The state (N, 2) after one step [days]."""
    first = _slopes(state, theta)
    second = _slopes(state + step / 2 * first, theta)
    third = _slopes(state + step / 2 * second, theta)
    fourth = _slopes(state + step * third, theta)
    return state + step / 6 * (first + 2 * second + 2 * third + fourth)
