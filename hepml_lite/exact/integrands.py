"""Functions on the unit cube with known integrals: what an adaptive integrator is tested on.

A grid with one axis for each variable follows a separable function. Peaks on the diagonal give it
ghosts where the projections cross, and a ridge along the diagonal cannot be seen on any axis (G. P.
Lepage, "Adaptive Multidimensional Integration: VEGAS Enhanced", arXiv:2009.05112, section 4).
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from scipy.special import erf

ROWS_AT_ONCE = 4000  # a table with a thousand centres takes 32 MB


class Integrand(Protocol):
    """A function of points (N, D) in the unit cube with a known integral."""

    @property
    def n_dimensions(self) -> int:
        """D."""

    @property
    def integral(self) -> float:
        """Over the unit cube."""

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (N,) at points (N, D)."""


@dataclass(frozen=True)
class GaussianPeaks:
    """Sum of equal round Gaussians exp(-steepness |x - centre|^2), divided by their number.

    Attributes:
        centres: coordinate of each peak, the same in all dimensions: peaks on the diagonal.
        n_dimensions: D.
        steepness: 1 / (2 sigma^2).
    """

    centres: tuple[float, ...] = field(repr=False)
    n_dimensions: int
    steepness: float

    @property
    def integral(self) -> float:
        """The mean over peaks of products of error functions."""
        root = np.sqrt(self.steepness)
        centres = np.array(self.centres)
        of_one = np.sqrt(np.pi) / (2 * root) * (erf(root * (1 - centres)) + erf(root * centres))
        return float(np.mean(of_one**self.n_dimensions))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (N,) at points (N, D)."""
        parts = np.array_split(x, 1 + len(x) // ROWS_AT_ONCE)
        return np.concatenate([self._values(part) for part in parts])

    def _values(self, x: np.ndarray) -> np.ndarray:
        centres = np.array(self.centres)
        # |x - c|^2 with all coordinates of the centre equal
        squares = (x**2).sum(1)[:, None] - 2 * np.outer(x.sum(1), centres)
        squares += self.n_dimensions * centres**2
        return np.exp(-self.steepness * np.maximum(squares, 0)).mean(axis=1)


@dataclass(frozen=True)
class Separable:
    """Product over the dimensions of the same Breit-Wigner peak, each in its own place.

    Attributes:
        n_dimensions: D.
        width: half the width at half maximum.
    """

    n_dimensions: int = 6
    width: float = 0.1

    @property
    def places(self) -> np.ndarray:
        """Of the peak in each dimension, (D,)."""
        return np.linspace(0.2, 0.8, self.n_dimensions)

    @property
    def integral(self) -> float:
        """The product of differences of arctangents."""
        upper = np.arctan((1 - self.places) / self.width)
        lower = np.arctan(-self.places / self.width)
        return float(np.prod((upper - lower) / np.pi))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (N,) at points (N, D)."""
        return np.prod(self.width / np.pi / ((x - self.places) ** 2 + self.width**2), axis=1)


def diagonal_peaks(n_dimensions: int = 6) -> GaussianPeaks:
    """Three Gaussians of width 0.1 on the diagonal of the cube."""
    return GaussianPeaks((0.23, 0.39, 0.74), n_dimensions, 50.0)


def ridge(n_dimensions: int = 4) -> GaussianPeaks:
    """A thousand Gaussians of width 0.07 in a row along the diagonal, from 0.4 to 0.6."""
    return GaussianPeaks(tuple(np.linspace(0.4, 0.6, 1000)), n_dimensions, 100.0)
