"""Tikhonov regularisation: least squares, with a penalty on the curvature of unfolded / prior."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from hepml_lite.statistics.settings_checks import checked_number
from hepml_lite.unfolding.binned.curvature import second_differences
from hepml_lite.unfolding.binned.inputs import checked_prior, checked_problem
from hepml_lite.unfolding.binned.inversion import inverse_root
from hepml_lite.unfolding.binned.result import BinnedResult, linear_result


def tikhonov(
    measured: ArrayLike,
    response: ArrayLike,
    prior: ArrayLike,
    strength: float,
    covariance: ArrayLike | None = None,
) -> BinnedResult:
    """The true spectrum x that minimises (b − A x)ᵀ V⁻¹ (b − A x) + τ |C (x / prior)|².

    C is the second difference (`curvature.second_differences`). With τ → 0 it is plain inversion,
    with τ → ∞ the prior times a constant. Tikhonov, Soviet Math. Dokl. 4 (1963) 1035; for
    unfolding Schmitt, TUnfold, arXiv:1205.6201, eq. 2.

    Args:
        measured: b (M,).
        response: A (M, T), P(measured in bin i | true in bin j).
        prior: true spectrum of the simulation (T,), missed events included. Bins where it is
            zero unfold to zero.
        strength: τ > 0.
        covariance: V (M, M) of `measured`; None: Poisson.

    Raises:
        ValueError: as the checks of the inputs, or a strength that is not positive.
    """
    spectrum, variance, matrix = checked_problem(measured, covariance, response)
    simulated = checked_prior(prior, matrix.shape[1])
    tau = checked_number("strength", strength, 0, np.inf, "()", "1.0")
    reached = matrix.any(axis=0) & (simulated > 0)
    whitening = inverse_root(variance)
    whitened = whitening @ (matrix * simulated)[:, reached]
    penalty = np.sqrt(tau) * second_differences(int(reached.sum()))
    # least squares of the measured bins and of C w = 0 together
    q, r = np.linalg.qr(np.concatenate([whitened, penalty]))
    of_ratio = solve_triangular(r, q[: len(matrix)].T @ whitening)
    derivative = np.zeros(matrix.T.shape)
    derivative[reached] = simulated[reached, None] * of_ratio
    return linear_result(derivative, spectrum, variance)
