"""What could be reached at best: a perfect template, and labels.

The idealised detector (T. Finke et al., arXiv:2309.13111) compares the data with true background
events; a template from a model hardly does better. The supervised one knows the signal, as no
search for the unknown does.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.weak_classifier import WeakClassifier
from hepml_lite.statistics.settings_checks import Seed


@dataclass
class Idealised:
    """A classifier of the data against true background events of the region.

    Attributes:
        reference: background events, other ones than those in the data; those in the region count.
        classifier: of data and reference.
    """

    reference: ResonantEvents
    classifier: WeakClassifier = field(default_factory=WeakClassifier)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn data against reference in the region."""
        data, _ = events.split(region)
        reference = self.reference.features[self.reference.inside(region)]
        self.classifier.fit(data.features, reference, rng=rng)
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """Logits (N,) of being data and no background."""
        return self.classifier.score(events.features)


@dataclass
class Supervised:
    """A classifier of simulated signal against simulated background; the data do not count.

    Attributes:
        signal: simulated events.
        background: simulated events.
        classifier: of both.
    """

    signal: ResonantEvents
    background: ResonantEvents
    classifier: WeakClassifier = field(default_factory=WeakClassifier)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Learn signal against background in the region."""
        signal = self.signal.features[self.signal.inside(region)]
        background = self.background.features[self.background.inside(region)]
        self.classifier.fit(signal, background, rng=rng)
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """Logits (N,) of being signal."""
        return self.classifier.score(events.features)
