"""How well scores separate signal from background, with the errors of a finite sample.

Labels are 1 for signal and 0 for background; the larger a score, the more signal-like the jet. A
jet passes a threshold t if score >= t. Every function raises ValueError, saying what to do, if
labels are not 0 or 1, a class is missing, scores are NaN or infinite, shapes differ, or weights
are negative; jets of weight zero are ignored.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_finite, checked_weights
from hepml_lite.statistics.intervals import Interval, central_interval
from hepml_lite.statistics.intervals import efficiency_interval as efficiency_interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng
from hepml_lite.statistics.thresholds import first_reaching

Weights = ArrayLike | None


class RocBand(NamedTuple):
    """A ROC curve in the field's form with its pointwise band; four arrays (G,)."""

    signal_efficiency: np.ndarray
    background_rejection: np.ndarray
    low: np.ndarray
    high: np.ndarray


def roc_curve(
    labels: ArrayLike, scores: ArrayLike, weights: Weights = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Efficiencies of both classes at every threshold, from the tightest to the loosest.

    Returns (background_efficiency, signal_efficiency, thresholds), each (T+1,): scikit-learn's
    (fpr, tpr, thresholds) without dropped points. The first threshold is inf: nothing passes.
    """
    background, signal, _, thresholds = _passing(labels, scores, weights)
    return background / background[-1], signal / signal[-1], thresholds


def auc(labels: ArrayLike, scores: ArrayLike, weights: Weights = None) -> float:
    """Area under the ROC curve: the chance that a signal jet scores above a background jet.

    Ties count one half: 0.5 is guessing, 1 is perfect.
    """
    background_efficiency, signal_efficiency, _ = roc_curve(labels, scores, weights)
    return float(np.trapezoid(signal_efficiency, background_efficiency))


def accuracy(
    labels: ArrayLike, scores: ArrayLike, threshold: float = 0.5, weights: Weights = None
) -> float:
    """Fraction of jets on the right side of the threshold; it depends on the class mixture.

    Raises:
        ValueError: if the threshold is NaN, or as the module says.
    """
    label, score, weight = checked_weights(labels, scores, weights)
    threshold = checked_number("threshold", threshold, example="0.5")
    return float(np.average((score >= threshold) == label, weights=weight))


@overload
def background_rejection(
    labels: ArrayLike, scores: ArrayLike, signal_efficiency: float = 0.3, weights: Weights = None
) -> float: ...


@overload
def background_rejection(
    labels: ArrayLike,
    scores: ArrayLike,
    signal_efficiency: Sequence[float] | np.ndarray,
    weights: Weights = None,
) -> np.ndarray: ...


def background_rejection(
    labels: ArrayLike,
    scores: ArrayLike,
    signal_efficiency: float | Sequence[float] | np.ndarray = 0.3,
    weights: Weights = None,
) -> float | np.ndarray:
    """Background rejection 1/eps_B where a fraction `signal_efficiency` of the signal passes.

    Several signal efficiencies (E,) give as many rejections, (E,). Between two thresholds the ROC
    curve is a straight line in (eps_B, eps_S), which is what passing tied jets at random would
    give. Returns inf if no background jet passes: then the sample is too small for this working
    point.

    Raises:
        ValueError: if signal_efficiency is not in (0, 1], or as the module says.
    """
    background, signal, _ = roc_curve(labels, scores, weights)
    targets = as_floats("signal_efficiency", signal_efficiency)
    rejection = _rejection(background, signal, targets)
    return rejection if rejection.ndim else float(rejection)


def significance_improvement_curve(
    labels: ArrayLike,
    scores: ArrayLike,
    max_relative_background_error: float = 0.2,
    weights: Weights = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Signal efficiency and significance improvement eps_S / sqrt(eps_B) at trusted thresholds.

    A cut changes the significance S/sqrt(B) by this factor (arXiv:1010.3698). Trusted are
    thresholds at which the relative error of the background, 1/sqrt(N_eff), is below the
    bound; N_eff = (sum w)^2 / sum w^2 over the passing background jets, their number if there
    are no weights. A bound of 0.2 asks for more than 25 of them.

    Raises:
        ValueError: if no threshold meets the bound, or as the module says.
    """
    background, signal, squares, _ = _passing(labels, scores, weights)
    checked_number(
        "max_relative_background_error", max_relative_background_error, 0, np.inf, "(]", "0.2"
    )
    error = np.full(squares.shape, np.inf)  # where no background passes
    np.divide(np.sqrt(squares), background, out=error, where=background > 0)
    trusted = error < max_relative_background_error
    if not trusted.any():
        raise ValueError(
            f"max_relative_background_error is {max_relative_background_error}, but all background "
            f"jets together have {error[-1]:.2g}: use more, or allow more"
        )
    efficiency = signal[trusted] / signal[-1]
    return efficiency, efficiency / np.sqrt(background[trusted] / background[-1])


def significance_improvement(
    labels: ArrayLike,
    scores: ArrayLike,
    max_relative_background_error: float = 0.2,
    weights: Weights = None,
) -> float:
    """Largest eps_S / sqrt(eps_B) among the trusted thresholds of `significance_improvement_curve`.

    The bound of 20 % is that of arXiv:2309.13111. arXiv:2109.00546 (CATHODE) cuts at a fixed
    eps_B instead, so the maxima of the two papers do not compare directly. Cutting nothing gives
    1; being a maximum over noise, the number is biased upwards in small samples.
    """
    bound = max_relative_background_error
    return float(significance_improvement_curve(labels, scores, bound, weights)[1].max())


def bootstrap(
    metric: Callable[..., float],
    labels: ArrayLike,
    scores: ArrayLike,
    n_bootstrap: int = 200,
    rng: Seed = 0,
    level: float = 0.68,
    weights: Weights = None,
) -> Interval:
    """Value of `metric(labels, scores)` and its percentile bootstrap interval (Efron 1979).

    Each of the `n_bootstrap` resamples draws jets with replacement within each class, so class
    sizes stay as they are: efficiencies are defined for each class alone, and no resample loses
    one.
    With weights, `metric(labels, scores, weights=weights)` is called. The interval holds what a
    new test sample would change, not what a new training would. To compare taggers a and b on the
    same jets, pass positions, np.arange(N), as scores and a metric that looks up a[i] and b[i].

    Raises:
        ValueError: if n_bootstrap < 2, level is not in (0, 1), or as the module says.
    """
    sample = checked_weights(labels, scores, weights)
    values = [_apply(metric, *resample) for resample in _resamples(*sample, n_bootstrap, rng)]
    low, high = central_interval(values, level)
    return Interval(float(_apply(metric, *sample)), float(low), float(high))


def roc_band(
    labels: ArrayLike,
    scores: ArrayLike,
    n_bootstrap: int = 100,
    rng: Seed = 0,
    level: float = 0.68,
    signal_efficiency: ArrayLike | None = None,
    weights: Weights = None,
) -> RocBand:
    """Background rejection with its bootstrap band at each signal efficiency (default 0.01 … 1).

    The band holds at each point alone; neighbouring points move together. Entries are inf where
    no background passes. Resampling and errors as in `bootstrap` and `background_rejection`.
    """
    grid = np.linspace(0.01, 1, 100)
    if signal_efficiency is not None:
        grid = checked_finite("signal_efficiency", signal_efficiency, n_axes=1)
    sample = checked_weights(labels, scores, weights)
    curves = [
        _rejection(*roc_curve(*s)[:2], grid) for s in _resamples(*sample, n_bootstrap, rng)
    ]  # (n, G)
    low, high = central_interval(curves, level)
    return RocBand(grid, _rejection(*roc_curve(*sample)[:2], grid), low, high)


def _passing(labels: ArrayLike, scores: ArrayLike, weights: Weights) -> tuple[np.ndarray, ...]:
    """Sums of w over background and signal and of w^2 over background that pass each threshold."""
    label, score, weight = checked_weights(labels, scores, weights)
    order = np.argsort(-score, kind="stable")  # linear on the sorted scores of `_resamples`
    label = label[order]
    score = score[order]
    ends = np.append(np.flatnonzero(score[1:] != score[:-1]), len(score) - 1)  # (T,) ties as one
    if weight is None:
        signal = np.cumsum(label)[ends]
        sums = [ends + 1 - signal, signal, ends + 1 - signal]
    else:
        of_background = weight[order] * (label == 0)
        of_signal = weight[order] * label
        sums = [np.cumsum(w)[ends] for w in (of_background, of_signal, of_background**2)]
    return *(np.append(0.0, s) for s in sums), np.append(np.inf, score[ends])  # (T + 1,) each


def _rejection(background: np.ndarray, signal: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """1/eps_B of a ROC curve (T + 1,) at target signal efficiencies (G,)."""
    right = first_reaching(signal, targets)
    left = right - 1
    step = np.minimum((targets - signal[left]) / (signal[right] - signal[left]), 1)
    passed = background[left] + step * (background[right] - background[left])
    return np.divide(1, passed, out=np.full(targets.shape, np.inf), where=passed > 0)


def _resamples(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None, n: int, rng: Seed
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """Yield n samples drawn with replacement within each class, already in falling score."""
    why = "an interval needs at least 2 resamples, better 200"
    n = checked_count("n_bootstrap", n, 2, why)
    generator = checked_rng(rng)
    order = np.argsort(-scores, kind="stable")
    labels = labels[order]
    scores = scores[order]
    classes = [np.flatnonzero(labels == c) for c in (0, 1)]
    counts = np.empty(len(labels), dtype=np.int64)  # repeating by counts keeps the order
    for _ in range(n):
        for members in classes:
            drawn = generator.integers(len(members), size=len(members))
            counts[members] = np.bincount(drawn, minlength=len(members))
        chosen = np.repeat(np.arange(len(labels)), counts)
        yield labels[chosen], scores[chosen], None if weights is None else weights[order[chosen]]


def _apply(
    metric: Callable[..., float],
    labels: np.ndarray,
    scores: np.ndarray,
    weights: np.ndarray | None,
) -> float:
    return metric(labels, scores) if weights is None else metric(labels, scores, weights=weights)
