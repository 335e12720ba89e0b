"""A signal and two backgrounds, Gaussian in two features: ratios of all processes are known.

Nature is mu s p_signal + b_1 p_first + b_2 p_second. A nuisance, such as an energy scale, moves the
second background towards the signal, by `scale_error` times (-1, 1.5) for each standard deviation.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import multivariate_normal

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng


@dataclass(frozen=True)
class ProcessMixture:
    """Three processes; two features of each event.

    Attributes:
        scale_error: shift of the second background for a nuisance of one, in units of (-1, 1.5),
            which is the way to the signal.
    """

    scale_error: float = 0.5
    expected: ClassVar = {"signal": 40.0, "first": 200.0, "second": 100.0}
    centres: ClassVar = {"signal": (1.0, 1.0), "first": (0.0, 0.0), "second": (2.0, -0.5)}
    direction: ClassVar = (-1.0, 1.5)
    covariances: ClassVar = {
        "signal": ((0.4, 0.25), (0.25, 0.4)),
        "first": ((1.0, 0.0), (0.0, 1.0)),
        "second": ((0.8, -0.4), (-0.4, 0.8)),
    }

    def events(self, process: str, n: int, rng: Seed = 0, nuisance: float = 0.0) -> np.ndarray:
        """Draw n events (n, 2) of one process.

        Raises:
            ValueError: another process.
        """
        size = checked_count("n", n, 0)
        centre = self._centre(process, nuisance)
        return checked_rng(rng).multivariate_normal(centre, self.covariances[process], size)

    def log_density(self, process: str, x: ArrayLike, nuisance: float = 0.0) -> np.ndarray:
        """Log density (N,) of one process at events (N, 2).

        Raises:
            ValueError: another process, or NaN.
        """
        rows = checked_finite("x", x, n_axes=2)
        centre = self._centre(process, nuisance)
        return np.atleast_1d(multivariate_normal.logpdf(rows, centre, self.covariances[process]))

    def signal_to_background(self, x: ArrayLike, nuisance: float = 0.0) -> np.ndarray:
        """p_s / p_b (N,), where p_b is the mixture of both backgrounds."""
        first = self.expected["first"] * np.exp(self.log_density("first", x))
        second = self.expected["second"] * np.exp(self.log_density("second", x, nuisance))
        background = (first + second) / (self.expected["first"] + self.expected["second"])
        return np.exp(self.log_density("signal", x)) / background

    def _centre(self, process: str, nuisance: float) -> np.ndarray:
        """The means of both features (2,)."""
        if process not in self.expected:
            raise ValueError(f"process is {process!r}: give one of {', '.join(self.expected)}")
        centre = np.array(self.centres[process], dtype=float)
        if process == "second":
            shift = self.scale_error * checked_number("nuisance", nuisance)
            centre += shift * np.array(self.direction)
        return centre
