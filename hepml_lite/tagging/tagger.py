"""Base class of taggers on observables: fit to labelled jets, score other jets."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from hepml_lite.containers.jets import Jets
from hepml_lite.statistics.data_checks import checked_labels


class Tagger(ABC):
    """A tagger that is fitted to jets of two classes and gives each jet a score.

    `fit(jets)` is `fit_features(features(jets), jets.label)`, and `score(jets)` is
    `score_features(features(jets))`. Use the latter two to compute slow features only once.
    """

    needs_labels: bool = True  # False: `fit` ignores the labels

    def fit(self, jets: Jets, seed: int = 0) -> Self:
        """Learn from jets of label 0, background, and 1, signal.

        Raises:
            ValueError: other labels, or only one class.
        """
        return self.fit_features(self.features(jets), jets.label, seed)

    def score(self, jets: Jets) -> np.ndarray:
        """Scores (N,), larger for signal: log-odds for equal numbers of both classes.

        Raises:
            ValueError: the tagger is not fitted.
        """
        return self.score_features(self.features(jets))

    def fit_features(self, features: Any, label: np.ndarray, seed: int = 0) -> Self:
        """The same as `fit`, from `features(jets)` (N, F) and labels (N,)."""
        if self.needs_labels:
            label = checked_labels(label, fewest=2)
            if len(label) != features.shape[0]:
                raise ValueError(
                    f"{len(label)} labels, {features.shape[0]} jets: give one label for each jet."
                )
        self._fit(features, np.asarray(label), seed)
        self._fitted = True
        return self

    def score_features(self, features: Any) -> np.ndarray:
        """The same as `score`, from `features(jets)` (N, F)."""
        self._require_fit()
        return self._score(features)

    def _require_fit(self) -> None:
        if not getattr(self, "_fitted", False):
            raise ValueError(f"this {type(self).__name__} is not fitted: call fit(jets) first.")

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """Number of fitted parameters."""

    @abstractmethod
    def features(self, jets: Jets) -> Any:
        """Features of jets, (N, F): an array, or a sparse matrix."""

    @abstractmethod
    def _fit(self, features: Any, label: np.ndarray, seed: int) -> None: ...

    @abstractmethod
    def _score(self, features: Any) -> np.ndarray: ...
