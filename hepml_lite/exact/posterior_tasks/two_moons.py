"""Two moons: a posterior of two crescents, with structure at a large and at a small scale.

Task T.8 of Lueckmann et al., arXiv:2101.04653: x = (r cos a + 1/4, r sin a)
+ (-|t_1 + t_2|, t_2 - t_1) / sqrt(2), with a uniform from -pi/2 to pi/2 and r ~ N(0.1, 0.01).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from hepml_lite.exact.posterior_tasks.task import PosteriorTask, checked_observation, inside_prior
from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import paired
from hepml_lite.statistics.settings_checks import Seed, checked_rng

RADIUS = 0.1
THICKNESS = 0.01
OFFSET = 0.25


@dataclass(frozen=True)
class TwoMoons(PosteriorTask):
    """Two parameters, two features."""

    parameters: ClassVar = ("t_1", "t_2")
    features: ClassVar = ("x_1", "x_2")

    @property
    def prior(self) -> UniformPrior:
        """Uniform from -1 to 1."""
        return UniformPrior(-np.ones(2), np.ones(2))

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One event (N, 2) at each point."""
        return _crescent(len(theta), rng) + _moved(theta)

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Density of the radius, over the length of the half circle: N(r) / (pi r)."""
        points, rows = paired(theta, x, 2, 2)
        place = rows - _moved(points) - [OFFSET, 0]
        radius = np.linalg.norm(place, axis=-1)
        log_p = norm.logpdf(radius, RADIUS, THICKNESS) - np.log(np.pi * radius)
        return np.where(place[:, 0] > 0, log_p, -np.inf)

    def posterior(self, x: ArrayLike, n: int, rng: Seed = 0) -> np.ndarray:
        """Undo the last step: noise is drawn, and both signs of t_1 + t_2 are equally likely."""
        generator = checked_rng(rng)
        observation = checked_observation(x, 2)
        return inside_prior(lambda m: self._unbounded(observation, m, generator), 1.0, n)

    def _unbounded(self, x: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """Points (M, 2), not yet cut to the prior, M at most n."""
        moved = x - _crescent(n, rng)
        moved = moved[moved[:, 0] <= 0]  # the first number is minus an absolute value
        total = rng.choice([-1, 1], len(moved)) * np.sqrt(2) * moved[:, 0]
        difference = np.sqrt(2) * moved[:, 1]
        return np.column_stack([total - difference, total + difference]) / 2


def _crescent(n: int, rng: np.random.Generator) -> np.ndarray:
    """Points (n, 2) on a thick half circle."""
    angle = rng.uniform(-np.pi / 2, np.pi / 2, n)
    radius = rng.normal(RADIUS, THICKNESS, n)
    return np.column_stack([radius * np.cos(angle) + OFFSET, radius * np.sin(angle)])


def _moved(theta: np.ndarray) -> np.ndarray:
    """What the parameters add, (N, 2)."""
    total = theta[:, 0] + theta[:, 1]
    difference = theta[:, 1] - theta[:, 0]
    return np.column_stack([-np.abs(total), difference]) / np.sqrt(2)
