"""What all ratio estimators share: a network f(theta, x) for log p(x | theta) - log q(x)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import checked_table
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.training.optimisation import Loss

ROWS_AT_A_TIME = 8192
HIDDEN_FEATURES = (64, 64, 64)


def plan_for(n: int) -> TrainingPlan:
    """Of ratio estimators: ten seconds for 50 000 events on one core.

    Some fifty steps an epoch. Large batches pay, since the labels of single events differ much: at
    equal numbers of passes, batches of 1000 at a high rate leave a third of the squared error that
    batches of 256 at half the rate do.

    Args:
        n: events of the training.
    """
    batch_size = int(np.clip(n / 50, 64, 1024))
    learning_rate = 1e-2 * (batch_size / 1024) ** 0.5
    return TrainingPlan(
        epochs=40,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=15,
        progress=False,
    )


class RatioNetwork(nn.Module):
    """A perceptron of the standardised parameters and features.

    Args:
        theta: rows (N, P) that set centre and width of the parameters.
        x: rows (N, D) that set those of the features.
        hidden_features: widths of the hidden layers.
        n_outputs: one log ratio, or as many scores as there are parameters.
        sees_theta: False for the score at one reference point, a function of x alone.
    """

    centre_x: Tensor
    width_x: Tensor
    centre_theta: Tensor
    width_theta: Tensor

    def __init__(
        self,
        theta: np.ndarray,
        x: np.ndarray,
        hidden_features: Sequence[int] = HIDDEN_FEATURES,
        n_outputs: int = 1,
        sees_theta: bool = True,
    ):
        super().__init__()
        self.sees_theta = sees_theta
        for name, rows in (("theta", theta), ("x", x)):
            width = rows.std(0)
            width[width == 0] = 1.0  # a constant says nothing, and does no harm
            self.register_buffer(f"centre_{name}", _float(rows.mean(0)))
            self.register_buffer(f"width_{name}", _float(width))
        n_inputs = x.shape[1] + (theta.shape[1] if sees_theta else 0)
        self.mlp = MLP((n_inputs, *hidden_features, n_outputs), nn.SiLU)

    def forward(self, theta: Tensor, x: Tensor) -> Tensor:
        """Outputs (N,) or (N, n_outputs) of points (N, P) and events (N, D)."""
        inputs = (x - self.centre_x) / self.width_x
        if self.sees_theta:
            standard = (theta - self.centre_theta) / self.width_theta
            inputs = torch.cat([inputs, standard], dim=1)
        outputs = self.mlp(inputs)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs


@dataclass(frozen=True)
class FittedRatio:
    """log p(x | theta) - log q(x) of an ensemble of networks.

    Attributes:
        networks: trained.
        denominator: what q is, in words.
        n_parameters: P.
        n_features: D.
    """

    networks: tuple[RatioNetwork, ...]
    denominator: str
    n_parameters: int
    n_features: int

    def log_ratio(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """The mean over the ensemble, (N,).

        Args:
            theta: points (N, P), or one point (P,) for all events.
            x: events (N, D), or one event (D,) for all points.

        Raises:
            ValueError: numbers of rows or columns that do not agree, NaN.
        """
        points, events = _broadcast(theta, x, self.n_parameters, self.n_features)
        return np.mean([predicted(net, points, events) for net in self.networks], axis=0)

    def log_ratio_of_set(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """The sum over independent events (N, D) at each of the points (M, P), (M,)."""
        points = np.atleast_2d(checked_table("theta", np.atleast_2d(theta)))
        events = checked_table("x", x)
        return np.array([self.log_ratio(point, events).sum() for point in points])


def trained(
    network: RatioNetwork,
    data: tuple[np.ndarray, ...],
    loss: Loss,
    plan: TrainingPlan,
    seed: int,
) -> RatioNetwork:
    """Train on rows, a share of which is held out to choose the best epoch."""
    order = np.random.default_rng(seed).permutation(len(data[0]))
    n_held_out = max(1, round(plan.validation_share * len(order)))
    held_out, kept = np.split(order, [n_held_out])
    tensors = [_float(array) for array in data]
    plan.train(
        network,
        [tensor[kept] for tensor in tensors],
        loss,
        validation=[tensor[held_out] for tensor in tensors],
        seed=seed,
    )
    return network


def predicted(network: RatioNetwork, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Outputs of the network, (N,) or (N, n_outputs)."""
    parts = []
    n_parts = 1 + len(x) // ROWS_AT_A_TIME
    with torch.no_grad():
        for points, events in zip(
            np.array_split(theta, n_parts), np.array_split(x, n_parts), strict=True
        ):
            parts.append(network(_float(points), _float(events)).double().numpy())
    return np.concatenate(parts)


def untrained(
    theta: np.ndarray,
    x: np.ndarray,
    hidden_features: Sequence[int],
    seed: int,
    n_outputs: int = 1,
    sees_theta: bool = True,
) -> RatioNetwork:
    """A network with weights of this seed; torch's own generator does not change."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RatioNetwork(theta, x, hidden_features, n_outputs, sees_theta)


def _broadcast(
    theta: ArrayLike, x: ArrayLike, n_parameters: int, n_features: int
) -> tuple[np.ndarray, np.ndarray]:
    points = checked_table("theta", np.atleast_2d(theta))
    events = checked_table("x", np.atleast_2d(x))
    if points.shape[1] != n_parameters or events.shape[1] != n_features:
        raise ValueError(
            f"theta has {points.shape[1]} parameters and x {events.shape[1]} features: the fit had "
            f"{n_parameters} and {n_features}"
        )
    n = max(len(points), len(events))
    if {len(points), len(events)} - {1, n}:
        raise ValueError(
            f"theta has {len(points)} points and x has {len(events)} events: give one for each, or "
            "one for all"
        )
    wide = np.broadcast_to(points, (n, n_parameters))
    return wide, np.broadcast_to(events, (n, n_features))


def _float(array: np.ndarray) -> Tensor:
    return torch.tensor(np.ascontiguousarray(array), dtype=torch.float32)
