"""A generator of events: a density of some numbers, and the coordinates that make events of them.

Change the coordinates and keep the network, or the other way round: what matters more?
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.exact.densities import checked_rows
from hepml_lite.generation.events.coordinates import Coordinates
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


@dataclass
class EventGenerator:
    """Events x (N, 4) of `exact.DrellYan` from a density of their coordinates.

    Attributes:
        density: of z; `log_prob` needs one that knows it.
        coordinates: z of x.
    """

    density: TrainedDensity
    coordinates: Coordinates

    def fit(self, x: ArrayLike, rng: Seed = 0) -> Self:
        """Learn the density of events x (N, 4).

        Raises:
            ValueError: other shapes than (N, 4), NaN or infinite numbers.
        """
        events = checked_rows("x", x, 4)
        self.density.fit(self.coordinates.of_events(events), rng=rng)
        return self

    def sample(self, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n events (n, 4).

        Raises:
            RuntimeError: nothing has been fitted.
        """
        generator = checked_rng(rng)
        z = self.numbers(n, generator)
        return self.coordinates.to_events(z, generator)

    def numbers(self, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n rows z (n, D) as the network makes them, laws broken and all.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        return self.density.sample(checked_count("n", n), rng=rng)

    def log_prob(self, x: ArrayLike) -> np.ndarray:
        """log q(x) of events (N, 4), (N,), in 1/GeV/rad.

        Raises:
            ValueError: other shapes than (N, 4), NaN or infinite numbers.
            NotImplementedError: the model knows no density, or the coordinates are redundant.
            RuntimeError: nothing has been fitted.
        """
        events = checked_rows("x", x, 4)
        log_volume = self.coordinates.log_volume(events)
        return self.density.log_prob(self.coordinates.of_events(events)) + log_volume
