"""Unfolding by singular value decomposition: Höcker and Kartvelishvili, hep-ph/9509307."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.unfolding.binned.curvature import second_differences
from hepml_lite.unfolding.binned.inputs import (
    checked_covariance,
    checked_matrix,
    checked_prior,
    checked_spectrum,
    warn_of_empty_bins,
)
from hepml_lite.unfolding.binned.inversion import inverse_root
from hepml_lite.unfolding.binned.result import BinnedResult, linear_result

XI = 1e-5  # makes the curvature matrix invertible (section 4.2 of the paper)
SMALLEST = 1e-12  # of the largest singular value: smaller ones are rounding errors


@dataclass(frozen=True)
class SvdResult(BinnedResult):
    """The unfolded spectrum, and what the choice of k rests on.

    Attributes:
        d: (T,), the measured spectrum along the singular vectors, in units of its error. Where
            |d| has fallen to about 1 there is only noise: k is the number of entries before that.
        singular_values: (T,), falling.
    """

    d: np.ndarray
    singular_values: np.ndarray


def svd(
    measured: ArrayLike,
    covariance: ArrayLike | None,
    response_counts: ArrayLike,
    truth: ArrayLike,
    k: int,
) -> SvdResult:
    """The true spectrum with the singular values below number k damped.

    The unknown is w = x / truth, with Â w = b for the counts Â. Rotated and divided by errors,
    Ã = V^(−1/2) Â, and with C the second difference, Ã C⁻¹ = U S Wᵀ. Then d = Uᵀ b̃ and

        z_i = d_i s_i / (s_i² + τ),   w = C⁻¹ W z,   x = truth · w,   τ = s_k²

    (eqs. 33 to 48 of the paper). Only ratios of `response_counts` and `truth` matter, so the
    number of simulated events may differ from that of the data.

    Args:
        measured: b (M,), M >= T.
        covariance: V (M, M) of `measured`; None: Poisson.
        response_counts: Â (M, T), simulated events measured in bin i and true in bin j.
        truth: (T,), all simulated true events, missed ones included.
        k: from 1 to T, how many singular values count. Small k: smooth, and near the simulation.

    Raises:
        ValueError: shapes that do not fit, negative or infinite numbers, fewer simulated true
            than measured events in a bin, or k outside 1 to T.
    """
    counts = _checked_counts(response_counts)
    spectrum = checked_spectrum("measured", measured, len(counts))
    variance = checked_covariance(covariance, spectrum)
    simulated = _checked_truth(truth, counts)
    k = _checked_rank(k, counts.shape[1])

    whitening = inverse_root(variance)
    inverse_curvature = np.linalg.inv(second_differences(counts.shape[1], XI))
    u, s, wt = np.linalg.svd(whitening @ counts @ inverse_curvature, full_matrices=False)
    s = np.maximum(s, SMALLEST * s[0])
    damped = s / (s**2 + s[k - 1] ** 2)
    of_ratio = inverse_curvature @ (wt.T * damped) @ u.T @ whitening
    reached = counts.any(axis=0)
    linear = linear_result((simulated * reached)[:, None] * of_ratio, spectrum, variance)
    return SvdResult(
        unfolded=linear.unfolded,
        covariance=linear.covariance,
        derivative=linear.derivative,
        history=linear.history,
        d=u.T @ whitening @ spectrum,
        singular_values=s,
    )


def _checked_counts(response_counts: ArrayLike) -> np.ndarray:
    counts = checked_matrix("response_counts", response_counts)
    if counts.shape[0] < counts.shape[1] or not counts.any():
        raise ValueError(
            f"response_counts has shape {counts.shape}: give simulated events (measured bins, true "
            "bins), not all zero, with at least as many measured as true bins"
        )
    return counts


def _checked_truth(truth: ArrayLike, counts: np.ndarray) -> np.ndarray:
    simulated = checked_prior(truth, counts.shape[1])
    sums = counts.sum(axis=0)
    bad = sums > simulated * (1 + 1e-6)
    if bad.any():
        column = int(np.argmax(bad))
        raise ValueError(
            f"column {column} of response_counts sums to {sums[column]:g}, more than its "
            f"truth {simulated[column]:g}: truth holds all true events, missed ones included"
        )
    warn_of_empty_bins(sums == 0)
    return simulated


def _checked_rank(k: int, n_bins: int) -> int:
    rank = checked_count("k", k, why="it counts singular values")
    if rank > n_bins:
        raise ValueError(f"k is {rank} with {n_bins} true bins: give a whole number up to {n_bins}")
    return rank
