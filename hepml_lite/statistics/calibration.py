"""Calibration: are 80 % of the jets with a score of 0.8 signal, and how to correct the score.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks",
arXiv:1706.04599. A probability is calibrated for one mixture of the classes. It is not calibrated
for a sample with other fractions of signal and background.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import expit, logsumexp, softmax
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from hepml_lite.statistics.data_checks import (
    checked_columns,
    checked_finite,
    checked_probabilities,
    checked_scores,
    weights_or_ones,
)
from hepml_lite.statistics.intervals import (
    Interval,
    central_interval,
    efficiency_interval,
    weighted_efficiency_interval,
)
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng


class ReliabilityCurve(NamedTuple):
    """Share of signal against predicted probability in B bins; arrays (B,)."""

    predicted: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    jets: np.ndarray  # how many


class CalibrationError(NamedTuple):
    """Expected calibration error of a sample, and that of a perfect calibration."""

    value: float  # mean distance between predicted and observed share of signal
    if_calibrated: Interval  # of a perfect calibration with as many jets: mean, 68 %
    p_value: float  # probability that a perfect calibration has this error or more


@dataclass(frozen=True)
class Temperature:
    """Softmax of logits over a temperature; above 1 the network was overconfident."""

    temperature: float

    def __call__(self, logits: ArrayLike) -> np.ndarray:
        """Probabilities: of signal (N,) for logits (N,) or (N, 2), of all classes for (N, C).

        Raises:
            ValueError: a temperature that is not positive, other shapes, logits that are NaN or
                infinite.
        """
        temperature = checked_number("temperature", self.temperature, 0, np.inf, "()")
        scaled = checked_finite("logits", logits) / temperature
        if scaled.ndim == 1:
            return expit(scaled)
        if scaled.ndim != 2 or scaled.shape[1] < 2:
            raise ValueError(f"logits has shape {scaled.shape}: give (N,), or (N, C) of C classes")
        probabilities = softmax(scaled, axis=1)
        return probabilities[:, 1] if scaled.shape[1] == 2 else probabilities


def reliability_curve(
    labels: ArrayLike,
    probability: ArrayLike,
    n_bins: int = 10,
    level: float = 0.68,
    weights: ArrayLike | None = None,
) -> ReliabilityCurve:
    """Observed share of signal in bins of equally many jets, with Wilson intervals.

    `labels` (N,) are 1 for signal and 0 for background, `probability` (N,) is that of signal.
    Where many jets share one value, fewer than `n_bins` come back. With `weights` (N,) >= 0 both
    shares are weighted; jets of weight zero are ignored.

    Raises:
        ValueError: probabilities outside [0, 1], labels other than 0 and 1, shapes, n_bins < 1, or
            weights that are negative or all zero.
    """
    label, p = checked_probabilities(labels, probability)
    weight = weights_or_ones(weights, p)
    label, p, weight = label[weight > 0], p[weight > 0], weight[weight > 0]
    bin_of_jet = _bins(p, n_bins)
    jets = np.bincount(bin_of_jet)
    summed = np.bincount(bin_of_jet, weights=weight)
    predicted = np.bincount(bin_of_jet, weights=weight * p) / summed
    if weights is None:
        signal = np.bincount(bin_of_jet, weights=label).astype(int)
        counts = zip(signal.tolist(), jets.tolist(), strict=True)
        intervals = [efficiency_interval(k, n, level) for k, n in counts]
    else:
        members = [bin_of_jet == b for b in range(len(jets))]
        intervals = [weighted_efficiency_interval(label[m] == 1, weight[m], level) for m in members]
    observed, low, high = np.array(intervals).T
    return ReliabilityCurve(predicted, observed, low, high, jets)


def expected_calibration_error(
    labels: ArrayLike,
    probability: ArrayLike,
    n_bins: int = 10,
    n_bootstrap: int = 500,
    rng: Seed = 0,
    weights: ArrayLike | None = None,
) -> CalibrationError:
    """ECE, eq. 3 of arXiv:1706.04599 for two classes and the probability of signal.

    A mean of absolute values is never zero in a finite sample. Labels drawn with the predicted
    probabilities, n_bootstrap times, show how large it is for a calibrated tagger. `weights` are
    those of `reliability_curve`.

    Raises:
        ValueError: as `reliability_curve`, or n_bootstrap < 2.
    """
    why = "an interval needs at least 2 draws, better 500"
    n_bootstrap = checked_count("n_bootstrap", n_bootstrap, 2, why)
    label, p = checked_probabilities(labels, probability)
    weight = weights_or_ones(weights, p)
    label, p, weight = label[weight > 0], p[weight > 0], weight[weight > 0]
    bin_of_jet = _bins(p, n_bins)
    generator = checked_rng(rng)

    def error(truth: np.ndarray) -> float:
        differences = np.bincount(bin_of_jet, weights=weight * (truth - p))
        return float(np.abs(differences).sum() / weight.sum())

    value = error(label)
    null = np.array([error(generator.random(len(label)) < p) for _ in range(n_bootstrap)])
    low, high = central_interval(null)
    expected = Interval(float(null.mean()), float(low), float(high))
    p_value = (1 + (null >= value).sum()) / (1 + n_bootstrap)
    return CalibrationError(value, expected, float(p_value))


def brier_score(
    labels: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None
) -> float:
    """Mean (p - y)^2, of 0 to 1: smallest for the true probability (Brier 1950)."""
    label, p = checked_probabilities(labels, probability)
    return float(np.average((p - label) ** 2, weights=weights_or_ones(weights, p)))


def temperature_scaling(
    labels: ArrayLike, logits: ArrayLike, weights: ArrayLike | None = None
) -> Temperature:
    """The temperature with the smallest cross entropy. It does not change the order of the scores.

    Section 4 of arXiv:1706.04599. Fit it on the validation split, never on training jets.

    `logits` are (N,) of signal against background, ln p/(1 - p), or (N, C) of C classes. With
    `weights` (N,) >= 0 the entropy is a weighted mean.

    Raises:
        ValueError: shapes, labels without a logit, weights that are negative or all zero, or no
            best temperature: perfectly separated classes (T → 0), or logits no better than
            guessing (T → inf).
    """
    columns = checked_finite("logits", logits)
    if columns.ndim == 1:  # one logit against that of the background, which is 0
        columns = np.stack([np.zeros_like(columns), columns], axis=1)
    label, columns = checked_columns(labels, columns, fewest=0)

    weight = weights_or_ones(weights, label)
    label, columns, weight = label[weight > 0], columns[weight > 0], weight[weight > 0]
    true = columns[np.arange(len(label)), label]
    # the entropy is convex in 1/T: its slope at 0 and what remains at infinity decide both ends
    useless = np.average(true - columns.mean(axis=1), weights=weight) <= 0
    perfect = (true >= columns.max(axis=1)).all()
    if useless or perfect:
        raise ValueError(
            f"no best temperature: the logits {'tell nothing about' if useless else 'separate'} "
            f"these {len(label)} labels; use other or more validation jets"
        )

    def entropy(log_temperature: float) -> float:
        scaled = columns / np.exp(log_temperature)
        entropies = logsumexp(scaled, axis=1) - true / np.exp(log_temperature)
        return float(np.average(entropies, weights=weight))

    return Temperature(float(np.exp(minimize_scalar(entropy, bracket=(-1, 1)).x)))


def platt_scaling(
    labels: ArrayLike, logits: ArrayLike, weights: ArrayLike | None = None
) -> Callable[[ArrayLike], np.ndarray]:
    """p = 1/(1 + exp(-(a s + b))) of scores (N,): temperature and offset (Platt 1999).

    The offset also corrects for other fractions of the classes. Logits serve better than
    probabilities. Without Platt's smoothing of the labels, which matters for few jets only.
    `weights` (N,) >= 0 are those of the jets.

    Raises:
        ValueError: as `checked_scores`, or weights that are negative or all zero.
    """
    label, score = checked_scores(labels, logits, name="logits")
    weight = None if weights is None else weights_or_ones(weights, score)
    regression = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    regression.fit(score[:, None], label, sample_weight=weight)
    slope = float(regression.coef_[0, 0])
    offset = float(regression.intercept_[0])
    return lambda s: expit(slope * checked_finite("logits", s) + offset)


def isotonic(
    labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None
) -> Callable[[ArrayLike], np.ndarray]:
    """The best rising step function of scores (N,). It makes ties, which may change the AUC.

    `weights` (N,) >= 0 are those of the jets.

    Raises:
        ValueError: as `checked_scores`; both classes are needed. Weights that are negative or all
            zero.
    """
    label, score = checked_scores(labels, scores)
    weight = None if weights is None else weights_or_ones(weights, score)
    regression = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    steps = regression.fit(score, label, sample_weight=weight)

    def calibrated(s: ArrayLike) -> np.ndarray:
        given = checked_finite("scores", s, n_axes=1)
        return steps.predict(given) if len(given) else given

    return calibrated


def _bins(probability: np.ndarray, n_bins: int) -> np.ndarray:
    """Bin of each jet (N,): as many jets in each bin, and no bin without jets."""
    n_bins = checked_count("n_bins", n_bins)
    edges = np.quantile(probability, np.linspace(0, 1, n_bins + 1)[1:-1])
    return np.unique(np.searchsorted(edges, probability), return_inverse=True)[1]
