"""Draws of a density that is known up to its normalisation: resampling, and Markov chains.

Ratio and likelihood estimators give log p(theta | x) up to a constant, and no draws.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_floats, checked_finite, checked_logarithms
from hepml_lite.statistics.settings_checks import (
    Seed,
    checked_count,
    checked_function,
    checked_rng,
)
from hepml_lite.statistics.two_sample.samples import effective_sample_size

LogDensity = Callable[[np.ndarray], np.ndarray]  # points (N, P) -> (N,), up to a constant
STRETCH = 2.0  # largest step of a walker, a of the paper


class Weighted(NamedTuple):
    """Draws with the weights that make them draws of another density.

    Attributes:
        theta: (N, P).
        weights: (N,), of mean one.
        effective_size: draws without weights that would be worth as much.
    """

    theta: np.ndarray
    weights: np.ndarray
    effective_size: float

    def resampled(self, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, P) by the weights; a point may come several times."""
        chance = self.weights / self.weights.sum()
        return checked_rng(rng).choice(self.theta, checked_count("n", n), p=chance)


def weighted(theta: ArrayLike, log_target: ArrayLike, log_proposal: ArrayLike) -> Weighted:
    """Importance weights of draws of a proposal, such as an estimated posterior.

    With an exact target they repair an estimate, and a small effective size says how wrong it is
    (neural importance sampling; Dax et al., arXiv:2210.05686).

    Args:
        theta: draws (N, P) of the proposal.
        log_target: log prior + log likelihood at the draws (N,), up to a constant; -inf is allowed.
        log_proposal: log density of the proposal at the draws (N,).

    Raises:
        ValueError: lengths that differ, NaN, or a target that is zero at all draws.
    """
    points = checked_finite("theta", theta, n_axes=2)
    proposal = checked_finite("log_proposal", log_proposal, n_axes=1, fewest=1)
    target = as_floats("log_target", log_target)
    if target.shape != proposal.shape or len(points) != len(proposal) or np.isnan(target).any():
        raise ValueError(
            f"log_target has shape {target.shape}, log_proposal {proposal.shape} for {len(points)} "
            "draws: give one number for each, without NaN"
        )
    log_weights = target - proposal
    if not np.isfinite(log_weights.max()):
        raise ValueError("the target is zero at all draws: is the observation within the model?")
    weights = np.exp(log_weights - log_weights.max())
    return Weighted(points, weights / weights.mean(), effective_sample_size(weights))


def walkers(log_density: LogDensity, start: ArrayLike, n_steps: int, rng: Seed = 0) -> np.ndarray:
    """Markov chains of an ensemble of walkers that stretch towards each other.

    Goodman, Weare, Commun. Appl. Math. Comput. Sci. 5 (2010) 65, algorithm 3: no step size needs
    tuning, since the ensemble knows the scales and correlations. Leave out the first third or so.

    Args:
        log_density: of points (N, P).
        start: one point (W, P) for each of an even number of walkers, at least 2 P + 2, where the
            density is not zero; draws of an estimate are good.
        n_steps: of each walker.
        rng: generator or seed.

    Returns:
        (n_steps, W, P).

    Raises:
        ValueError: too few walkers, a start of density zero, or a density that does not give one
            logarithm a point.
    """
    generator = checked_rng(rng)
    points = np.array(checked_finite("start", start, n_axes=2))
    n_walkers, n_parameters = points.shape
    if n_walkers % 2 or n_walkers < 2 * n_parameters + 2:
        raise ValueError(
            f"{n_walkers} walkers for {n_parameters} parameters: give an even number, at least "
            f"{2 * n_parameters + 2}"
        )
    checked_function("log_density", log_density, "points (N, P) -> (N,)")
    number = checked_count("n_steps", n_steps)
    log_p = _log_density_of(log_density, points).copy()
    if not np.isfinite(log_p).all():
        raise ValueError("a walker starts where the density is zero: start from draws of the prior")
    chain = np.empty((number, n_walkers, n_parameters))
    first = np.arange(n_walkers // 2)
    halves = (first, first + n_walkers // 2)
    for step in range(number):
        for moving, resting in (halves, halves[::-1]):
            proposed, log_jacobian = _stretched(points[moving], points[resting], generator)
            log_new = _log_density_of(log_density, proposed)
            log_chance = log_jacobian + log_new - log_p[moving]
            accepted = moving[np.log(generator.random(len(moving))) < log_chance]
            chosen = accepted - moving[0]
            points[accepted] = proposed[chosen]
            log_p[accepted] = log_new[chosen]
        chain[step] = points
    return chain


def _log_density_of(log_density: LogDensity, points: np.ndarray) -> np.ndarray:
    """Log density (N,) of points (N, P)."""
    return checked_logarithms("log_density", log_density(points), (len(points),))


def _stretched(
    moving: np.ndarray, resting: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """New points (W/2, P) on lines to partners, and the log Jacobian of the move (W/2,)."""
    partner = resting[rng.integers(len(resting), size=len(moving))]
    root = 1 + (STRETCH - 1) * rng.random(len(moving))
    z = root**2 / STRETCH  # density 1 / sqrt(z) between 1/a and a
    proposed = partner + z[:, None] * (moving - partner)
    return proposed, (moving.shape[1] - 1) * np.log(z)
