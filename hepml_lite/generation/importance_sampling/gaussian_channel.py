"""A channel of Gaussians: a mixture in the logits of the unit cube, fitted to weighted points.

A flow must tear noise apart to reach separate peaks; a mixture starts with separate pieces, and
needs few points. The points are resampled by their weights, and the number of Gaussians is the one
with the smallest Bayesian information criterion (G. Schwarz, Ann. Statist. 6 (1978) 461).
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from scipy.special import expit, logit
from sklearn.mixture import GaussianMixture

EDGE = 1e-12  # the logit of a coordinate at the edge of the cube is infinite
NUMBERS = (1, 2, 3, 5, 8, 12)  # of Gaussians that are tried
MOST_POINTS = 8000  # of a fit: more take longer and change little


@dataclass
class GaussianChannel:
    """Density of points x (N, D) in the unit cube as Gaussians of logit(x).

    Attributes:
        broadening: factor on the covariances: tails that are too light make large weights.
        mixture: after `fit`.
    """

    broadening: float = 1.15
    mixture: GaussianMixture | None = field(default=None, init=False, repr=False)

    def fit(self, x: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> Self:
        """Fit the mixture to points (N, D) with weights (N,), not all zero."""
        shares = sizes / sizes.sum()
        n_effective = 1 / (shares**2).sum()
        n_points = int(min(MOST_POINTS, len(x), max(n_effective, 200)))
        z = _logits(x[rng.choice(len(x), n_points, p=shares)])
        most = max(1, int(n_effective / (4 * x.shape[1])))  # Gaussians that the points can fix
        fits = [self._mixture(z, k, rng) for k in NUMBERS if k <= most] or [
            self._mixture(z, 1, rng)
        ]
        self.mixture = min(fits, key=lambda fit: fit.bic(z))
        self._broaden(self.mixture)
        return self

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Points (n, D) in the cube."""
        mixture = self._fitted()
        counts = rng.multinomial(n, mixture.weights_)
        parts = [
            rng.multivariate_normal(mean, covariance, count)
            for mean, covariance, count in zip(
                mixture.means_, mixture.covariances_, counts, strict=True
            )
        ]
        return np.clip(expit(np.concatenate(parts)), EDGE, 1 - EDGE)

    def density(self, x: np.ndarray) -> np.ndarray:
        """Density (N,) of points (N, D): that of the logits times the slope of the logit."""
        inside = np.clip(x, EDGE, 1 - EDGE)
        log_slope = -np.log(inside * (1 - inside)).sum(1)
        return np.exp(self._fitted().score_samples(_logits(x)) + log_slope)

    def _fitted(self) -> GaussianMixture:
        if self.mixture is None:
            raise RuntimeError("this GaussianChannel is not fitted: call fit first")
        return self.mixture

    def _mixture(self, z: np.ndarray, k: int, rng: np.random.Generator) -> GaussianMixture:
        seed = int(rng.integers(2**31))
        return GaussianMixture(k, reg_covar=1e-6, random_state=seed).fit(z)

    def _broaden(self, mixture: GaussianMixture) -> None:
        mixture.covariances_ = self.broadening * mixture.covariances_
        mixture.precisions_cholesky_ = mixture.precisions_cholesky_ / np.sqrt(self.broadening)


def _logits(x: np.ndarray) -> np.ndarray:
    return logit(np.clip(x, EDGE, 1 - EDGE))
