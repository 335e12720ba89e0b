"""A smooth function through the sidebands of a falling spectrum: the background of a bump hunt.

The dijet function of ATLAS and CMS (arXiv:1407.1376, eq. 1; arXiv:1911.03947, eq. 1),

    f(m) = p₀ (1 − x)^p₁ x^−(p₂ + p₃ log x),    x = m / √s,

is the exponential of a sum that is linear in its parameters, log f = Σ aₖ bₖ(m), as is a polynomial
in m. The Poisson likelihood of such a function has one maximum, and Newton's method finds it in a
few steps, for thousands of toys at once. The parameters of the data and their errors are Minuit's.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from iminuit import Minuit
from numpy.typing import ArrayLike
from scipy.special import xlogy
from scipy.stats import chi2

from hepml_lite.statistics.data_checks import checked_edges, checked_not_negative
from hepml_lite.statistics.settings_checks import checked_count, checked_number

Function = Literal["dijet", "polynomial"]
COLLISION_ENERGY = 13_000.0  # GeV
STEPS = 12  # of Newton's method; it converges in five or so
LARGEST_EXPONENT = 50.0  # the first steps may go far; its exponential is finite


@dataclass(frozen=True)
class SpectrumFit:
    """A function that was fitted to some of the bins of a spectrum.

    Attributes:
        counts: of all bins, (B,).
        edges: (B + 1,), in the units of the mass.
        fitted: which bins the fit used, bool (B,); the others are predicted.
        design: orthonormal functions of the mass at the centres of the bins, (B, P).
        parameters: their coefficients, (P,).
        covariance: of the coefficients, (P, P).
        expected: counts of the function in all bins, (B,).
    """

    counts: np.ndarray
    edges: np.ndarray
    fitted: np.ndarray
    design: np.ndarray
    parameters: np.ndarray
    covariance: np.ndarray
    expected: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """Standard deviation of the expected counts (B,), from the covariance."""
        variance = np.einsum("bp,pq,bq->b", self.design, self.covariance, self.design)
        return self.expected * np.sqrt(variance)

    @property
    def chi_squared(self) -> float:
        """Twice the log ratio of the likelihoods of counts and function, of the fitted bins."""
        return deviance(self.counts[self.fitted], self.expected[self.fitted])

    @property
    def degrees_of_freedom(self) -> int:
        """Fitted bins less parameters."""
        return int(self.fitted.sum()) - len(self.parameters)

    @property
    def p_value(self) -> float:
        """Of the chi-squared, for counts that are not small."""
        return float(chi2.sf(self.chi_squared, self.degrees_of_freedom))

    def refit(self, counts: np.ndarray) -> np.ndarray:
        """The same function fitted to the same bins of other histograms: expected (T, B)."""
        coefficients = fitted_coefficients(counts, self.design, self.fitted, self._widths)
        return self._widths * np.exp(coefficients @ self.design.T)

    @property
    def _widths(self) -> np.ndarray:
        return np.diff(self.edges)


def fit_spectrum(
    counts: ArrayLike,
    edges: ArrayLike,
    *,
    blinded: tuple[float, float] | None = None,
    function: Function = "dijet",
    n_parameters: int = 4,
    collision_energy: float = COLLISION_ENERGY,
) -> SpectrumFit:
    """Fit a smooth function to a spectrum outside of a blinded interval.

    The function is taken at the centre of a bin, times the width of the bin.

    Args:
        counts: (B,).
        edges: (B + 1,), in the units of the collision energy.
        blinded: bins that overlap with this (low, high) are not fitted; None: all are.
        function: "dijet", or "polynomial", the exponential of a polynomial in the mass.
        n_parameters: 2 to 5 of the dijet function, 1 or more of the polynomial.
        collision_energy: √s of the dijet function.

    Raises:
        ValueError: counts or edges that cannot be used, or fewer fitted bins than parameters.
    """
    bin_edges = checked_edges("edges", edges)
    seen = checked_not_negative("counts", counts)
    if seen.shape != (len(bin_edges) - 1,):
        raise ValueError(f"counts has shape {seen.shape} for {len(bin_edges)} edges: give (B,)")
    n = checked_count("n_parameters", n_parameters)
    fitted = _outside(bin_edges, blinded)
    if np.count_nonzero(seen[fitted]) <= n:
        raise ValueError(
            f"{np.count_nonzero(seen[fitted])} bins with events are outside of {blinded} for {n} "
            "parameters: give more bins, or fewer parameters"
        )
    centres = (bin_edges[1:] + bin_edges[:-1]) / 2
    design = orthonormal(_functions(function, centres, n, collision_energy), fitted)
    widths = np.diff(bin_edges)
    start = fitted_coefficients(seen[None], design, fitted, widths)[0]
    parameters, covariance = _minimum(seen[fitted], design[fitted], widths[fitted], start)
    expected = widths * np.exp(design @ parameters)
    return SpectrumFit(seen, bin_edges, fitted, design, parameters, covariance, expected)


def fitted_coefficients(
    counts: np.ndarray, design: np.ndarray, fitted: np.ndarray, widths: np.ndarray
) -> np.ndarray:
    """Coefficients (T, P) of the largest likelihood of histograms (T, B), by Newton's method.

    The gradient of the log likelihood is Dᵀ (n − μ), minus its second derivative Dᵀ μ D.

    Args:
        counts: (T, B).
        design: D, functions of the mass at the bins, (B, P).
        fitted: which bins count, bool (B,).
        widths: of the bins, (B,).
    """
    used = design[fitted]
    seen = counts[:, fitted]
    log_widths = np.log(widths[fitted])
    weights = seen + 0.5
    coefficients = _least_squares(used, np.log(weights) - log_widths, weights)
    for _ in range(STEPS):
        exponent = np.minimum(coefficients @ used.T, LARGEST_EXPONENT)
        expected = np.exp(exponent + log_widths)
        gradient = (seen - expected) @ used
        step = np.linalg.solve(_curvature(used, expected), gradient[..., None])[..., 0]
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-8:
            break
    return coefficients


def orthonormal(functions: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Combinations (B, P) of functions (B, P) that are orthonormal over the fitted bins."""
    triangular = np.linalg.qr(functions[fitted])[1]
    return np.linalg.solve(triangular.T, functions.T).T


def deviance(counts: np.ndarray, expected: np.ndarray) -> float:
    """2 Σ μ − n + n log n/μ, a χ² for counts that are not small (Baker, Cousins, NIM 221, 437)."""
    return float(2 * np.sum(expected - counts + xlogy(counts, counts / expected)))


def _functions(
    function: Function, mass: np.ndarray, n_parameters: int, collision_energy: float
) -> np.ndarray:
    """The functions bₖ at masses (B,), (B, P)."""
    if function == "polynomial":
        scaled = (mass - mass.mean()) / np.ptp(mass)
        return np.stack([scaled**power for power in range(n_parameters)], axis=1)
    if function != "dijet" or not 2 <= n_parameters <= 5:
        raise ValueError(
            f'function is {function!r} with {n_parameters} parameters: give "dijet" with 2 to 5, '
            'or "polynomial"'
        )
    energy = checked_number("collision_energy", collision_energy, mass.max(), np.inf, "()")
    x = mass / energy
    log_x = np.log(x)
    columns = [np.ones(len(x)), np.log1p(-x), log_x, log_x**2, log_x**3]
    return np.stack(columns[:n_parameters], axis=1)


def _outside(edges: np.ndarray, blinded: tuple[float, float] | None) -> np.ndarray:
    if blinded is None:
        return np.ones(len(edges) - 1, bool)
    low, high = blinded
    return (edges[1:] <= low) | (edges[:-1] >= high)


def _minimum(
    counts: np.ndarray, design: np.ndarray, widths: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters (P,) and covariance (P, P) of Minuit."""

    def cost(parameters: np.ndarray) -> float:
        exponent = np.minimum(design @ parameters, LARGEST_EXPONENT)
        return deviance(counts, widths * np.exp(exponent))

    minuit = Minuit(cost, start)
    minuit.errordef = Minuit.LEAST_SQUARES  # the deviance is twice a log likelihood
    minuit.migrad()
    minuit.hesse()
    if not minuit.valid or minuit.covariance is None:
        raise ValueError(
            "the fit of the spectrum did not converge: give fewer parameters, or bins with more "
            "events"
        )
    return np.array(minuit.values), np.array(minuit.covariance)


def _least_squares(design: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted least squares of many y (T, B): coefficients (T, P)."""
    right = (weights * y) @ design
    return np.linalg.solve(_curvature(design, weights), right[..., None])[..., 0]


def _curvature(design: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Dᵀ diag(w) D for each of the weights (T, B): (T, P, P)."""
    n_bins, n_parameters = design.shape
    products = (design[:, :, None] * design[:, None, :]).reshape(n_bins, -1)
    return (weights @ products).reshape(-1, n_parameters, n_parameters)
