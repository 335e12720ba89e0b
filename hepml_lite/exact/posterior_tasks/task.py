"""A task of posterior estimation: a simulator, and independent draws of its exact posterior."""

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.exact.simulator import ExactSimulator
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count

FEWEST_PROPOSALS = 1000  # of a round
MOST_IN_VAIN = 1_000_000  # proposals, none of them inside the prior


class PosteriorTask(ExactSimulator):
    """A simulator whose exact posterior can be drawn from."""

    @abstractmethod
    def posterior(self, x: ArrayLike, n: int, rng: Seed = 0) -> np.ndarray:
        """Draw n points (n, P) of the exact posterior of one observation (D,).

        Raises:
            ValueError: other numbers than one observation has, or one that no point explains.
        """

    def observations(self, n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw n true points (n, P) of the prior, and an observation (n, D) for each."""
        return self.joint(n, rng)


def checked_observation(x: ArrayLike, n_numbers: int) -> np.ndarray:
    """One observation (D,) as floats.

    Raises:
        ValueError: another number of them, or NaN.
    """
    numbers = np.ravel(checked_finite("x", x))
    if len(numbers) != n_numbers:
        raise ValueError(f"x has {len(numbers)} numbers: give one observation, of {n_numbers}")
    return numbers


def inside_prior(propose: Callable[[int], np.ndarray], end: float, n: int) -> np.ndarray:
    """The first n proposals (n, P) with all parameters between -end and end.

    Args:
        propose: gives at most so many points (M, P).
        end: of the prior.
        n: number of points.

    Raises:
        ValueError: none of a million proposals is inside.
    """
    kept: list[np.ndarray] = []
    n_left = checked_count("n", n)
    in_vain = 0
    while n_left > 0:
        n_proposals = max(2 * n, FEWEST_PROPOSALS)
        theta = propose(n_proposals)
        inside = theta[(np.abs(theta) <= end).all(-1)][:n_left]
        kept.append(inside)
        n_left -= len(inside)
        in_vain = 0 if len(inside) else in_vain + n_proposals
        if in_vain > MOST_IN_VAIN:
            raise ValueError(
                f"x is farther away than any point of the prior explains: none of {in_vain:,} "
                f"proposals is within ±{end:g}; take x from observations() or simulate()"
            )
    return np.concatenate(kept)
