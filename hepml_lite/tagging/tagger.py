"""What taggers on observables share: fit to labelled jets, score others, keep slow features."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from hepml_lite.containers.jets import Jets
from hepml_lite.statistics.inputs import checked_labels


class Tagger(ABC):
    """Something fitted to jets of two classes that gives each jet a score.

    `fit(jets)` is `fit_features(features(jets), jets.label)`, and `score(jets)` is
    `score_features(features(jets))`: keep the features where they are slow to compute.
    """

    needs_labels: bool = True  # to learn; else they are not looked at

    def fit(self, jets: Jets, seed: int = 0) -> Self:
        """Learn from jets of label 0, background, and 1, signal.

        Raises:
            ValueError: the labels are others, or only one class is there.
        """
        return self.fit_features(self.features(jets), jets.label, seed)

    def score(self, jets: Jets) -> np.ndarray:
        """Scores (N,), larger is more signal-like: a log-odds, for equal numbers of both classes.

        Raises:
            ValueError: nothing was fitted before.
        """
        return self.score_features(self.features(jets))

    def fit_features(self, features: Any, label: np.ndarray, seed: int = 0) -> Self:
        """As `fit`, from `features(jets)` (N, F) and labels (N,)."""
        if self.needs_labels:
            label = checked_labels(label, fewest=2)
            if len(label) != features.shape[0]:
                raise ValueError(f"{len(label)} labels, {features.shape[0]} jets: give one a jet.")
        self._fit(features, np.asarray(label), seed)
        self._fitted = True
        return self

    def score_features(self, features: Any) -> np.ndarray:
        """As `score`, from `features(jets)` (N, F)."""
        self._require_fit()
        return self._score(features)

    def _require_fit(self) -> None:
        if not getattr(self, "_fitted", False):
            raise ValueError(f"this {type(self).__name__} knows no jets yet: call fit(jets) first.")

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """Number of numbers that were fitted."""

    @abstractmethod
    def features(self, jets: Jets) -> Any:
        """What the tagger reads of each jet, (N, F): an array, or a sparse matrix."""

    @abstractmethod
    def _fit(self, features: Any, label: np.ndarray, seed: int) -> None: ...

    @abstractmethod
    def _score(self, features: Any) -> np.ndarray: ...
