"""A process with two small couplings that enter squared, as in an effective field theory.

Without new physics an event has an energy z, of density exp(-z), and a cosine c, uniform from -1 to
1. The amplitude is 1 + theta_1 z + theta_2 c z, so that

    p(z, c | theta) = exp(-z) (1 + g z)^2 / (2 sigma(theta)),    g = theta_1 + theta_2 c,
    sigma(theta) = 1 + 2 theta_1 + 2 theta_1^2 + 2/3 theta_2^2.

The linear term is the interference, the square the new physics alone. The detector smears the
energy, x = z + resolution * noise. The smeared density is a quadratic polynomial in g, whose
coefficients are integrals over z: the likelihood is known to rounding errors.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import ExactSimulator, MinedSimulator, paired

LARGEST_ENERGY = 60.0  # exp(-60) z^2 is nothing


@dataclass(frozen=True)
class EffectiveTheory(ExactSimulator, MinedSimulator):
    """Two couplings; energy after smearing, and cosine.

    Attributes:
        resolution: of the energy.
        largest_coupling: both go from minus to plus this value in the prior.
    """

    resolution: float = 0.3
    largest_coupling: float = 0.3
    parameters: ClassVar = ("theta_1", "theta_2")
    features: ClassVar = ("energy", "cosine")

    @property
    def prior(self) -> UniformPrior:
        """Uniform in a square around no new physics."""
        ends = np.full(2, self.largest_coupling)
        return UniformPrior(-ends, ends)

    @property
    def reference(self) -> np.ndarray:
        """No new physics."""
        return np.zeros(2)

    @staticmethod
    def cross_section(theta: np.ndarray) -> np.ndarray:
        """σ(theta) (N,) over that without new physics."""
        first, second = theta[:, 0], theta[:, 1]
        return 1 + 2 * first + 2 * first**2 + 2 / 3 * second**2

    def events_with_latents(
        self, theta: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Energy and cosine (N, 2), and the true energy (N, 1)."""
        z = np.zeros(len(theta))
        cosine = np.zeros(len(theta))
        waiting = np.arange(len(theta))
        while len(waiting):
            energies, cosines, accepted = _proposed(theta[waiting], rng)
            z[waiting] = energies
            cosine[waiting] = cosines
            waiting = waiting[~accepted]
        energy = z + self.resolution * rng.normal(size=len(theta))
        return np.column_stack([energy, cosine]), z[:, None]

    def log_joint(self, theta: np.ndarray, x: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """Log of (1 + g z)^2 / σ, (N,)."""
        amplitude = 1 + _coupling(theta, x[:, 1]) * latents[:, 0]
        tiny = np.finfo(float).tiny
        return np.log(np.maximum(amplitude**2, tiny)) - np.log(self.cross_section(theta))

    def joint_score(self, theta: np.ndarray, x: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """Gradient of `log_joint`, (N, 2)."""
        z = latents[:, 0]
        amplitude = 1 + _coupling(theta, x[:, 1]) * z
        safe = np.where(np.abs(amplitude) < 1e-9, 1e-9, amplitude)
        by_coupling = 2 * z / safe
        gradient = np.column_stack([by_coupling, by_coupling * x[:, 1]])
        by_theta = np.column_stack([2 + 4 * theta[:, 0], 4 / 3 * theta[:, 1]])
        return gradient - by_theta / self.cross_section(theta)[:, None]

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """log p(x | theta), (N,)."""
        points, rows = paired(theta, x, 2, 2)
        energy, cosine = rows[:, 0], rows[:, 1]
        coupling = _coupling(points, cosine)
        moments = self._smeared_moments(energy)
        density = moments[0] + 2 * coupling * moments[1] + coupling**2 * moments[2]
        with np.errstate(divide="ignore"):
            log_p = np.log(density / 2) - np.log(self.cross_section(points))
        return np.where(np.abs(cosine) <= 1, log_p, -np.inf)

    def _smeared_moments(self, energy: np.ndarray) -> np.ndarray:
        """∫ dz exp(-z) z^k N(energy; z, resolution), (3, N), for k = 0, 1, 2."""
        grid, table = self._moment_table
        return np.array([np.interp(energy, grid, row) for row in table])

    @cached_property
    def _moment_table(self) -> tuple[np.ndarray, np.ndarray]:
        """Energies (G,) in steps of a hundredth of the resolution, and the moments (3, G).

        With y = energy - resolution², exp(-z) N(energy; z) is, but for a factor, a Gaussian in z of
        mean y, of which only z > 0 counts: moments of a truncated Gaussian.
        """
        s = self.resolution
        grid = np.arange(-8 * s, LARGEST_ENERGY, s / 100)
        y = grid - s**2
        factor = np.exp(-grid + s**2 / 2)
        below = norm.pdf(y / s) * s
        zeroth = norm.cdf(y / s)
        first = y * zeroth + below
        second = y * first + s**2 * zeroth
        return grid, factor * np.array([zeroth, first, second])


def _coupling(theta: np.ndarray, cosine: np.ndarray) -> np.ndarray:
    """g (N,)."""
    return theta[:, 0] + theta[:, 1] * cosine


def _proposed(
    theta: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies, cosines and whether each is accepted, all (N,).

    (1 + g z)² is at most 2 (1 + g² z²): a mixture of the Gamma densities of shape 1 and 3.
    """
    n = len(theta)
    cosine = rng.uniform(-1, 1, n)
    squared = _coupling(theta, cosine) ** 2
    largest = (np.abs(theta[:, 0]) + np.abs(theta[:, 1])) ** 2
    is_third = rng.random(n) < 2 * squared / (1 + 2 * squared)
    z = rng.gamma(np.where(is_third, 3.0, 1.0))
    of_cosine = (1 + 2 * squared) / (1 + 2 * largest)
    of_energy = (1 + _coupling(theta, cosine) * z) ** 2 / (2 * (1 + squared * z**2))
    return z, cosine, rng.random(n) < of_cosine * of_energy
