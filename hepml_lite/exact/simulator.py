"""What every simulator can do: a prior, events at parameter points, and what is known exactly.

    theta, x = simulator.joint(10_000, rng)      # parameters of the prior, one event each
    x = simulator.simulate([0.3], 400, rng)      # 400 events at one point

Simulators whose likelihood is known have `log_likelihood`. Those that show their latent variables z
have `mine`: beside each event the joint log ratio log p(x, z | theta) - log p(x, z | reference) and
the joint score, the gradient of log p(x, z | theta), which are known where p(x | theta) is not
(Brehmer, Louppe, Pavez, Cranmer, arXiv:1805.12244).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.exact.priors import Prior, checked_points
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


@dataclass(frozen=True)
class MinedEvents:
    """Events with what their latent variables tell.

    Attributes:
        theta: the points (N, P) of numerator and score.
        reference: the point (P,) of the denominator.
        x: events (N, D).
        label: (N,), 1 for an event that was simulated at theta, 0 at the reference.
        log_ratio: log p(x, z | theta) - log p(x, z | reference), (N,).
        score: gradient of log p(x, z | theta) by theta, (N, P).
    """

    theta: np.ndarray
    reference: np.ndarray
    x: np.ndarray
    label: np.ndarray
    log_ratio: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


class Simulator(ABC):
    """Events x (D,) at parameter points theta (P,)."""

    parameters: ClassVar[tuple[str, ...]]
    features: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def prior(self) -> Prior:
        """Of the parameters."""

    @abstractmethod
    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One event (N, D) at each of the points (N, P)."""

    def simulate(self, theta: ArrayLike, n: int = 1, rng: Seed = 0) -> np.ndarray:
        """Draw n events at each point.

        Args:
            theta: one point (P,), or several (M, P).
            n: events at each.
            rng: generator or seed.

        Returns:
            (n, D) for one point, (n, M, D) for M points.

        Raises:
            ValueError: points of another length, NaN, or n below one.
        """
        points = self.checked(theta)
        repeated = np.tile(points, (checked_count("n", n), 1))
        x = self.events(repeated, checked_rng(rng))
        return x if np.ndim(theta) < 2 else x.reshape(n, len(points), -1)

    def joint(self, n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw n points (n, P) of the prior, with one event (n, D) each."""
        generator = checked_rng(rng)
        theta = self.prior.sample(n, generator)
        return theta, self.events(theta, generator)

    def checked(self, theta: ArrayLike) -> np.ndarray:
        """Finite points (N, P)."""
        return checked_points(checked_finite("theta", theta), self.prior.n_parameters)


class ExactSimulator(Simulator):
    """A simulator whose likelihood is known."""

    @abstractmethod
    def log_likelihood(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """log p(x | theta) of events (N, D) at points (N, P), or at one point (P,); (N,)."""

    def log_ratio(self, theta: ArrayLike, x: ArrayLike, reference: ArrayLike) -> np.ndarray:
        """log p(x | theta) - log p(x | reference), (N,)."""
        return self.log_likelihood(theta, x) - self.log_likelihood(reference, x)

    def log_posterior(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Log prior + log likelihood (N,), not normalised; -inf outside the prior."""
        points = checked_points(theta, self.prior.n_parameters)
        log_prior = self.prior.log_prob(points)
        inside = np.isfinite(log_prior)
        result = np.full(len(points), -np.inf)
        if inside.any():
            observation = np.broadcast_to(x, (len(points), np.shape(x)[-1]))
            likelihood = self.log_likelihood(points[inside], observation[inside])
            result[inside] = log_prior[inside] + likelihood
        return result


class MinedSimulator(Simulator):
    """A simulator that shows its latent variables."""

    @property
    @abstractmethod
    def reference(self) -> np.ndarray:
        """A point (P,) in the middle, for the denominator of ratios."""

    @abstractmethod
    def events_with_latents(
        self, theta: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """One event (N, D) with its latent variables (N, Z) at each of the points (N, P)."""

    @abstractmethod
    def log_joint(self, theta: np.ndarray, x: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """log p(x, z | theta) (N,), but for terms without theta."""

    @abstractmethod
    def joint_score(self, theta: np.ndarray, x: np.ndarray, latents: np.ndarray) -> np.ndarray:
        """Gradient of log p(x, z | theta) by theta, (N, P)."""

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One event (N, D) at each of the points (N, P)."""
        return self.events_with_latents(theta, rng)[0]

    def mine(
        self, theta: ArrayLike, rng: Seed = 0, reference: ArrayLike | None = None
    ) -> MinedEvents:
        """Half of the events at the points (N, P), half at the reference, in random order.

        Args:
            theta: (N, P), such as draws of the prior.
            rng: generator or seed.
            reference: (P,); None: the simulator's own.
        """
        generator = checked_rng(rng)
        points = self.checked(theta)
        denominator = self.reference if reference is None else self.checked(reference)[0]
        label = generator.permutation(np.arange(len(points)) % 2)
        simulated_at = np.where(label[:, None] == 1, points, denominator)
        x, latents = self.events_with_latents(simulated_at, generator)
        all_reference = np.broadcast_to(denominator, points.shape)
        log_ratio = self.log_joint(points, x, latents) - self.log_joint(all_reference, x, latents)
        score = self.joint_score(points, x, latents)
        return MinedEvents(points, denominator, x, label, log_ratio, score)


def paired(
    theta: ArrayLike, x: ArrayLike, n_parameters: int, n_features: int
) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, P) and events (N, D) of the same number; one point stands for all events.

    Raises:
        ValueError: numbers of rows or columns that do not agree, NaN.
    """
    points = checked_points(theta, n_parameters)
    rows = np.atleast_2d(checked_finite("x", x))
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise ValueError(f"x has shape {np.shape(x)}: give events (N, {n_features})")
    if len(points) not in (1, len(rows)) and len(rows) != 1:
        raise ValueError(
            f"theta has {len(points)} points and x has {len(rows)} events: give one point for all, "
            "or one for each event"
        )
    n = max(len(points), len(rows))
    return np.broadcast_to(points, (n, n_parameters)), np.broadcast_to(rows, (n, n_features))
