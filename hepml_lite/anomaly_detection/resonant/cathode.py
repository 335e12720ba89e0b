"""CATHODE: a classifier of data against background that a flow has drawn.

A. Hallin et al., "Classifying Anomalies THrough Outer Density Estimation", arXiv:2109.00546. The
flow learns p(x | m) in the sidebands and draws events in the region, more than the data have.
Features that move with the mass are no obstacle, as long as they move smoothly.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.resonant.sideband_density import (
    fit_density,
    template,
    usual_flow,
)
from hepml_lite.anomaly_detection.weak_classifier import WeakClassifier
from hepml_lite.densities.protocol import ConditionalDensity
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng


@dataclass
class Cathode:
    """A classifier of the region against events that were generated for it.

    Attributes:
        density: of the background, fitted to the sidebands.
        classifier: of data and template.
        oversampling: generated events for each event in the region.
        n_most: events of the sidebands that the density is fitted to, at most; None: all.
        background: the template, after `fit`.
    """

    density: ConditionalDensity = field(default_factory=usual_flow)
    classifier: WeakClassifier = field(default_factory=WeakClassifier)
    oversampling: float = 4.0
    n_most: int | None = 100_000
    background: ResonantEvents | None = field(default=None, init=False, repr=False)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn the background beside the region, then the classifier in it.

        Raises:
            ValueError: a region without events in it or beside it.
        """
        generator = checked_rng(rng)
        data, beside = events.split(region)
        factor = checked_number("oversampling", self.oversampling, 0, 1000, "(]")
        fit_density(self.density, beside, self.n_most, generator)
        self.background = template(self.density, data.mass, round(factor * len(data)), generator)
        self.classifier.fit(data.features, self.background.features, rng=generator)
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """Logits (N,) of being data of the region and no template."""
        return self.classifier.score(events.features)
