"""What every generator must beat, and what no metric should reward: a Gaussian, and a memory.

The Gaussian knows means, widths and correlations, as linear functions of the condition. The
resampler gives back rows that it was trained on: it is perfect to every judge that has not seen
them, and useless.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LinearRegression

from hepml_lite.densities.rows import checked_rows, conditions_of_rows
from hepml_lite.statistics.settings_checks import Seed, checked_rng

POWERS = (1, 2)  # of the condition, in the regression of the mean


@dataclass
class GaussianModel:
    """x = A c + B c² + b + noise, with noise of one covariance for all conditions."""

    mean: LinearRegression = field(default_factory=LinearRegression, init=False, repr=False)
    root: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)), init=False, repr=False)

    def fit(self, x: ArrayLike, condition: ArrayLike) -> Self:
        """Learn from rows x (N, D) at conditions (N, C)."""
        rows = checked_rows(x, condition)
        inputs = _powers(rows.condition)
        self.mean.fit(inputs, rows.x)
        residuals = rows.x - self.mean.predict(inputs)
        squares, directions = np.linalg.eigh(np.cov(residuals, rowvar=False))
        self.root = directions * np.sqrt(np.clip(squares, 0, None))
        return self

    def sample(self, condition: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """One row (N, D) for each condition (N, C)."""
        conditions = np.asarray(condition, dtype=float)
        noise = checked_rng(rng).normal(size=(len(conditions), len(self.root)))
        return self.mean.predict(_powers(conditions)) + noise @ self.root.T


@dataclass
class Resampler:
    """Gives back training rows of nearly the wanted condition.

    Attributes:
        n_nearest: one of so many nearest training rows is drawn.
    """

    n_nearest: int = 5
    x: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)), init=False, repr=False)
    condition: np.ndarray = field(default_factory=lambda: np.zeros(0), init=False, repr=False)

    def fit(self, x: ArrayLike, condition: ArrayLike) -> Self:
        """Remember rows x (N, D) at one number (N,) or (N, 1) each.

        Raises:
            ValueError: fewer rows than `n_nearest`, or more than one condition.
        """
        rows = checked_rows(x, condition)
        if rows.condition.shape[1] != 1 or len(rows) < self.n_nearest:
            raise ValueError(
                f"condition has shape {rows.condition.shape}: the resampler needs one number a row "
                f"and at least {self.n_nearest} rows"
            )
        order = np.argsort(rows.condition[:, 0])
        self.x = rows.x[order]
        self.condition = rows.condition[order, 0]
        return self

    def sample(self, condition: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """One training row (N, D) for each condition (N,) or (N, 1)."""
        wanted = conditions_of_rows(condition, len(np.asarray(condition)), 1)[:, 0]
        place = np.searchsorted(self.condition, wanted) - self.n_nearest // 2
        first = np.clip(place, 0, len(self.x) - self.n_nearest)
        return self.x[first + checked_rng(rng).integers(self.n_nearest, size=len(wanted))]


def _powers(condition: np.ndarray) -> np.ndarray:
    """Conditions and their squares (N, 2 C)."""
    return np.hstack([condition**power for power in POWERS])
