"""Iterative Bayesian unfolding: d'Agostini, NIM A 362 (1995) 487 and arXiv:1010.0632.

Astronomers know it as Richardson and Lucy. It is also what OmniFold does, in bins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.unfolding.binned.inputs import checked_prior, checked_problem, require_explained
from hepml_lite.unfolding.binned.result import BinnedResult


@dataclass(frozen=True)
class Iteration:
    """One step from the spectrum p to the next, and its parts.

    Attributes:
        prior: p (T,).
        unfolded: the next spectrum (T,).
        unfolding: M (M, T), share of the measured bin i that goes to the true bin j.
        ratio: g (M,), measured over expected.
        efficiency: ε (T,).
        response: P (M, T).
    """

    prior: np.ndarray
    unfolded: np.ndarray
    unfolding: np.ndarray
    ratio: np.ndarray
    efficiency: np.ndarray
    response: np.ndarray

    @property
    def jacobian(self) -> np.ndarray:
        """Derivative (T, T) of the next spectrum with respect to p, for a fixed measurement."""
        growth = divide(self.unfolded, self.prior)
        return np.diag(growth) - self.unfolding.T @ (self.ratio[:, None] * self.response)


def iterative_bayes(
    measured: ArrayLike,
    response: ArrayLike,
    prior: ArrayLike,
    n_iterations: int,
    covariance: ArrayLike | None = None,
) -> BinnedResult:
    """The true spectrum after n iterations of Bayes' theorem, each with the last one as prior.

    One iteration, with P = response and ε_j = Σ_i P_ij:

        f_i = Σ_j P_ij p_j,    p_j ← (p_j / ε_j) Σ_i P_ij n_i / f_i.

    The errors are propagated through all iterations (Adye, arXiv:1105.1160, eq. 5): the last
    spectrum depends on the measured one through its prior too. What the finite simulation adds is
    in `response_covariance`.

    Args:
        measured: n (M,).
        response: P (M, T), P(measured in bin i | true in bin j).
        prior: (T,), the true spectrum of the simulation, in any normalisation. Bins where it is
            zero stay zero.
        n_iterations: 0 gives the prior back.
        covariance: (M, M) of `measured`; None: Poisson.

    Raises:
        ValueError: as the checks of the inputs, or counts in a measured bin that nothing reaches.

    >>> result = iterative_bayes([100, 150], [[0.9, 0.1], [0.1, 0.9]], [1, 1], 4)
    >>> result.unfolded.round(3), result.errors.round(3)
    (array([ 94.321, 155.679]), array([11.197, 13.665]))
    """
    spectrum, variance, matrix = checked_problem(measured, covariance, response)
    count = checked_count("n_iterations", n_iterations, fewest=0)
    start = checked_prior(prior, matrix.shape[1])
    steps = iterations(spectrum, matrix, start, count)
    derivative = np.zeros(matrix.T.shape)
    for step in steps:
        derivative = step.unfolding.T + step.jacobian @ derivative
    history = [start, *(step.unfolded for step in steps)]
    return BinnedResult(
        unfolded=history[-1],
        covariance=derivative @ variance @ derivative.T,
        derivative=derivative,
        history=np.array(history),
    )


def iterations(
    measured: np.ndarray, response: np.ndarray, prior: np.ndarray, n_iterations: int
) -> list[Iteration]:
    """The iterations one after the other; arguments as in `iterative_bayes`.

    Raises:
        ValueError: counts in a measured bin that no true bin of the prior reaches.
    """
    require_explained(measured, response @ prior)
    steps: list[Iteration] = []
    for _ in range(n_iterations):
        steps.append(iterate(measured, response, steps[-1].unfolded if steps else prior))
    return steps


def iterate(measured: np.ndarray, response: np.ndarray, prior: np.ndarray) -> Iteration:
    """One iteration; where nothing is expected or nothing is efficient, the result is zero."""
    expected = response @ prior
    ratio = divide(measured, expected)
    efficiency = response.sum(axis=0)
    unfolding = divide(1.0, expected)[:, None] * response * divide(prior, efficiency)
    return Iteration(prior, measured @ unfolding, unfolding, ratio, efficiency, response)


def divide(numerator: np.ndarray | float, denominator: np.ndarray) -> np.ndarray:
    """numerator / denominator, and zero where the denominator is zero."""
    there = denominator > 0
    return np.where(there, numerator, 0.0) / np.where(there, denominator, 1.0)
