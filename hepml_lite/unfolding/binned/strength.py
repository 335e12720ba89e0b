"""How strongly to regularise: d vector, L-curve, global correlation, cross-validation.

Each rule looks at results for several strengths (values of k, τ or numbers of iterations) and
picks one. They answer different questions, so they disagree; none of them knows the truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlogy

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng
from hepml_lite.unfolding.binned.curvature import second_differences
from hepml_lite.unfolding.binned.inputs import checked_prior, checked_problem
from hepml_lite.unfolding.binned.inversion import inverse_root
from hepml_lite.unfolding.binned.result import BinnedResult

SINGULAR = 1e-14  # smallest eigenvalue of a matrix of correlations that is no rounding error

Method = Callable[[np.ndarray, float], BinnedResult]


@dataclass(frozen=True)
class Scan:
    """Strengths and what a rule thinks of them.

    Attributes:
        strengths: (S,).
        scores: (S,), what the rule minimises.
        best: the strength with the lowest score.
    """

    strengths: np.ndarray
    scores: np.ndarray

    @property
    def best(self) -> float:
        """The strength with the lowest score; NaN scores do not count."""
        return float(self.strengths[np.nanargmin(self.scores)])


def rank_from_d(d: ArrayLike, significance: float = 2.0) -> int:
    """k for `svd`: how many entries of d come before the first two that noise explains.

    Noise has |d| of about 1 (section 5 of hep-ph/9509307), the signal falls steeply. Two entries
    in a row below `significance` end it: one alone may be small by chance, or by symmetry.

    Raises:
        ValueError: d has no entries or is not finite, or a significance that is not positive.

    >>> rank_from_d([139, 18, 10, 0.2, 5, 0.5, 1.2, 3.1])
    5
    """
    entries = np.abs(checked_finite("d", d, n_axes=1))
    if not len(entries):
        raise ValueError("d is empty: take it from a result of svd")
    small = entries < checked_number("significance", significance, 0, np.inf, "()", "2")
    both = small & np.append(small[1:], True)
    return max(1, int(np.argmax(both))) if both.any() else len(entries)


def global_correlation(covariance: ArrayLike) -> np.ndarray:
    """How far each bin can be predicted from all others, (T,): ρ_j = √(1 − 1 / (V_jj V⁻¹_jj)).

    Bins without variance have ρ = 0. A covariance without an inverse, as a strongly damped result
    has it, gives ρ = 1.

    Raises:
        ValueError: no matrix, or entries that are not finite.
    """
    matrix = checked_finite("covariance", covariance, n_axes=2)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"covariance has shape {matrix.shape}: give a square matrix (T, T)")
    there = matrix.diagonal() > 0
    errors = np.sqrt(matrix.diagonal()[there])
    inner = matrix[np.ix_(there, there)] / np.outer(errors, errors)
    values, vectors = np.linalg.eigh(inner)
    correlation = np.zeros(len(matrix))
    if values.min(initial=1) > SINGULAR:
        product = (vectors**2 / values).sum(axis=1)  # diagonal of the inverse
        correlation[there] = np.sqrt(1 - 1 / np.maximum(product, 1))
    else:
        correlation[there] = 1.0
    return correlation


def scan_global_correlation(
    method: Method, measured: ArrayLike, strengths: Sequence[float]
) -> Scan:
    """The mean global correlation of the bins at each strength (TUnfold, arXiv:1205.6201, sec. 6).

    Too little regularisation makes neighbours anticorrelated, too much makes them correlated: the
    minimum lies between.

    Args:
        method: gives a result for a measured spectrum (M,) and a strength.
        measured: (M,).
        strengths: (S,).
    """
    _require_method(method)
    values = _checked_strengths(strengths)
    spectrum = checked_finite("measured", measured, n_axes=1)
    scores = []
    for strength in values:
        correlation = global_correlation(method(spectrum, strength).covariance)
        scores.append(correlation.mean())
    return Scan(values, np.array(scores))


def scan_l_curve(
    method: Method,
    measured: ArrayLike,
    response: ArrayLike,
    prior: ArrayLike,
    strengths: Sequence[float],
    covariance: ArrayLike | None = None,
) -> Scan:
    """Minus the curvature of the L-curve: its corner is where it is sharpest (Hansen 1992).

    The curve is (log χ² of the refolded result, log |C (x / prior)|²). On one side of the corner
    less regularisation only adds oscillations, on the other more of it only worsens the fit.

    Args:
        method: gives a result for a measured spectrum (M,) and a strength.
        measured, response, prior, covariance: as in `tikhonov`.
        strengths: (S,), at least five, evenly spaced in their logarithm.

    Raises:
        ValueError: fewer than five strengths, or as the checks of the inputs.
    """
    _require_method(method)
    values = _checked_strengths(strengths)
    if len(values) < 5 or values.min() <= 0:
        raise ValueError(
            f"strengths are {values}: a curvature needs five or more, all positive, evenly spaced "
            "in their logarithm"
        )
    spectrum, variance, matrix = checked_problem(measured, covariance, response)
    simulated = checked_prior(prior, matrix.shape[1])
    curve = []
    for strength in values:
        unfolded = method(spectrum, strength).unfolded
        curve.append(_misfit_and_roughness(unfolded, spectrum, variance, matrix, simulated))
    x, y = np.log(np.maximum(curve, 1e-300)).T
    t = np.log(values)
    dx = np.gradient(x, t)
    dy = np.gradient(y, t)
    curvature = dx * np.gradient(dy, t) - dy * np.gradient(dx, t)
    curvature /= (dx**2 + dy**2) ** 1.5 + 1e-300
    curvature[[0, -1]] = -np.inf  # the derivatives there are one-sided
    return Scan(values, -curvature)


def _misfit_and_roughness(
    unfolded: np.ndarray,
    measured: np.ndarray,
    covariance: np.ndarray,
    response: np.ndarray,
    prior: np.ndarray,
) -> tuple[float, float]:
    pull = inverse_root(covariance) @ (measured - response @ unfolded)
    there = prior > 0
    ratio = unfolded[there] / prior[there]
    bend = second_differences(len(ratio)) @ ratio
    return float(pull @ pull), float(bend @ bend)


def cross_validation(
    method: Method,
    measured: ArrayLike,
    response: ArrayLike,
    strengths: Sequence[float],
    n_folds: int = 5,
    n_repeats: int = 4,
    rng: Seed = 0,
) -> Scan:
    """How well the unfolded spectrum of some events predicts the measured spectrum of the others.

    Each event goes to one of the folds by chance. The spectrum without a fold is unfolded and
    folded again; scaled to the fold, it is the expectation there, and the score is the Poisson
    deviance 2 Σ [n log(n / f) − n + f], summed over folds. Parts of a Poisson process are
    independent, so noise that was unfolded predicts nothing.

    Args:
        method: gives a result for a measured spectrum (M,) and a strength.
        measured: counts (M,).
        response: (M, T).
        strengths: (S,).
        n_folds: 2 or more.
        n_repeats: how often the events are dealt anew.
        rng: generator or seed.

    Raises:
        ValueError: counts that are not whole, or as the checks of the inputs.
    """
    _require_method(method)
    values = _checked_strengths(strengths)
    spectrum, _, matrix = checked_problem(measured, None, response)
    if not np.array_equal(spectrum, np.round(spectrum)):
        raise ValueError("measured is not whole: cross-validation deals out events, so give counts")
    folds = checked_count("n_folds", n_folds, 2, "one part tests what the others say")
    repeats = checked_count("n_repeats", n_repeats)
    generator = checked_rng(rng)
    scores = np.zeros(len(values))
    for _ in range(repeats):
        shares = np.full(folds, 1 / folds)
        parts = generator.multinomial(spectrum.astype(int), shares).T  # (folds, M)
        for part in parts:
            rest = spectrum - part
            for position, strength in enumerate(values):
                refolded = matrix @ method(rest, strength).unfolded / (folds - 1)
                scores[position] += poisson_deviance(part, refolded) / repeats
    return Scan(values, scores)


def _require_method(method: Method) -> None:
    """Raise TypeError unless the method can be called."""
    if not callable(method):
        raise TypeError(
            f"method is {method!r:.40}: give a function of a spectrum and a strength, such as "
            "lambda b, tau: tikhonov(b, response, prior, tau)"
        )


def _checked_strengths(strengths: Sequence[float]) -> np.ndarray:
    """Strengths (S,), at least one.

    Raises:
        ValueError: none, or no finite numbers.
    """
    values = checked_finite("strengths", strengths, n_axes=1)
    if not len(values):
        raise ValueError("strengths is empty: give the values to try, such as [1, 2, 4, 8]")
    return values


def poisson_deviance(counts: np.ndarray, expected: np.ndarray) -> float:
    """2 Σ [n log(n / f) − n + f]; expectations below a thousandth of an event are raised to it."""
    floor = np.maximum(expected, 1e-3)
    return float(2 * np.sum(xlogy(counts, counts / floor) - counts + floor))
