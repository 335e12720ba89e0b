"""What every conditional density can do: `fit`, `sample` and, where it exists, `log_prob`."""

from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.rows import Validation
from hepml_lite.statistics.settings_checks import Seed


class ConditionalDensity(Protocol):
    """p(x | condition), learned from rows (x, condition)."""

    def fit(
        self,
        x: ArrayLike,
        condition: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        validation: Validation | None = None,
        rng: Seed = 0,
    ) -> Self:
        """Learn the density of x (N, D) given condition (N, C), with weights (N,)."""
        ...

    def sample(self, n: int, condition: ArrayLike | None = None, rng: Seed = 0) -> np.ndarray:
        """Draw n rows a condition: (n, D) for one condition (C,) or none, (n, M, D) for (M, C)."""
        ...


class DensityWithLikelihood(ConditionalDensity, Protocol):
    """A conditional density whose value is known, not only its samples."""

    def log_prob(self, x: ArrayLike, condition: ArrayLike | None = None) -> np.ndarray:
        """log p(x | condition) of each row, (N,), in the units of x."""
        ...
