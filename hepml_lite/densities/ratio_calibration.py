"""Slope and shift of a log ratio, such that the mean weight of the denominator is one.

∫ q(x) p(x)/q(x) dx = 1 holds for the true ratio of any two densities, and checks an estimate.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression

from hepml_lite.densities.labelled_rows import LabelledRows
from hepml_lite.densities.scored_rows import ScoredRows
from hepml_lite.statistics.intervals import Interval

LARGEST_SHIFT = 700  # its exponential is still finite
USUAL_MEAN_WEIGHTS = (0.5, 2.0)


@dataclass(frozen=True)
class Calibration:
    """log p/q = slope * logit + shift, fitted to out-of-fold logits of both samples.

    A slope below one means that the classifiers were too certain.

    Attributes:
        slope: of the logits.
        shift: added to them.
        mean_weight_before: of the denominator, without slope and shift: far from one where the
            samples hardly overlap or the training is poor. No calibration repairs that.
    """

    slope: float
    shift: float
    mean_weight_before: Interval

    def warn_if_unusual(self) -> None:
        """Warn where the mean weight before was far from one."""
        low, high = USUAL_MEAN_WEIGHTS
        if not low < self.mean_weight_before.value < high:
            warnings.warn(
                f"the mean weight of the denominator is {self.mean_weight_before} before "
                "calibration, far from one: the samples hardly overlap, or the training is poor; "
                "do not use these weights",
                stacklevel=3,
            )


def calibrated(
    rows: LabelledRows, logits: np.ndarray, largest: float, calibrate: bool
) -> Calibration:
    """Slope and shift of logits (N,), from a logistic regression of the labels.

    The shift is then chosen such that the mean weight of the denominator is one.

    Args:
        rows: of both samples.
        logits: of the same rows, by classifiers that did not see them (N,).
        largest: weight that a row may get.
        calibrate: False leaves the logits as they are, and only reports the mean weight.
    """
    below = rows.label == 0
    no_error = np.full(below.sum(), np.nan)
    before = ScoredRows(logits[below], no_error, rows.weights[below], largest).mean_weight
    if not calibrate:
        return Calibration(1.0, 0.0, before)
    weights = rows.balanced().weights
    regression = LogisticRegression().fit(logits[:, None], rows.label, sample_weight=weights)
    slope = float(regression.coef_[0, 0])

    def excess(shift: float) -> float:
        log_ratio = slope * logits[below] + shift
        scored = ScoredRows(log_ratio, no_error, weights[below], largest)
        return scored.mean_weight.value - 1

    return Calibration(slope, float(brentq(excess, -LARGEST_SHIFT, LARGEST_SHIFT)), before)
