"""Fisher information: how well parameters can be measured at best, and what a summary loses.

With the score t(x), the gradient of log p(x | theta), the information of one event is the mean of
t t^T, and N events cannot do better than the covariance (N I)^-1 (Cramér, Rao). In bins of any
summary the gradient of log p(bin) is the mean score in that bin, so that the information of a
histogram is the sum of p(bin) mean(t) mean(t)^T: what is lost is the variance of the score within
the bins. Both hold for the joint score of a simulator that shows its latent variables, but its
variance within a bin then also contains what no measurement can see
(Brehmer, Cranmer, Kling, Plehn, arXiv:1612.05261; Brehmer et al., arXiv:1805.00020).
"""

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_array, checked_finite
from hepml_lite.statistics.settings_checks import checked_number


def information(score: ArrayLike) -> np.ndarray:
    """Fisher information of one event, (P, P).

    Args:
        score: exact scores (N, P) of events of the point where they are taken; (N,) is one
            parameter.

    Raises:
        ValueError: fewer than two events, or NaN.
    """
    scores = _checked_scores(score)
    return scores.T @ scores / len(scores)


def information_in_bins(score: ArrayLike, bins: ArrayLike) -> np.ndarray:
    """Fisher information of one event of which only the bin is kept, (P, P).

    The squared statistical error of each bin's mean score is subtracted, since fluctuations look
    like information.

    Args:
        score: scores or joint scores (N, P) of events; (N,) is one parameter.
        bins: number of the bin of each event (N,), from 0, such as `np.digitize` gives.

    Raises:
        ValueError: lengths that differ, negative bins, or NaN.
    """
    scores = _checked_scores(score)
    bin_of = as_array("bins", bins)
    if bin_of.shape != (len(scores),) or bin_of.dtype.kind not in "iu" or bin_of.min() < 0:
        raise ValueError(
            f"bins have shape {bin_of.shape} ({bin_of.dtype}) for {len(scores)} scores: give whole "
            "numbers from 0 on, one for each event"
        )
    total = np.zeros((scores.shape[1], scores.shape[1]))
    for chosen in np.unique(bin_of):
        inside = scores[bin_of == chosen]
        if len(inside) < 2:
            continue  # one event cannot tell its mean from its fluctuation
        mean = inside.mean(0)
        error = np.atleast_2d(np.cov(inside.T)) / len(inside)
        total += len(inside) / len(scores) * (np.outer(mean, mean) - error)
    return total


def smallest_errors(information_of_event: ArrayLike, n_events: float) -> np.ndarray:
    """Standard deviations (P,) of the Cramér-Rao bound for n events.

    Raises:
        ValueError: no square matrix, a number of events that is not positive, or an information
            that is zero or negative in some direction, whose error would be infinite.
    """
    number = checked_number("n_events", n_events, 0, np.inf, "()", "1000")
    matrix = np.atleast_2d(checked_finite("information", information_of_event))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"information has shape {matrix.shape}: give a square matrix (P, P)")
    smallest, largest = np.linalg.eigvalsh(matrix)[[0, -1]]
    if smallest <= 1e-12 * largest or largest <= 0:
        raise ValueError(
            f"information has eigenvalues from {smallest:.3g} to {largest:.3g}: give a positive "
            "matrix; a combination of the parameters is not measured, so fix one of them, or use "
            "finer bins"
        )
    return np.sqrt(np.diag(np.linalg.inv(number * matrix)))


def _checked_scores(score: ArrayLike) -> np.ndarray:
    scores = checked_finite("score", score)
    if scores.ndim == 1:
        scores = scores[:, None]
    if scores.ndim != 2 or len(scores) < 2:
        raise ValueError(f"score has shape {scores.shape}: give (events, parameters)")
    return scores
