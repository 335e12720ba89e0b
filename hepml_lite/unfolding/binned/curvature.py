"""The second derivative of a histogram, which regularised methods keep small."""

import numpy as np

from hepml_lite.statistics.settings_checks import checked_count, checked_number


def second_differences(n_bins: int, xi: float = 0.0) -> np.ndarray:
    """C (n_bins, n_bins): C w is the second difference of w (eq. 38 of hep-ph/9509307).

    At both ends it is the first difference, so that a constant w has no curvature.

    Args:
        n_bins: of the histogram.
        xi: small number that is added to the diagonal; with it, C has an inverse.

    Raises:
        ValueError: no bins, or a number that is none.
    """
    n_bins = checked_count("n_bins", n_bins)
    xi = checked_number("xi", xi, 0, np.inf, "[)", "1e-3")
    matrix = np.diag(np.full(n_bins, -2.0))
    matrix += np.diag(np.ones(n_bins - 1), 1)
    matrix += np.diag(np.ones(n_bins - 1), -1)
    matrix[0, 0] += 1
    matrix[-1, -1] += 1
    return matrix + xi * np.eye(n_bins)
