"""A peak over a falling background, in a window of mass: the signal fraction is the parameter."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, truncexpon

from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import ExactSimulator, MinedSimulator, paired


@dataclass(frozen=True)
class SignalMixture(ExactSimulator, MinedSimulator):
    """p(m | f) = f N(m; peak, width) + (1 - f) exp(-m / slope) / norm, for m from 0 to `end`.

    The peak is so far from both ends that its tails outside do not count.

    Attributes:
        peak: of the signal.
        width: of the signal, its standard deviation.
        slope: of the background, in the same unit.
        end: of the window.
        largest_fraction: upper end of the prior.
    """

    peak: float = 5.0
    width: float = 0.5
    slope: float = 4.0
    end: float = 10.0
    largest_fraction: float = 0.5
    parameters: ClassVar = ("fraction",)
    features: ClassVar = ("mass",)

    @property
    def prior(self) -> UniformPrior:
        """Uniform from 0 to the largest fraction."""
        return UniformPrior(np.zeros(1), np.array([self.largest_fraction]))

    @property
    def reference(self) -> np.ndarray:
        """The middle of the prior."""
        return np.array([self.largest_fraction / 2])

    def events_with_latents(
        self, theta: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Masses (N, 1), and whether each is signal (N, 1)."""
        n = len(theta)
        is_signal = rng.random(n) < theta[:, 0]
        signal = rng.normal(self.peak, self.width, n)
        background = self._background.ppf(rng.random(n))
        mass = np.where(is_signal, signal, background)
        return mass[:, None], is_signal[:, None].astype(float)

    def log_joint(self, theta: np.ndarray, x: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """Log chance of being signal or background (N,)."""
        fraction = theta[:, 0]
        chance = np.where(latents[:, 0] == 1, fraction, 1 - fraction)
        return np.log(np.maximum(chance, np.finfo(float).tiny))

    def joint_score(self, theta: np.ndarray, x: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """1 / f of a signal event, -1 / (1 - f) of a background event, (N, 1)."""
        fraction = theta[:, [0]]
        return np.where(latents == 1, 1 / fraction, -1 / (1 - fraction))

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """log p(m | f), (N,)."""
        points, mass = paired(theta, x, 1, 1)
        fraction = points[:, 0]
        signal = norm.pdf(mass[:, 0], self.peak, self.width)
        background = self._background.pdf(mass[:, 0])
        with np.errstate(divide="ignore"):
            return np.log(fraction * signal + (1 - fraction) * background)

    @property
    def _background(self):
        return truncexpon(self.end / self.slope, scale=self.slope)
