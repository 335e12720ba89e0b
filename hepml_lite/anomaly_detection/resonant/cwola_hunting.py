"""CWoLa hunting: the sidebands are the background.

J. H. Collins, K. Howe, B. Nachman, "Extending the search for new resonances with machine
learning", arXiv:1902.02634, building on CWoLa (arXiv:1708.02949). The classifier tells the signal
region from the sidebands. If the features of the background depend on the mass, it finds the mass.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.weak_classifier import WeakClassifier
from hepml_lite.statistics.settings_checks import Seed, checked_number


@dataclass
class CwolaHunting:
    """A classifier of the signal region against sidebands of equal width on both sides.

    Attributes:
        sideband_width: of each of the two sidebands, in units of the mass; None: half the width of
            the region.
        classifier: of region and sidebands.
    """

    sideband_width: float | None = None
    classifier: WeakClassifier = field(default_factory=WeakClassifier)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn from data (no labels) around the region.

        Raises:
            ValueError: a region without events in it or beside it.
        """
        data, beside = events.split(region)
        low, high = region
        width = (high - low) / 2
        if self.sideband_width is not None:
            width = checked_number("sideband_width", self.sideband_width, 0, np.inf, "()")
        near = (beside.mass >= low - width) & (beside.mass < high + width)
        self.classifier.fit(data.features, beside.features[near], rng=rng)
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """Logits (N,) of being from the region; the mass is not used."""
        return self.classifier.score(events.features)
