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
)
from hepml_lite.statistics.intervals import Interval, central_interval, efficiency_interval
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
    labels: ArrayLike, probability: ArrayLike, n_bins: int = 10, level: float = 0.68
) -> ReliabilityCurve:
    """Observed share of signal in bins of equally many jets, with Wilson intervals.

    `labels` (N,) are 1 for signal and 0 for background, `probability` (N,) is that of signal.
    Where many jets share one value, fewer than `n_bins` come back.

    Raises:
        ValueError: probabilities outside [0, 1], labels other than 0 and 1, shapes, n_bins < 1.
    """
    label, p = checked_probabilities(labels, probability)
    bin_of_jet = _bins(p, n_bins)
    jets = np.bincount(bin_of_jet)
    signal = np.bincount(bin_of_jet, weights=label)
    predicted = np.bincount(bin_of_jet, weights=p) / jets
    counts = zip(signal.astype(int).tolist(), jets.tolist(), strict=True)
    observed, low, high = np.array([efficiency_interval(k, n, level) for k, n in counts]).T
    return ReliabilityCurve(predicted, observed, low, high, jets)


def expected_calibration_error(
    labels: ArrayLike,
    probability: ArrayLike,
    n_bins: int = 10,
    n_bootstrap: int = 500,
    rng: Seed = 0,
) -> CalibrationError:
    """ECE, eq. 3 of arXiv:1706.04599 for two classes and the probability of signal.

    A mean of absolute values is never zero in a finite sample. Labels drawn with the predicted
    probabilities, n_bootstrap times, show how large it is for a calibrated tagger.

    Raises:
        ValueError: as `reliability_curve`, or n_bootstrap < 2.
    """
    why = "an interval needs at least 2 draws, better 500"
    n_bootstrap = checked_count("n_bootstrap", n_bootstrap, 2, why)
    label, p = checked_probabilities(labels, probability)
    bin_of_jet = _bins(p, n_bins)
    generator = checked_rng(rng)

    def error(truth: np.ndarray) -> float:
        differences = np.bincount(bin_of_jet, weights=truth - p)
        return float(np.abs(differences).sum() / len(truth))

    value = error(label)
    null = np.array([error(generator.random(len(label)) < p) for _ in range(n_bootstrap)])
    low, high = central_interval(null)
    expected = Interval(float(null.mean()), float(low), float(high))
    p_value = (1 + (null >= value).sum()) / (1 + n_bootstrap)
    return CalibrationError(value, expected, float(p_value))


def brier_score(labels: ArrayLike, probability: ArrayLike) -> float:
    """Mean (p - y)^2, of 0 to 1: smallest for the true probability (Brier 1950)."""
    label, p = checked_probabilities(labels, probability)
    return float(np.mean((p - label) ** 2))


def temperature_scaling(labels: ArrayLike, logits: ArrayLike) -> Temperature:
    """The temperature with the smallest cross entropy. It does not change the order of the scores.

    Section 4 of arXiv:1706.04599. Fit it on the validation split, never on training jets.

    `logits` are (N,) of signal against background, ln p/(1 - p), or (N, C) of C classes.

    Raises:
        ValueError: shapes, labels without a logit, or no best temperature: perfectly separated
            classes (T → 0), or logits no better than guessing (T → inf).
    """
    columns = checked_finite("logits", logits)
    if columns.ndim == 1:  # one logit against that of the background, which is 0
        columns = np.stack([np.zeros_like(columns), columns], axis=1)
    label, columns = checked_columns(labels, columns, fewest=0)

    true = columns[np.arange(len(label)), label]
    # the entropy is convex in 1/T: its slope at 0 and what remains at infinity decide both ends
    useless = true.mean() <= columns.mean()
    perfect = (true >= columns.max(axis=1)).all()
    if useless or perfect:
        raise ValueError(
            f"no best temperature: the logits {'tell nothing about' if useless else 'separate'} "
            f"these {len(label)} labels; use other or more validation jets"
        )

    def entropy(log_temperature: float) -> float:
        scaled = columns / np.exp(log_temperature)
        return float(np.mean(logsumexp(scaled, axis=1) - true / np.exp(log_temperature)))

    return Temperature(float(np.exp(minimize_scalar(entropy, bracket=(-1, 1)).x)))


def platt_scaling(labels: ArrayLike, logits: ArrayLike) -> Callable[[ArrayLike], np.ndarray]:
    """p = 1/(1 + exp(-(a s + b))) of scores (N,): temperature and offset (Platt 1999).

    The offset also corrects for other fractions of the classes. Logits serve better than
    probabilities. Without Platt's smoothing of the labels, which matters for few jets only.
    """
    label, score = checked_scores(labels, logits, name="logits")
    regression = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    regression.fit(score[:, None], label)
    slope = float(regression.coef_[0, 0])
    offset = float(regression.intercept_[0])
    return lambda s: expit(slope * checked_finite("logits", s) + offset)


def isotonic(labels: ArrayLike, scores: ArrayLike) -> Callable[[ArrayLike], np.ndarray]:
    """The best rising step function of scores (N,). It makes ties, which may change the AUC.

    Raises:
        ValueError: as `checked_scores`; both classes are needed.
    """
    label, score = checked_scores(labels, scores)
    steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(score, label)

    def calibrated(s: ArrayLike) -> np.ndarray:
        given = checked_finite("scores", s, n_axes=1)
        return steps.predict(given) if len(given) else given

    return calibrated


def _bins(probability: np.ndarray, n_bins: int) -> np.ndarray:
    """Bin of each jet (N,): as many jets in each bin, and no bin without jets."""
    n_bins = checked_count("n_bins", n_bins)
    edges = np.quantile(probability, np.linspace(0, 1, n_bins + 1)[1:-1])
    return np.unique(np.searchsorted(edges, probability), return_inverse=True)[1]
