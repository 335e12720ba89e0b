"""The methods of the dashboard at each step of its slider, and their bias and variance."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hepml_lite import unfolding
from hepml_lite.statistics.two_sample.triangular import triangular_distance
from hepml_lite.unfolding.binned.response import Response
from hepml_lite.unfolding.binned.result import BinnedResult
from widgets.unfolding import generated, omnifold

INVERSION = "inversion"
TIKHONOV = "Tikhonov"
SVD = "SVD"
BAYES = "iterative Bayes"
OMNIFOLD = "OmniFold"
IN_BINS = (INVERSION, TIKHONOV, SVD, BAYES)
STORED = (OMNIFOLD, *generated.METHODS)  # trainings that take longer than a move
METHODS = (*IN_BINS, *STORED)

# From strong to weak regularisation: one entry for each step of the slider
ITERATIONS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
RANKS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20)
TAUS = (1e5, 3e4, 1e4, 3e3, 1e3, 300.0, 100.0, 30.0, 10.0, 1.0, 0.1, 0.01)
N_STEPS = len(ITERATIONS)


class BiasVariance(NamedTuple):
    """Mean over the bins, in units of the variance that a perfect detector would leave.

    Attributes:
        bias_squared: (S,), at each step.
        variance: (S,).
    """

    bias_squared: np.ndarray
    variance: np.ndarray

    @property
    def best(self) -> int:
        """The step (from 1) with the smallest sum of both."""
        return int(np.argmin(self.bias_squared + self.variance)) + 1


def strength(method: str, step: int) -> str:
    """The setting of a method at a step of the slider, in words."""
    number = step - 1
    if method == TIKHONOV:
        return f"τ = {TAUS[number]:,g}".replace(",", " ")
    if method == SVD:
        return f"k = {RANKS[number]} of {RANKS[-1]} singular values"
    if method == BAYES:
        return f"{ITERATIONS[number]} iteration{'s' if number else ''}"
    if method == OMNIFOLD:
        iterations = min(step, omnifold.stored_results().n_iterations)
        return f"{iterations} iteration{'s' if iterations > 1 else ''}"
    if method in generated.METHODS:
        return "one result for all steps"
    return "no regularisation"


def stored_result(
    method: str, setting: omnifold.Setting, observable: str, step: int
) -> BinnedResult:
    """The result of one of `STORED`.

    Raises:
        ValueError: this setting is not stored; the message says which controls to change.
    """
    if method == OMNIFOLD:
        return omnifold.stored_results().result(setting, observable, step)
    return generated.generated_results().result(method, setting, observable)


def unfold(
    method: str, measured: np.ndarray, response: Response, prior: np.ndarray, step: int
) -> BinnedResult:
    """The unfolded spectrum (T,) of a measured one without fakes (M,).

    Args:
        method: one of `IN_BINS`.
        measured: (M,).
        response: of the simulation.
        prior: true spectrum of the simulation (T,), scaled to the number of data events.
        step: from 1 (strong regularisation) to `N_STEPS` (weak).

    Raises:
        ValueError: from the method, such as a response that has no inverse.
    """
    number = step - 1
    if method == INVERSION:
        return unfolding.invert(measured, response.matrix)
    if method == TIKHONOV:
        return unfolding.tikhonov(measured, response.matrix, prior, TAUS[number])
    if method == SVD:
        return unfolding.svd(measured, None, response.counts, response.truth, RANKS[number])
    return unfolding.iterative_bayes(measured, response.matrix, prior, ITERATIONS[number])


def bias_and_variance(
    method: str, measured: np.ndarray, response: Response, prior: np.ndarray, truth: np.ndarray
) -> BiasVariance:
    """Bias and variance at each step, from the expected measurement without fluctuations.

    The expected measurement unfolds to the mean of many measurements: exactly for methods that
    are linear in the data, nearly for iterative Bayes.

    Args:
        method: one of `IN_BINS`.
        measured: expected spectrum without fakes (M,).
        response, prior: as in `unfold`.
        truth: true spectrum of nature (T,), in events; its bins are not empty.

    Raises:
        ValueError: from the method.
    """
    biases = []
    variances = []
    for step in range(1, N_STEPS + 1):
        result = unfold(method, measured, response, prior, step)
        biases.append(np.mean((result.unfolded - truth) ** 2 / truth))
        variances.append(np.mean(result.covariance.diagonal() / truth))
    return BiasVariance(np.array(biases), np.array(variances))


def of_one_data_set(results: Sequence[BinnedResult], truth: np.ndarray) -> BiasVariance:
    """The same where the expected measurement was not unfolded: rough, from one data set.

    Its squared distance to the truth is bias² and one draw of the variance, which is subtracted.

    Args:
        results: S, one for each step.
        truth: as in `bias_and_variance`.
    """
    variances = np.array([np.mean(one.covariance.diagonal() / truth) for one in results])
    squares = np.array([np.mean((one.unfolded - truth) ** 2 / truth) for one in results])
    return BiasVariance(np.maximum(squares - variances, 0), variances)


def distance(spectrum: np.ndarray, truth: np.ndarray) -> float:
    """Triangular discriminator of two spectra (T,); negative bins count as empty."""
    bins = np.arange(len(truth)) + 0.5
    edges = np.arange(len(truth) + 1)
    positive = np.maximum(spectrum, 0)
    return triangular_distance(bins, bins, edges, positive, truth).value
