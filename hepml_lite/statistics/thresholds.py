"""The threshold on a score at a signal efficiency: one convention for the whole suite.

A jet passes a threshold t if score >= t. The threshold at a signal efficiency is the largest t at
which at least this fraction of the signal passes. It is always the score of a signal jet, and jets
of the same score pass together, so the true efficiency can be larger than the one asked for.
`metrics.background_rejection` finds the same point of the ROC curve. It then interpolates between
this point and the one before, which matters only where the efficiency falls between two jets.
"""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_finite, checked_not_negative

ROUNDING = 1e-12  # relative, of summed weights: 0.3 of ten jets is three of them, not four


def threshold_at(
    signal_scores: ArrayLike, signal_efficiency: float, weights: ArrayLike | None = None
) -> float:
    """Largest threshold that at least the fraction `signal_efficiency` of the signal passes.

    Args:
        signal_scores: (S,) scores of the signal jets alone, as scores[labels == 1].
        signal_efficiency: fraction in (0, 1].
        weights: (S,) >= 0 of these jets; the efficiency is then a fraction of their sum.

    Raises:
        ValueError: no scores, shapes that differ, scores that are not finite, weights that are
            negative or all zero, or an efficiency outside (0, 1].

    >>> threshold_at([0.1, 0.4, 0.6, 0.9], 0.5)
    0.6
    """
    threshold = thresholds_at(signal_scores, signal_efficiency, weights)
    if threshold.ndim:
        raise ValueError(
            f"signal_efficiency is {signal_efficiency}: give one number, or use thresholds_at"
        )
    return float(threshold)


def thresholds_at(
    signal_scores: ArrayLike, signal_efficiencies: ArrayLike, weights: ArrayLike | None = None
) -> np.ndarray:
    """As `threshold_at`, for E signal efficiencies at once, (E,)."""
    scores = checked_finite("signal_scores", signal_scores)
    weight = np.ones(scores.shape)
    if weights is not None:
        weight = checked_not_negative("weights", weights)
    if scores.ndim != 1 or scores.shape != weight.shape or not len(scores):
        raise ValueError(
            f"signal_scores has shape {scores.shape}, weights {weight.shape}: give one number "
            "for each signal jet, (S,), of at least one jet, as scores[labels == 1]"
        )
    falling = np.argsort(-scores)
    passing = np.cumsum(weight[falling])  # (S,)
    if not passing[-1] > 0:
        raise ValueError("all weights are zero: give a positive weight to some signal jets")
    return scores[falling][first_reaching(passing / passing[-1], signal_efficiencies)]


def first_reaching(efficiencies: np.ndarray, wanted: ArrayLike) -> np.ndarray:
    """Positions (E,) of the first of rising efficiencies (T,) that reach the wanted ones (E,).

    Raises:
        ValueError: a wanted efficiency outside (0, 1].
    """
    targets = as_floats("signal_efficiency", wanted)
    if not ((targets > 0) & (targets <= 1)).all():
        raise ValueError(
            f"signal_efficiency is {targets}: choose working points in (0, 1], such as 0.3"
        )
    return np.searchsorted(efficiencies, targets * (1 - ROUNDING))
