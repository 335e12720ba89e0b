"""A Gaussian measurement with a nuisance that a training may not have seen: all answers exact.

An event has two correlated features. The first carries the parameter, the second only tells about
the noise of the first:

    x = theta (1, 0) + nuisance (cos angle, sin angle) + noise,
    noise ~ N(0, [[1, rho], [rho, 1]])

A data set is N events at one point. An analysis that believes the nuisance to be zero has a
Gaussian posterior, whose bias is known. What is left of the nuisance after the best fit of theta
decides whether any test of the data can see it:

* at angle 0 the nuisance looks like theta. Nothing is left, and no test of these data sees it;
* at 90 degrees it shifts the second feature. It biases theta through the correlation, and is seen.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, multivariate_normal, ncx2, norm

from hepml_lite.exact.priors import GaussianPrior
from hepml_lite.exact.simulator import ExactSimulator, paired
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import checked_level
from hepml_lite.statistics.settings_checks import (
    Seed,
    checked_count,
    checked_number,
    checked_rng,
)

OF_THETA = np.array([1.0, 0.0])  # how the features move with the parameter


@dataclass(frozen=True)
class HiddenShift(ExactSimulator):
    """One parameter; two features, in widths of their noise.

    Attributes:
        nuisance: size of the shift, in widths of the noise of an event; zero in the training.
        angle: direction of the shift [degrees]: 0 is that of the parameter, 90 the other feature.
        correlation: rho, of the noise of the two features.

    Raises:
        ValueError: a correlation that is not between -1 and 1, or a shift that is not finite.
    """

    nuisance: float = 0.0
    angle: float = 90.0
    correlation: float = 0.6
    parameters: ClassVar = ("theta",)
    features: ClassVar = ("sensitive", "control")

    def __post_init__(self) -> None:
        checked_number("correlation", self.correlation, -1, 1, "()", "0.6")
        checked_number("nuisance", self.nuisance, ends="()", example="0.2")
        checked_number("angle", self.angle, ends="()", example="90.0")

    @property
    def prior(self) -> GaussianPrior:
        """N(0, 1)."""
        return GaussianPrior(np.zeros(1), np.eye(1))

    def with_nuisance(self, nuisance: float) -> "HiddenShift":
        """The same measurement with another size of the nuisance."""
        return replace(self, nuisance=nuisance)

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One event (N, 2) at each point."""
        noise = rng.multivariate_normal(np.zeros(2), self._covariance, len(theta))
        return theta * OF_THETA + self.nuisance * self._of_nuisance + noise

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """log p(x | theta) of single events, at the nuisance of this simulator, (N,)."""
        points, rows = paired(theta, x, 1, 2)
        residual = rows - points * OF_THETA - self.nuisance * self._of_nuisance
        return np.atleast_1d(multivariate_normal.logpdf(residual, np.zeros(2), self._covariance))

    def posterior(self, sets: ArrayLike) -> tuple[np.ndarray, float]:
        """Mean (M,) and width of the Gaussian posteriors of M sets (M, N, 2).

        The nuisance is taken as known: that of a training is zero.
        """
        events = checked_finite("sets", sets, n_axes=3)
        if not events.shape[1] or events.shape[2] != 2:
            raise ValueError(f"sets have shape {events.shape}: give (M, N, 2) with N >= 1")
        mean = events.mean(1) - self.nuisance * self._of_nuisance
        n_events = events.shape[1]
        width = self.posterior_width(n_events)
        return width**2 * n_events * mean @ self._inverse @ OF_THETA, width

    def sample(self, n: int, sets: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, M, 1) of the posterior of each of M sets (M, N, 2)."""
        mean, width = self.posterior(sets)
        size = (checked_count("n", n), len(mean))
        return checked_rng(rng).normal(mean, width, size)[..., None]

    def log_prob(self, theta: ArrayLike, sets: ArrayLike) -> np.ndarray:
        """Log density of the posterior at points (M, 1) for sets (M, N, 2), or for one set."""
        points = self.checked(theta)
        mean, width = self.posterior(sets)
        return norm.logpdf(points[:, 0], mean, width)

    def posterior_width(self, n_events: int) -> float:
        """Width of the posterior from N events."""
        n_events = checked_count("n_events", n_events)
        return float((1 + n_events * OF_THETA @ self._inverse @ OF_THETA) ** -0.5)

    def bias(self, n_events: int) -> float:
        """Mean of posterior mean minus truth, of an analysis that believes the nuisance is zero."""
        overlap = self._of_nuisance @ self._inverse @ OF_THETA
        return float(self.posterior_width(n_events) ** 2 * n_events * self.nuisance * overlap)

    def coverage(self, n_events: int, level: float = 0.68) -> float:
        """Share of the truths inside the intervals of such an analysis, over the prior."""
        half_width = norm.ppf((1 + checked_level(level)) / 2)
        shift = self.bias(n_events) / self.posterior_width(n_events)
        return float(norm.cdf(half_width - shift) - norm.cdf(-half_width - shift))

    def visible_shift(self) -> float:
        """What is left of the nuisance after the best fit of theta, in widths of one event."""
        of_theta = OF_THETA @ self._inverse @ OF_THETA
        overlap = self._of_nuisance @ self._inverse @ OF_THETA
        squared = self._of_nuisance @ self._inverse @ self._of_nuisance - overlap**2 / of_theta
        return float(abs(self.nuisance) * max(squared, 0.0) ** 0.5)

    def best_power(self, n_events: int, size: float = 0.05) -> float:
        """Share of data sets in which the best test of the data finds the nuisance.

        It is the chi-square test of the mean features after a fit of theta, at a p-value of `size`.
        """
        n_events = checked_count("n_events", n_events)
        threshold = chi2.isf(checked_number("size", size, 0, 1, "()", "0.05"), 1)
        return float(ncx2.sf(threshold, 1, n_events * self.visible_shift() ** 2 + 1e-12))

    @property
    def _of_nuisance(self) -> np.ndarray:
        angle = np.deg2rad(self.angle)
        return np.array([np.cos(angle), np.sin(angle)])

    @property
    def _covariance(self) -> np.ndarray:
        return np.array([[1.0, self.correlation], [self.correlation, 1.0]])

    @property
    def _inverse(self) -> np.ndarray:
        return np.linalg.inv(self._covariance)
