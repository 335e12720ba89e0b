"""Tag N' Train: each of two objects tags the events that train the classifier of the other.

O. Amram, C. M. Suarez, "Tag N' Train: a technique to train improved classifiers on unlabeled data",
arXiv:2002.12376. A first, weak tagger of one object (there an autoencoder, here the density of a
Gaussian mixture) makes a sample with more signal and one with less. A classifier of the other
object learns to tell them apart (CWoLa). It assumes that both objects are independent in the
background, so that only signal ties them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from sklearn.mixture import GaussianMixture

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.anomaly_detection.weak_classifier import WeakClassifier
from hepml_lite.statistics.settings_checks import Seed, checked_number, checked_rng


@dataclass
class TagNTrain:
    """Two classifiers, one for each object, trained on the tags of the other object.

    Attributes:
        first: columns of the features of the first object.
        second: columns of the features of the second object.
        tagged: share of the events of the region that the first tagger calls signal-like; they
            are compared with events of the less outlying half, from region and sidebands.
        n_gaussians: of the mixture that describes the background of an object.
        classifier_of_first: after `fit`, of the first object.
        classifier_of_second: after `fit`, of the second object.
    """

    first: Sequence[int]
    second: Sequence[int]
    tagged: float = 0.1
    n_gaussians: int = 10
    classifier_of_first: WeakClassifier = field(default_factory=WeakClassifier)
    classifier_of_second: WeakClassifier = field(default_factory=WeakClassifier)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Tag with one object, train the classifier of the other, and the other way round.

        Raises:
            ValueError: a region without events in it or beside it, or columns that do not exist.
        """
        generator = checked_rng(rng)
        events.split(region)
        self._require_columns(events.features.shape[1])
        checked_number("tagged", self.tagged, 0, 0.5, "()", "0.1")
        inside = events.inside(region)
        for tags, trained, classifier in (
            (self.first, self.second, self.classifier_of_second),
            (self.second, self.first, self.classifier_of_first),
        ):
            outlier = self._outlier_score(events.features[:, list(tags)], generator)
            is_tagged = inside & (outlier >= np.quantile(outlier[inside], 1 - self.tagged))
            is_usual = outlier <= np.median(outlier)
            own = events.features[:, list(trained)]
            classifier.fit(own[is_tagged], own[is_usual], rng=generator)
        return self

    def score(self, events: ResonantEvents) -> np.ndarray:
        """Sum of the logits of both objects, (N,)."""
        of_first = self.classifier_of_first.score(events.features[:, list(self.first)])
        return of_first + self.classifier_of_second.score(events.features[:, list(self.second)])

    def _outlier_score(self, features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """−log of the density of a mixture, (N,), fitted to standardised features."""
        standard = (features - features.mean(0)) / features.std(0)
        mixture = GaussianMixture(
            self.n_gaussians, reg_covar=1e-4, random_state=int(rng.integers(2**31))
        )
        return -mixture.fit(standard).score_samples(standard)

    def _require_columns(self, n_features: int) -> None:
        columns = [*self.first, *self.second]
        if not self.first or not self.second or not set(columns) <= set(range(n_features)):
            raise ValueError(
                f"first={list(self.first)} and second={list(self.second)} of {n_features} "
                f"features: give columns of both objects, from 0 to {n_features - 1}"
            )
