"""NPLM with kernels: f is a sum of Gaussians at √N centres, and the fit is convex.

M. Letizia et al., "Learning new physics efficiently with nonparametric methods", arXiv:2204.02317.
A weighted logistic regression, penalised, gives f; the Nyström method takes M of the rows as
centres.

Without signal the mean of t is known from the fit alone. With S = A (A + λ)⁻¹, where A is the
second derivative of the loss, t is a sum of χ² with

    ⟨t⟩ = (1 + w) (1 + Σ 2 sᵢ − sᵢ²),    sᵢ eigenvalues of S,

the effective degrees of freedom: a direction that the penalty suppresses counts less than one. The
first 1 is the number of events, which is not penalised, and 1 + w the noise of the reference.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

JITTER = 1e-8  # on the diagonal of the kernel of the centres, which is nearly singular


@dataclass(frozen=True)
class KernelAlternative:
    """Gaussians of one width at centres drawn from data and reference.

    Attributes:
        n_centres: M, about the root of the number of events.
        width: of the Gaussians, in standard deviations of the reference.
        penalty: λ of λ/2 |f|² in the norm of the kernel; larger is smoother.
    """

    n_centres: int = 100
    width: float = 1.5
    penalty: float = 1.0

    def fitted_log_ratio(
        self, data: np.ndarray, reference: np.ndarray, weight: float, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values of f at the data (N,) and at the reference (M,)."""
        rows = np.concatenate([data, reference])
        columns = self._columns(rows, seed)
        is_data = np.repeat([1, 0], [len(data), len(reference)])
        weights = np.where(is_data == 1, 1.0, weight)
        regression = LogisticRegression(
            C=1 / self.penalty, solver="newton-cholesky", tol=1e-7, max_iter=100
        )
        regression.fit(columns, is_data, sample_weight=weights)
        log_ratio = regression.decision_function(columns)
        return log_ratio[: len(data)], log_ratio[len(data) :]

    def effective_degrees_of_freedom(
        self, reference: np.ndarray, n_expected: float, seed: int = 0
    ) -> float:
        """The mean of t without signal, from a standardised reference (M, D) alone."""
        weight = n_expected / len(reference)
        columns = self._columns(reference, seed)
        # A: data and reference count n_expected each, with p (1 - p) = 1/4 at f = 0
        centred = columns - columns.mean(0)
        second_derivative = n_expected / 2 * (centred.T @ centred) / len(centred)
        eigenvalues = np.maximum(np.linalg.eigvalsh(second_derivative), 0)
        share = eigenvalues / (eigenvalues + self.penalty)
        return float((1 + weight) * (1 + np.sum(2 * share - share**2)))

    def _columns(self, rows: np.ndarray, seed: int) -> np.ndarray:
        """Functions (N, M) of the rows (N, D) that are orthonormal in the norm of the kernel."""
        generator = np.random.default_rng(seed)
        n_centres = min(self.n_centres, len(rows))
        centres = rows[generator.permutation(len(rows))[:n_centres]]
        of_centres = self._kernel(centres, centres) + JITTER * np.eye(n_centres)
        triangular = np.linalg.cholesky(of_centres)
        return solve_triangular(triangular, self._kernel(centres, rows), lower=True).T

    def _kernel(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.exp(-cdist(first, second, "sqeuclidean") / (2 * self.width**2))
