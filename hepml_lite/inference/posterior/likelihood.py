"""Neural likelihood estimation: a conditional density of the data given the parameters.

The estimate of p(x | theta) serves for any prior and any number of independent events, and needs
Markov chains for draws (Papamakarios, Sterratt, Murray, arXiv:1805.07226).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import checked_condition, checked_table
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.exact.priors import Prior
from hepml_lite.inference.posterior.neural_posterior import plan_for
from hepml_lite.inference.posterior.sampling import walkers
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

N_WALKERS = 100
STEPS_LEFT_OUT = 200
STEPS_APART = 10  # of the draws that are kept: neighbours of a chain are alike


@dataclass(frozen=True)
class FittedLikelihood:
    """log p(x | theta), after training.

    Attributes:
        density: of the data given the parameters.
    """

    density: TrainedDensity

    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """log p(x | theta) of events (N, D), independent ones, summed at each point (M, P): (M,).

        Raises:
            ValueError: other numbers of columns than in the fit, or NaN.
        """
        points = checked_table("theta", np.atleast_2d(theta))
        events = checked_table("x", np.atleast_2d(x))
        rows = np.tile(events, (len(points), 1))
        conditions = np.repeat(points, len(events), axis=0)
        log_p = self.density.log_prob(rows, conditions)
        return log_p.reshape(len(points), len(events)).sum(1)

    def sample(self, n: int, x: ArrayLike, prior: Prior, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, P) of the posterior of events (N, D) by Markov chains."""
        generator = checked_rng(rng)

        def log_density(theta: np.ndarray) -> np.ndarray:
            log_prior = prior.log_prob(theta)
            inside = np.isfinite(log_prior)
            result = np.full(len(theta), -np.inf)
            if inside.any():
                result[inside] = log_prior[inside] + self.log_likelihood(theta[inside], x)
            return result

        start = _likely_points(log_density, prior, generator)
        n_kept = -(-checked_count("n", n) // N_WALKERS)
        chain = walkers(log_density, start, STEPS_LEFT_OUT + STEPS_APART * n_kept, generator)
        kept = chain[STEPS_LEFT_OUT::STEPS_APART].reshape(-1, start.shape[1])
        return generator.permutation(kept)[:n]


def fit(
    theta: ArrayLike,
    x: ArrayLike,
    *,
    plan: TrainingPlan | None = None,
    density: TrainedDensity | None = None,
    rng: Seed = 0,
) -> FittedLikelihood:
    """Learn p(x | theta) from simulated pairs.

    Args:
        theta: points (N, P); they need not come from the prior.
        x: one event (N, D) of each.
        plan: of the training; None: chosen by the number of pairs.
        density: untrained; None: a flow.
        rng: generator or seed.

    Raises:
        ValueError: lengths that differ, or NaN.
    """
    events = checked_table("x", x)
    points = checked_condition(theta, len(events))
    density = density or Flow(plan=plan or plan_for(len(events)))
    return FittedLikelihood(density.fit(events, points, rng=rng))


def _likely_points(log_density, prior: Prior, rng: np.random.Generator) -> np.ndarray:
    """Starts of the walkers: draws of the prior, by their density."""
    candidates = prior.sample(20 * N_WALKERS, rng)
    log_p = log_density(candidates)
    chance = np.exp(log_p - log_p.max())
    chosen = rng.choice(len(candidates), N_WALKERS, p=chance / chance.sum())
    spread = 0.01 * candidates.std(0)  # two walkers at one point would never part
    moved = candidates[chosen] + spread * rng.normal(size=(N_WALKERS, candidates.shape[1]))
    return np.where(np.isfinite(log_density(moved))[:, None], moved, candidates[chosen])
