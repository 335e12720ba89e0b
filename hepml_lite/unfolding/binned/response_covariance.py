"""What the finite simulation behind the response adds to the errors of iterative Bayes."""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.unfolding.binned.inputs import (
    checked_prior,
    checked_response,
    checked_spectrum,
    require_not_negative,
)
from hepml_lite.unfolding.binned.iterative_bayes import divide, iterations

FLUCTUATIONS = ("multinomial", "poisson")


def response_covariance(
    measured: ArrayLike,
    response: ArrayLike,
    prior: ArrayLike,
    n_iterations: int,
    n_simulated: ArrayLike,
    fluctuations: str = "multinomial",
) -> np.ndarray:
    """Covariance (T, T) of `iterative_bayes(...)` from the errors of the response alone.

    With N_k simulated true events of bin k, the entries of column k vary as

        multinomial: cov(P_jk, P_lk) = P_jk (δ_jl − P_lk) / N_k, if N_k is given, as for a column
            that was made by dividing counts by N_k: the usual case;
        poisson: cov(P_jk, P_lk) = δ_jl P_jk / N_k, if the counts vary independently. The errors
            are larger, most where a column has one dominant entry.

    The derivative of the result with respect to all P would be T·M·T numbers. Each iteration
    contributes two simple terms to it, which are summed here in matrices of bins by bins.

    Args:
        measured, response, prior, n_iterations: as in `iterative_bayes`.
        n_simulated: (T,), true events in the simulation (for weighted ones, the effective number).
        fluctuations: "multinomial" or "poisson".

    Raises:
        ValueError: as the checks of the inputs, other fluctuations, or a filled column that no
            simulated event explains.
    """
    if fluctuations not in FLUCTUATIONS:
        raise ValueError(f"fluctuations is {fluctuations!r}: choose one of {FLUCTUATIONS}")
    matrix = checked_response(response)
    spectrum = checked_spectrum("measured", measured, len(matrix))
    start = checked_prior(prior, matrix.shape[1])
    number = _checked_number(n_simulated, matrix)

    count = checked_count("n_iterations", n_iterations)
    by_row, by_entry, priors, gradients = _derivative(spectrum, matrix, start, count)
    variance = matrix * divide(1.0, number)  # (M, T), of independent entries
    total = _sum_of_entries(by_row, by_entry, priors, gradients, variance)
    if fluctuations == "multinomial":
        along = _along_columns(by_row, by_entry, priors, gradients, matrix)
        total -= (along * divide(1.0, number)) @ along.T
    return total


def _checked_number(n_simulated: ArrayLike, response: np.ndarray) -> np.ndarray:
    number = checked_spectrum("n_simulated", n_simulated, response.shape[1])
    require_not_negative("n_simulated", number)
    bad = response.any(axis=0) & (number == 0)
    if bad.any():
        raise ValueError(
            f"n_simulated of bin {np.argmax(bad)} is 0, but this column of the response is filled: "
            "give the number of simulated true events"
        )
    return number


def _derivative(
    measured: np.ndarray, response: np.ndarray, prior: np.ndarray, n_iterations: int
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """The derivative of the result i with respect to P_jk, as two terms an iteration m:

        dx_i / dP_jk = Σ_m  R^m_ij p^m_k + B^m_ik h^m_jk

    with R (T, M), p (T,), B (T, T) and h (M, T). Within an iteration, P_jk changes the expectation
    f_j (first term), and how much of bin j goes to the true bin k (second term). B carries the
    change through the later iterations.
    """
    steps = iterations(measured, response, prior, n_iterations)
    carried = np.eye(len(prior))
    by_row: list[np.ndarray] = []
    by_entry: list[np.ndarray] = []
    gradients: list[np.ndarray] = []
    for step in reversed(steps):
        by_row.append(-carried @ (step.unfolding.T * step.ratio))
        by_entry.append(carried)
        change = np.outer(step.ratio, step.prior) - step.unfolded
        gradients.append(change * divide(1.0, step.efficiency))
        carried = carried @ step.jacobian
    return by_row, by_entry, [step.prior for step in reversed(steps)], gradients


def _sum_of_entries(
    by_row: list[np.ndarray],
    by_entry: list[np.ndarray],
    priors: list[np.ndarray],
    gradients: list[np.ndarray],
    variance: np.ndarray,
) -> np.ndarray:
    """Σ_jk var_jk (dx_i/dP_jk) (dx_l/dP_jk), a matrix (T, T)."""
    n_bins = variance.shape[1]
    total = np.zeros((n_bins, n_bins))
    for r, b, p, h in zip(by_row, by_entry, priors, gradients, strict=True):
        for r2, b2, p2, h2 in zip(by_row, by_entry, priors, gradients, strict=True):
            total += (r * (variance @ (p * p2))) @ r2.T
            total += (b * (variance * h * h2).sum(axis=0)) @ b2.T
            mixed = r @ (variance * h2 * p) @ b2.T
            total += mixed
            total += mixed.T
    return total


def _along_columns(
    by_row: list[np.ndarray],
    by_entry: list[np.ndarray],
    priors: list[np.ndarray],
    gradients: list[np.ndarray],
    response: np.ndarray,
) -> np.ndarray:
    """Σ_j P_jk dx_i/dP_jk, (T, T) of i and k: all entries of a column grow by the same share."""
    total = np.zeros((response.shape[1], response.shape[1]))
    for r, b, p, h in zip(by_row, by_entry, priors, gradients, strict=True):
        total += (r @ response) * p
        total += b * (response * h).sum(axis=0)
    return total
