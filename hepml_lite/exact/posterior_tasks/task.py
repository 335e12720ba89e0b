"""A task of posterior estimation: a simulator, and independent draws of its exact posterior."""

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.exact.simulator import ExactSimulator
from hepml_lite.statistics.settings_checks import Seed


class PosteriorTask(ExactSimulator):
    """A simulator whose exact posterior can be drawn from."""

    @abstractmethod
    def posterior(self, x: ArrayLike, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, P) of the exact posterior of one observation (D,)."""

    def observations(self, n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw n true points (n, P) of the prior, and an observation (n, D) for each."""
        return self.joint(n, rng)
