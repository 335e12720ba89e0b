"""The likelihood of the mean features of a set of events, for any number of events.

By the central limit theorem the mean of features over N events is Gaussian, with the mean m(theta)
and the covariance C(theta) / N of single events. Both are polynomials in theta, fitted to simulated
events: a synthetic likelihood (Wood, Nature 466 (2010) 1102) that is learned once for all data. The
statistical error of the fitted m from the finite simulation is added to the covariance, so that few
simulations make wide results, not wrong ones.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from hepml_lite.densities.rows import checked_table
from hepml_lite.inference.sets.event_features import checked_sets, require_varied
from hepml_lite.statistics.settings_checks import checked_count

DEGREE_OF_MEAN = 3
DEGREE_OF_COVARIANCE = 2


@dataclass(frozen=True)
class LikelihoodOfMeans:
    """log p(mean features of N events | theta).

    Attributes:
        centre: of the parameters (P,).
        width: of the parameters (P,).
        mean: coefficients of m, (terms, K).
        covariance: coefficients of the upper triangle of C, (terms, K (K + 1) / 2).
        unit: of the features (K,): their width.
        error_of_mean: (terms, terms): the variance of m at theta is tᵀ E t times C, where t are the
            terms of the polynomial. None: the mean is known without error.
    """

    centre: np.ndarray
    width: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    unit: np.ndarray
    error_of_mean: np.ndarray | None = None

    def log_likelihood(self, theta: ArrayLike, mean: ArrayLike, n_events: int) -> np.ndarray:
        """Log density of the means of sets at each point, (S, G).

        Args:
            theta: points (G, P).
            mean: mean features of S sets (S, K); (K,) is one set.
            n_events: in each set; at least about ten, for the central limit theorem to hold.

        Raises:
            ValueError: other numbers of features or parameters than in the fit.
        """
        squares, log_det, variance = self._fitted(theta, mean, n_events)
        number = checked_count("n_events", n_events)
        n_features = self.mean.shape[1]
        return -(squares + log_det + n_features * np.log(number * variance)) / 2

    def goodness_of_fit(self, theta: ArrayLike, mean: ArrayLike, n_events: int) -> np.ndarray:
        """P-values (S,): do the means fit any of the points?

        The smallest (x - m)ᵀ C⁻¹ (x - m) over a fine grid of points (G, P) has a chi-square
        distribution of K - P degrees of freedom, if the simulation is right: a nuisance that it
        does not have is found as far as no point imitates it.

        Args:
            theta: points (G, P) that cover the parameters.
            mean: mean features of S sets (S, K).
            n_events: in each set.

        Raises:
            ValueError: as `log_likelihood`, or no more features than parameters.
        """
        n_features = self.mean.shape[1]
        n_left = n_features - len(self.centre)
        if n_left < 1:
            raise ValueError(
                f"{n_features} features for {len(self.centre)} parameters: every mean fits; give "
                "more features than parameters"
            )
        squares, _, _ = self._fitted(theta, mean, n_events)
        return chi2.sf(squares.min(1), n_left)

    def _fitted(
        self, theta: ArrayLike, mean: ArrayLike, n_events: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Squared distances (S, G) of means from points, log det C and variances, both (G,)."""
        number = checked_count("n_events", n_events)
        points = checked_table("theta", np.atleast_2d(theta))
        means = checked_table("mean", np.atleast_2d(mean)) / self.unit
        standard = (points - self.centre) / self.width
        terms = polynomials(standard, DEGREE_OF_MEAN)
        expected = terms @ self.mean  # (G, K)
        variance = 1 / number + self._variance_of_mean(terms)  # in units of C
        covariance = self._matrices(standard)  # (G, K, K)
        inverse = np.linalg.inv(covariance)
        log_det = np.linalg.slogdet(covariance)[1]
        # (x - m)ᵀ C⁻¹ (x - m), multiplied out: two matrix products for all sets and points
        products = means[:, :, None] * means[:, None, :]  # (S, K, K)
        times_expected = np.einsum("gij,gj->gi", inverse, expected)  # (G, K)
        of_means = products.reshape(len(means), -1) @ inverse.reshape(len(points), -1).T
        of_expected = (times_expected * expected).sum(1)
        squares = of_means - 2 * means @ times_expected.T + of_expected
        return squares / variance, log_det, variance

    def _variance_of_mean(self, terms: np.ndarray) -> np.ndarray:
        """Of the fitted m at points with these terms (G, terms), in units of C, (G,)."""
        if self.error_of_mean is None:
            return np.zeros(len(terms))
        return np.einsum("gi,ij,gj->g", terms, self.error_of_mean, terms)

    def _matrices(self, standard: np.ndarray) -> np.ndarray:
        """Covariances (G, K, K) of single events."""
        n_features = self.mean.shape[1]
        first, second = np.triu_indices(n_features)
        entries = polynomials(standard, DEGREE_OF_COVARIANCE) @ self.covariance
        matrices = np.zeros((len(standard), n_features, n_features))
        matrices[:, first, second] = entries
        matrices[:, second, first] = entries
        return matrices


def fit(theta: ArrayLike, features: ArrayLike) -> LikelihoodOfMeans:
    """Fit the polynomials by least squares.

    Args:
        theta: points (M, P).
        features: of events (M, N, K), of N events at each point: not those that the features were
            learned from, whose means are a little too good.

    Raises:
        ValueError: shapes that do not agree, NaN, or fewer points than the polynomials have terms.
    """
    points, of_events = checked_sets(theta, features)
    unit = of_events.std((0, 1))
    require_varied("theta", points)
    require_varied("features", of_events.reshape(-1, of_events.shape[2]))
    scaled = of_events / unit
    centre = points.mean(0)
    width = points.std(0)
    standard = (points - centre) / width
    terms = polynomials(standard, DEGREE_OF_MEAN)
    if len(points) < 2 * terms.shape[1]:
        raise ValueError(
            f"{len(points)} points for polynomials of {terms.shape[1]} terms: give at least "
            f"{2 * terms.shape[1]} points"
        )
    mean = np.linalg.lstsq(terms, scaled.mean(1), rcond=None)[0]
    residual = scaled - (terms @ mean)[:, None, :]
    first, second = np.triu_indices(scaled.shape[2])
    products = np.einsum("mnk,mnk->mk", residual[..., first], residual[..., second])
    of_covariance = polynomials(standard, DEGREE_OF_COVARIANCE)
    covariance = np.linalg.lstsq(of_covariance, products / scaled.shape[1], rcond=None)[0]
    error_of_mean = np.linalg.inv(terms.T @ terms) / of_events.shape[1]
    return LikelihoodOfMeans(centre, width, mean, covariance, unit, error_of_mean)


def polynomials(theta: np.ndarray, degree: int) -> np.ndarray:
    """All products of up to `degree` parameters, (N, terms), the constant first."""
    columns = [np.ones(len(theta))]
    for order in range(1, degree + 1):
        for chosen in combinations_with_replacement(range(theta.shape[1]), order):
            columns.append(theta[:, list(chosen)].prod(1))
    return np.column_stack(columns)
