"""Simple likelihood, complex posterior: four points of a Gaussian in the plane.

Task T.3 of Lueckmann et al., arXiv:2101.04653: mean (t_1, t_2), widths t_3^2 and t_4^2, correlation
tanh t_5. The signs of t_3 and t_4 cannot be seen: the posterior has four modes.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.exact.posterior_tasks.on_a_grid import draws_on_grid
from hepml_lite.exact.posterior_tasks.task import PosteriorTask, checked_observation, inside_prior
from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import paired
from hepml_lite.statistics.settings_checks import Seed, checked_rng

END = 3.0
N_POINTS = 4
SMALLEST_WIDTH = 1e-6  # a width of zero has no density
N_CELLS = 80


@dataclass(frozen=True)
class Slcp(PosteriorTask):
    """Five parameters; four points in the plane, (x_1, y_1, ..., x_4, y_4)."""

    parameters: ClassVar = ("t_1", "t_2", "t_3", "t_4", "t_5")
    features: ClassVar = tuple(f"{axis}_{i}" for i in range(N_POINTS) for axis in "xy")

    @property
    def prior(self) -> UniformPrior:
        """Uniform from -3 to 3."""
        return UniformPrior(np.full(5, -END), np.full(5, END))

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Four points (N, 8) at each parameter point."""
        noise = rng.normal(size=(len(theta), N_POINTS, 2))
        width = np.maximum(theta[:, None, 2:4] ** 2, SMALLEST_WIDTH)
        correlation = np.tanh(theta[:, None, 4])
        other = correlation * noise[..., 0] + np.sqrt(1 - correlation**2) * noise[..., 1]
        correlated = np.stack([noise[..., 0], other], axis=-1)
        points = theta[:, None, :2] + width * correlated
        return points.reshape(len(theta), -1)

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Sum over four points, (N,)."""
        points, rows = paired(theta, x, 5, 2 * N_POINTS)
        deviation = rows.reshape(-1, N_POINTS, 2) - points[:, None, :2]
        squares, log_det = _squared(deviation, points[:, 2:])
        return -squares.sum(-1) / 2 - N_POINTS * (np.log(2 * np.pi) + log_det / 2)

    def posterior(self, x: ArrayLike, n: int, rng: Seed = 0) -> np.ndarray:
        """Widths and correlation from a grid, then the mean given these, then random signs.

        The mean of the points is Gaussian around (t_1, t_2) with a fourth of the variance, and is
        independent of their deviations from it. Means outside the prior are rejected.
        """
        generator = checked_rng(rng)
        observation = checked_observation(x, 2 * N_POINTS).reshape(N_POINTS, 2)
        centre = observation.mean(0)

        def propose(m: int) -> np.ndarray:
            shape = self._shapes(observation - centre, m, generator)
            return self._with_means(shape, centre, generator)

        return inside_prior(propose, END, n)

    @staticmethod
    def _shapes(deviation: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """|t_3|, |t_4| and t_5 (n, 3), with the mean integrated over the whole plane."""

        def log_density(shape: np.ndarray) -> np.ndarray:
            squares, log_det = _squared(deviation[None], shape)
            return -squares.sum(-1) / 2 - (N_POINTS - 1) * log_det / 2

        low = np.array([0.0, 0.0, -END])
        return draws_on_grid(log_density, low, np.full(3, END), n, rng, N_CELLS)

    @staticmethod
    def _with_means(shape: np.ndarray, centre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Points (n, 5) whose mean is Gaussian around the centre of the four points."""
        noise = rng.normal(size=(len(shape), 2))
        correlation = np.tanh(shape[:, 2])
        other = correlation * noise[:, 0] + np.sqrt(1 - correlation**2) * noise[:, 1]
        width = shape[:, :2] ** 2 / np.sqrt(N_POINTS)
        mean = centre + width * np.column_stack([noise[:, 0], other])
        sign = rng.choice([-1, 1], (len(shape), 2))
        return np.column_stack([mean, sign * shape[:, :2], shape[:, 2]])


def _squared(deviation: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances (N, 4) in units of the covariance, and log det of the covariance (N,).

    Args:
        deviation: (N, 4, 2), or (1, 4, 2) for all.
        shape: t_3, t_4 and t_5, (N, 3).
    """
    width = np.maximum(shape[:, :2] ** 2, SMALLEST_WIDTH)
    correlation = np.tanh(shape[:, 2])
    standard = deviation / width[:, None, :]  # (N, 4, 2)
    first = standard[..., 0]
    second = standard[..., 1]
    rest = 1 - correlation**2
    cross = 2 * correlation[:, None] * first * second
    squares = (first**2 + second**2 - cross) / rest[:, None]
    return squares, 2 * np.log(width).sum(-1) + np.log(rest)
