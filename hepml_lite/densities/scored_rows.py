"""Rows with the log ratio of two densities, the weights that follow, and what they are worth."""

from dataclasses import dataclass

import numpy as np

from hepml_lite.statistics.intervals import Interval


@dataclass(frozen=True)
class ScoredRows:
    """Rows of the denominator that are to look like the numerator, or any other rows.

    Attributes:
        log_ratio: (N,), log p - log q.
        error: (N,), of the log ratio; NaN without an ensemble.
        sample_weights: (N,), which the rows had before.
        clip: the largest weight that a row may get.
    """

    log_ratio: np.ndarray
    error: np.ndarray
    sample_weights: np.ndarray
    clip: float

    @property
    def weights(self) -> np.ndarray:
        """p / q of each row (N,), at most `clip`; to be multiplied with the sample's weights."""
        return np.exp(np.minimum(self.log_ratio, np.log(self.clip)))

    @property
    def n_clipped(self) -> int:
        """How many rows of positive sample weight have a ratio above `clip`."""
        above = self.log_ratio > np.log(self.clip)
        return int((above & (self.sample_weights > 0)).sum())

    @property
    def mean_weight(self) -> Interval:
        """Mean of the weights with its standard error; one on the denominator, if calibrated."""
        share = self.sample_weights / self.sample_weights.sum()
        mean = float(share @ self.weights)
        error = float(np.sqrt(np.sum((share * (self.weights - mean)) ** 2)))
        return Interval.symmetric(mean, error)

    @property
    def largest_weight(self) -> float:
        """Of the rows with a sample weight that is not zero."""
        return float(self.weights[self.sample_weights != 0].max())

    @property
    def effective_sample_size(self) -> float:
        """(Σw)² / Σw² with the sample's weights times the ratio: as many rows of equal weight."""
        total = self.sample_weights * self.weights
        return float(total.sum() ** 2 / (total**2).sum())
