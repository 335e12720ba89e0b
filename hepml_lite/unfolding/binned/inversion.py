"""Plain inversion of the response: unbiased, and useless where bins are finer than the detector."""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.unfolding.binned.inputs import checked_problem
from hepml_lite.unfolding.binned.result import BinnedResult, linear_result


def invert(
    measured: ArrayLike, response: ArrayLike, covariance: ArrayLike | None = None
) -> BinnedResult:
    """The true spectrum x of least χ² = (b − A x)ᵀ V⁻¹ (b − A x); for a square A it is A⁻¹ b.

    Of all unbiased linear estimates it has the smallest errors (Gauss and Markov), and these are
    huge: noise in b along a singular vector of A with the small singular value s is multiplied
    by 1/s. Neighbouring bins of x then oscillate with opposite signs.

    Args:
        measured: b (M,), M >= T.
        response: A (M, T), P(measured in bin i | true in bin j).
        covariance: V (M, M) of `measured`; None: Poisson.

    Raises:
        ValueError: as the checks of the inputs, fewer measured than true bins, or a response whose
            columns are linearly dependent.
    """
    spectrum, variance, matrix = checked_problem(measured, covariance, response)
    reached = matrix.any(axis=0)
    whitening = inverse_root(variance)
    whitened = whitening @ matrix[:, reached]  # V^(-1/2) A
    rank = np.linalg.matrix_rank(whitened)
    if rank < reached.sum():
        raise ValueError(
            f"the response of {matrix.shape} has rank {rank}, less than its {reached.sum()} "
            "filled columns: true bins cannot be told apart; merge them, or use a regularised "
            "method (tikhonov, svd, iterative_bayes)"
        )
    derivative = np.zeros(matrix.T.shape)
    derivative[reached] = np.linalg.pinv(whitened) @ whitening
    return linear_result(derivative, spectrum, variance)


def inverse_root(covariance: np.ndarray) -> np.ndarray:
    """V^(−1/2) (M, M) of a covariance; directions without variance are left out, as zero.

    A measured bin with zero counts has no Poisson variance, so it drops out of χ².
    """
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-12 * values.max(initial=0)
    roots = np.zeros(len(values))
    roots[kept] = 1 / np.sqrt(values[kept])
    return roots[:, None] * vectors.T
