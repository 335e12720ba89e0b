"""What a binned method returns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BinnedResult:
    """A true spectrum of T bins, unfolded from a measured one of M bins.

    Attributes:
        unfolded: (T,), number of true events in each bin, missed ones included.
        covariance: (T, T), from the covariance of the measured spectrum alone.
        derivative: (T, M), of the unfolded with respect to the measured spectrum.
        history: (n + 1, T), the spectrum after each iteration; the last is `unfolded`. Methods
            without iterations have one row.
    """

    unfolded: np.ndarray
    covariance: np.ndarray
    derivative: np.ndarray
    history: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """Standard deviations (T,): roots of the variances."""
        return np.sqrt(self.covariance.diagonal())


def linear_result(
    derivative: np.ndarray,
    measured: np.ndarray,
    covariance: np.ndarray,
    offset: np.ndarray | float = 0.0,
) -> BinnedResult:
    """The result of a method that is linear in the measured spectrum.

    Args:
        derivative: (T, M).
        measured: (M,).
        covariance: (M, M) of `measured`.
        offset: (T,), what an empty measurement would give.
    """
    unfolded = offset + derivative @ measured
    return BinnedResult(
        unfolded=unfolded,
        covariance=derivative @ covariance @ derivative.T,
        derivative=derivative,
        history=unfolded[None, :],
    )
