"""Features of single events whose mean over a set says most of the parameters.

A network is fitted to the parameters of the event it sees, and to their squares and products. One
event says little, so that its outputs vary little; but to first order the mean of theta given x is
linear in the score of x, and the mean score of a set is a sufficient statistic near a point. This
is the permutation-invariant embedding of a set (Zaheer et al., arXiv:1703.06114) with a target for
each event, which needs far fewer sets than a network that sees one answer for each set.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import checked_table
from hepml_lite.inference.ratio.network import RatioNetwork, predicted, trained, untrained
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_rng

LARGEST_SEED = 2**31


def default_plan() -> TrainingPlan:
    """A few passes: more would learn single events by heart."""
    return TrainingPlan(
        epochs=8, batch_size=1024, learning_rate=3e-3, patience=None, progress=False
    )


@dataclass
class EventFeatures:
    """Features (K,) of an event, K = P + P (P + 1) / 2 for P parameters.

    Attributes:
        hidden_features: of the network.
        plan: of the training.
        network: after `fit`.
    """

    hidden_features: Sequence[int] = (64, 64)
    plan: TrainingPlan = field(default_factory=default_plan)
    network: RatioNetwork | None = field(default=None, init=False, repr=False)

    def fit(self, theta: ArrayLike, sets: ArrayLike, rng: Seed = 0) -> "EventFeatures":
        """Learn from sets whose parameters are known.

        Args:
            theta: points (M, P).
            sets: events (M, N, D), N at each point.
            rng: generator or seed.

        Raises:
            ValueError: shapes that do not agree, or NaN.
        """
        points, events = checked_sets(theta, sets)
        require_varied("theta", points)
        n_events = events.shape[1]
        seed = int(checked_rng(rng).integers(LARGEST_SEED))
        rows = events.reshape(-1, events.shape[2])
        of_event = np.repeat(points, n_events, axis=0)
        targets = _targets(of_event)
        self.network = untrained(
            of_event, rows, self.hidden_features, seed, targets.shape[1], sees_theta=False
        )
        trained(self.network, (of_event, rows, targets), _squared_error, self.plan, seed)
        return self

    def of(self, events: ArrayLike) -> np.ndarray:
        """Features (..., K) of events (..., D).

        Raises:
            RuntimeError: before `fit`.
            ValueError: NaN.
        """
        if self.network is None:
            raise RuntimeError("these features are not learned: call fit first")
        given = checked_finite("events", events)
        rows = given.reshape(-1, given.shape[-1])
        no_theta = np.zeros((len(rows), 1))
        return predicted(self.network, no_theta, rows).reshape(*given.shape[:-1], -1)


@dataclass(frozen=True)
class MeanFeatures:
    """An embedding of sets for `posterior.fit`: mean features and the logarithm of their number.

    The order of the events does not matter, and sets of any size have as many summaries.

    Attributes:
        features: of single events, learned already.
    """

    features: EventFeatures

    def __call__(self, sets: np.ndarray) -> np.ndarray:
        """Summaries (M, K + 1) of sets (M, N, D)."""
        given = checked_finite("sets", sets, n_axes=3)
        log_n = np.full(len(given), np.log(given.shape[1]))
        return np.column_stack([self.features.of(given).mean(1), log_n])


def checked_sets(theta: ArrayLike, sets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Points (M, P) and their events (M, N, D).

    Raises:
        ValueError: shapes that do not agree, or NaN.
    """
    points = checked_table("theta", theta)
    events = checked_finite("sets", sets)
    if events.ndim != 3 or len(events) != len(points):
        raise ValueError(
            f"sets have shape {events.shape} for {len(points)} points: give (points, events, "
            "features), as many events at each point"
        )
    return points, events


def require_varied(name: str, rows: np.ndarray) -> None:
    """Refuse rows (N, D) with a column that never changes: it has no width to be measured in.

    Raises:
        ValueError: there is one; the message names it.
    """
    constant = np.flatnonzero(np.ptp(rows, axis=0) == 0) if len(rows) else np.arange(rows.shape[1])
    if len(constant):
        raise ValueError(
            f"column {constant[0]} of {name} is the same in all {len(rows)} rows: leave it out, or "
            "simulate rows that differ"
        )


def _targets(theta: np.ndarray) -> np.ndarray:
    """Parameters, squares and products (N, K), of mean zero and width one."""
    standard = (theta - theta.mean(0)) / theta.std(0)
    first, second = np.triu_indices(theta.shape[1])
    products = standard[:, first] * standard[:, second]
    targets = np.column_stack([standard, products])
    return (targets - targets.mean(0)) / targets.std(0)


def _squared_error(network: nn.Module, theta: Tensor, x: Tensor, targets: Tensor) -> Tensor:
    output = torch.as_tensor(network(theta, x))
    return ((output.reshape(targets.shape) - targets) ** 2).mean()
