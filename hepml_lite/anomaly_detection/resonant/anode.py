"""ANODE: the ratio of two densities, one of the data in the region and one of the background.

B. Nachman, D. Shih, "Anomaly detection with density estimation", arXiv:2001.04990. No classifier is
trained. The price: the density of the data must show a signal of a percent as a bump.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.resonant.sideband_density import fit_density, usual_flow
from hepml_lite.densities.protocol import DensityWithLikelihood
from hepml_lite.statistics.settings_checks import Seed, checked_rng

LOWEST = -50.0  # of a log density, where a flow underflows


@dataclass
class Anode:
    """log p_data(x | m) − log p_background(x | m).

    The density of the data has seen the events of the region: for a search wrap it in `InFolds`.

    Attributes:
        background: fitted to the sidebands.
        data: fitted to the region.
        n_most: events of the sidebands that the density is fitted to, at most; None: all.
    """

    background: DensityWithLikelihood = field(default_factory=usual_flow)
    data: DensityWithLikelihood = field(default_factory=usual_flow)
    n_most: int | None = 100_000

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn both densities.

        Raises:
            ValueError: a region without events in it or beside it.
        """
        generator = checked_rng(rng)
        inside, beside = events.split(region)
        fit_density(self.background, beside, self.n_most, generator)
        fit_density(self.data, inside, None, generator)
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """The log ratio (N,)."""
        of_data = log_density(self.data, events)
        return of_data - log_density(self.background, events)


def log_density(density: DensityWithLikelihood, events: ResonantEvents) -> np.ndarray:
    """log p(x | m) of events, (N,), at least -50: a ratio of two zeros is one."""
    return np.maximum(density.log_prob(events.features, events.mass[:, None]), LOWEST)
