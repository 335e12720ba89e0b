"""Two Gaussian humps of one number: density, cumulative distribution and quantiles are known."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from hepml_lite.exact.densities import Events, KnownDensity, checked_rows
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

REACH = 12.0  # widths beyond a hump that hold all of it


@dataclass(frozen=True)
class CamelBack(KnownDensity):
    """Equal Gaussians at -centre and +centre, as in "GANplifying event samples".

    Attributes:
        centre: of the right hump.
        width: standard deviation of each hump.

    Raises:
        ValueError: a width that is not positive.
    """

    centre: float = 1.0
    width: float = 0.4

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise ValueError(f"width={self.width}: give a positive number, such as 0.4")

    def events(self, n: int, rng: Seed = 0) -> Events:
        """Draw n rows (n, 1)."""
        generator = checked_rng(rng)
        sign = generator.choice([-1.0, 1.0], size=(checked_count("n", n), 1))
        return sign * self.centre + self.width * generator.normal(size=(n, 1)), None

    def log_prob(self, x: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        """Log p of rows (N, 1), (N,)."""
        rows = checked_rows("x", x, 1)[:, 0]
        left = norm.logpdf(rows, -self.centre, self.width)
        right = norm.logpdf(rows, self.centre, self.width)
        return np.logaddexp(left, right) - np.log(2)

    def cumulative(self, x: np.ndarray) -> np.ndarray:
        """Share of the events below x, any shape."""
        left = norm.cdf(x, -self.centre, self.width)
        right = norm.cdf(x, self.centre, self.width)
        return (left + right) / 2

    def quantiles(self, n_cells: int) -> np.ndarray:
        """Edges (n_cells - 1,) between cells that hold the same share each."""
        shares = np.arange(1, checked_count("n_cells", n_cells)) / n_cells
        end = abs(self.centre) + REACH * self.width
        return np.array([brentq(lambda x, s=s: self.cumulative(x) - s, -end, end) for s in shares])

    @property
    def entropy(self) -> float:
        """Minus the integral of p log p, by the trapezoidal rule on 20 001 points."""
        end = abs(self.centre) + REACH * self.width
        x = np.linspace(-end, end, 20_001)
        log_p = self.log_prob(x[:, None])
        return float(-np.trapezoid(np.exp(log_p) * log_p, x))
