"""QUAK: an outlier search with a guess. Events unlike background and like some signal.

S. E. Park, D. Rankin, S.-M. Udrescu, M. Yunus, P. Harris, "Quasi anomalous knowledge: searching for
new physics with embedded knowledge", arXiv:2011.03550. One density is learned from background, one
from a mixture of simulated signals. In the plane of both losses a new signal is where the loss of
the background is large and that of the signals small, also if its mass was in none of them.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.anomaly_detection.resonant.anode import log_density
from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.resonant.sideband_density import fit_density, usual_flow
from hepml_lite.densities.protocol import DensityWithLikelihood
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng


@dataclass
class Quak:
    """Loss of the background density less that of the signal density.

    Attributes:
        guesses: simulated events of signals that one can think of.
        share: of the loss of the background in the score, between 0 (only like a signal) and 1
            (only unlike background).
        background: fitted to the sidebands.
        signal: fitted to the guesses.
        n_most: events of the sidebands that the density is fitted to, at most; None: all.
    """

    guesses: ResonantEvents
    share: float = 0.5
    background: DensityWithLikelihood = field(default_factory=usual_flow)
    signal: DensityWithLikelihood = field(default_factory=usual_flow)
    n_most: int | None = 100_000

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn the background beside the region, and the density of the guesses.

        Raises:
            ValueError: a region without events in it or beside it.
        """
        generator = checked_rng(rng)
        _, beside = events.split(region)
        fit_density(self.background, beside, self.n_most, generator)
        self.signal.fit(self.guesses.features, rng=generator)
        return self

    def losses(self, events: ResonantEvents) -> np.ndarray:
        """The plane of QUAK: −log p of the background and of the signals, (N, 2).

        The density of the signals does not depend on the mass, which the guesses do not know.
        """
        of_signal = np.maximum(self.signal.log_prob(events.features), -50.0)
        return np.column_stack([-log_density(self.background, events), -of_signal])

    def score(self, events: ResonantEvents) -> np.ndarray:
        """share · (loss of the background) − (1 − share) · (loss of the signals), (N,)."""
        share = checked_number("share", self.share, 0, 1)
        of_background, of_signal = self.losses(events).T
        return share * of_background - (1 - share) * of_signal
