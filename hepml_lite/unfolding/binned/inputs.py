"""The checks of what binned methods are given: response, measured spectrum, covariance, prior."""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_finite

LARGEST_COLUMN_SUM = 1 + 1e-6  # a probability of 1, but for rounding


def checked_response(response: ArrayLike) -> np.ndarray:
    """Response matrix (M, T) of probabilities P(measured in bin i | true in bin j).

    A column sums to the efficiency of its true bin. A column of zeros is allowed, with a warning:
    nothing of this bin is measured, and it unfolds to zero.

    Raises:
        ValueError: no matrix, entries that are negative or not finite, or a column that sums to
            more than 1; the message names the column.
    """
    matrix = checked_matrix("response", response)
    sums = matrix.sum(axis=0)
    if sums.max() > LARGEST_COLUMN_SUM:
        column = int(np.argmax(sums > LARGEST_COLUMN_SUM))
        raise ValueError(
            f"column {column} of response sums to {sums[column]:.6g}: response[i, j] is the "
            "probability to measure bin i if the truth is in bin j, so a column sums to the "
            "efficiency, at most 1; divide counts by the number of true events of the column"
        )
    warn_of_empty_bins(sums == 0)
    return matrix


def checked_matrix(name: str, values: ArrayLike) -> np.ndarray:
    """Numbers (M, T) that are zero or positive.

    Raises:
        ValueError: no matrix, or entries that are negative or not finite.
    """
    matrix = checked_finite(name, values)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            f"{name} has shape {matrix.shape}: give a matrix (measured bins, true bins)"
        )
    require_not_negative(name, matrix)
    return matrix


def require_not_negative(name: str, values: np.ndarray) -> None:
    """Refuse negative numbers; the message names the first bin.

    Raises:
        ValueError: there is one.
    """
    bad = np.argwhere(values < 0)
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        raise ValueError(
            f"{name}[{', '.join(map(str, place))}] is {values[place]:g}: no number of events is "
            "negative; if negative weights made it, merge bins"
        )


def warn_of_empty_bins(empty: np.ndarray) -> None:
    """Warn that true bins (T,) of which nothing is measured unfold to zero."""
    if empty.any():
        warnings.warn(
            f"column(s) {np.flatnonzero(empty).tolist()} of the response are empty: nothing of "
            "these true bins is measured, and they unfold to zero; merge bins, or simulate more",
            stacklevel=4,
        )


def checked_spectrum(name: str, values: ArrayLike, n_bins: int) -> np.ndarray:
    """A histogram (n_bins,) of finite numbers.

    Raises:
        ValueError: another shape, NaN or infinite numbers.
    """
    spectrum = checked_finite(name, values, n_axes=1)
    if spectrum.shape != (n_bins,):
        raise ValueError(
            f"{name} has {len(spectrum)} bins and the response has {n_bins} of this kind: give "
            "one number a bin; the rows of the response are measured bins, the columns true bins"
        )
    return spectrum


def checked_prior(prior: ArrayLike, n_bins: int) -> np.ndarray:
    """A true spectrum (n_bins,), not negative and not zero everywhere.

    Raises:
        ValueError: another shape, negative numbers, or no positive number.
    """
    spectrum = checked_spectrum("prior", prior, n_bins)
    require_not_negative("prior", spectrum)
    if not spectrum.any():
        raise ValueError("prior is zero in all bins: give the true spectrum of the simulation")
    return spectrum


def checked_covariance(covariance: ArrayLike | None, measured: np.ndarray) -> np.ndarray:
    """Covariance (M, M) of a measured spectrum; None: Poisson, the counts on the diagonal.

    Raises:
        ValueError: another shape, entries that are not finite, a matrix that is not symmetric, a
            negative variance, or negative counts without a covariance.
    """
    if covariance is None:
        return np.diag(_counts(measured))
    matrix = checked_finite("covariance", covariance, n_axes=2)
    if matrix.shape != (len(measured), len(measured)):
        raise ValueError(
            f"covariance has shape {matrix.shape} for {len(measured)} measured bins: give a square "
            "matrix; np.diag(errors**2) makes one of independent errors"
        )
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-8 * np.abs(matrix).max()):
        raise ValueError("covariance is not symmetric: covariance[i, j] must be covariance[j, i]")
    if matrix.diagonal().min() < 0:
        raise ValueError(
            f"the variance of measured bin {np.argmin(matrix.diagonal())} is "
            f"{matrix.diagonal().min():g}: variances are squares of errors, 0 or larger"
        )
    return matrix


def _counts(measured: np.ndarray) -> np.ndarray:
    if measured.min() < 0:
        raise ValueError(
            f"measured bin {np.argmin(measured)} is {measured.min():g}: a Poisson covariance needs "
            "counts; give covariance=... for a spectrum from which background was subtracted"
        )
    return measured


def require_explained(measured: np.ndarray, expected: np.ndarray) -> None:
    """Refuse counts in measured bins that no true bin reaches.

    Raises:
        ValueError: something is measured where nothing is expected; the message names the bin.
    """
    bad = (expected == 0) & (measured != 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"measured bin {row} holds {measured[row]:g}, but no true bin with a positive prior "
            "reaches it: merge measured bins, simulate more, or subtract the background first"
        )


def checked_problem(
    measured: ArrayLike, covariance: ArrayLike | None, response: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measured spectrum (M,), its covariance (M, M) and the response (M, T).

    Raises:
        ValueError: as the checks of each.
    """
    matrix = checked_response(response)
    spectrum = checked_spectrum("measured", measured, len(matrix))
    return spectrum, checked_covariance(covariance, spectrum), matrix
