"""Mined gold: a ratio or a score learned from what the latent variables of a simulator tell.

Beside each event the simulator gives the joint ratio r(x, z), of p(x, z | theta) to
p(x, z | reference), and the joint score t(x, z). They scatter, but their means at given x are the
ratio and the score of x alone: a network that is fitted to them learns what cannot be computed.
Each event then tells a number instead of a label, and fewer events are needed
(Brehmer, Louppe, Pavez, Cranmer, arXiv:1805.12244; ALICE: Stoye et al., arXiv:1808.00973).

| method | learns from | loss |
|---|---|---|
| carl | labels | cross-entropy |
| rolr | joint ratio | squared error of r or 1/r |
| alice | joint ratio | cross-entropy with the chance 1 / (1 + 1/r) as label |
| rascal | joint ratio and score | rolr + squared error of the score |
| alices | joint ratio and score | alice + squared error of the score |
| sally | joint score at the reference | squared error of the score |
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import checked_table
from hepml_lite.exact.simulator import MinedEvents
from hepml_lite.inference.ratio.network import (
    HIDDEN_FEATURES,
    FittedRatio,
    RatioNetwork,
    plan_for,
    predicted,
    trained,
    untrained,
)
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.training.optimisation import Loss

METHODS = ("carl", "rolr", "alice", "rascal", "alices")
USES_SCORE = ("rascal", "alices")
LARGEST_SEED = 2**31
LARGEST_LOG_RATIO = 10.0  # of what a network is fitted to: a single event may have any


def fit(
    events: MinedEvents,
    method: str = "alices",
    *,
    score_weight: float = 1.0,
    n_ensemble: int = 1,
    hidden_features: Sequence[int] = HIDDEN_FEATURES,
    plan: TrainingPlan | None = None,
    rng: Seed = 0,
) -> FittedRatio:
    """Learn log p(x | theta) - log p(x | reference).

    Args:
        events: of `MinedSimulator.mine`.
        method: one of `METHODS`, in the table above.
        score_weight: of the squared error of the score, in units of the variance of the score.
        n_ensemble: networks whose log ratios are averaged.
        hidden_features: of the networks.
        plan: of the training; None: chosen by the number of events.
        rng: generator or seed.

    Raises:
        ValueError: another method.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}: give one of {', '.join(METHODS)}")
    generator = checked_rng(rng)
    log_ratio = np.clip(events.log_ratio, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)
    weight = score_weight / np.maximum(events.score.var(0), 1e-12)
    loss = _loss_of(method, torch.tensor(weight, dtype=torch.float32))
    data = (events.theta, events.x, events.label, log_ratio, events.score)
    networks = []
    for _ in range(checked_count("n_ensemble", n_ensemble)):
        seed = int(generator.integers(LARGEST_SEED))
        network = untrained(events.theta, events.x, hidden_features, seed)
        networks.append(trained(network, data, loss, plan or plan_for(len(events.x)), seed))
    name = f"the density of x at {events.reference.tolist()}"
    return FittedRatio(tuple(networks), name, events.theta.shape[1], events.x.shape[1])


@dataclass(frozen=True)
class FittedScore:
    """The score at the reference point as a function of x: locally the best observables (SALLY).

    Attributes:
        network: trained.
        reference: the point (P,).
    """

    network: RatioNetwork
    reference: np.ndarray

    def score(self, x: ArrayLike) -> np.ndarray:
        """Gradient of log p(x | theta) at the reference, (N, P).

        Raises:
            ValueError: events that are no table, or NaN.
        """
        rows = checked_table("x", x)
        points = np.broadcast_to(self.reference, (len(rows), len(self.reference)))
        return predicted(self.network, points, rows).reshape(len(rows), -1)


def fit_score(
    x: ArrayLike,
    score: ArrayLike,
    reference: ArrayLike,
    *,
    hidden_features: Sequence[int] = HIDDEN_FEATURES,
    plan: TrainingPlan | None = None,
    rng: Seed = 0,
) -> FittedScore:
    """Learn the score at the reference (SALLY).

    Args:
        x: events (N, D), simulated at the reference.
        score: their joint scores there, (N, P).
        reference: the point (P,).
        hidden_features: of the network.
        plan: of the training; None: chosen by the number of events.
        rng: generator or seed.

    Raises:
        ValueError: lengths that differ, or NaN.
    """
    rows = checked_table("x", x)
    scores = checked_table("score", score)
    point = np.atleast_1d(checked_finite("reference", reference))
    if scores.shape != (len(rows), len(point)):
        raise ValueError(
            f"score has shape {scores.shape} for {len(rows)} events and {len(point)} parameters"
        )
    seed = int(checked_rng(rng).integers(LARGEST_SEED))
    theta = np.broadcast_to(point, scores.shape)
    network = untrained(theta, rows, hidden_features, seed, len(point), sees_theta=False)
    trained(network, (theta, rows, scores), _error_of_score, plan or plan_for(len(rows)), seed)
    return FittedScore(network, point)


def _loss_of(method: str, score_weight: Tensor) -> Loss:
    """The loss of a batch (theta, x, label, log_ratio, score)."""

    def loss(
        network: RatioNetwork, theta: Tensor, x: Tensor, label: Tensor, joint: Tensor, score: Tensor
    ) -> Tensor:
        with torch.enable_grad():  # also where the loss of validation events is computed
            theta = theta.detach().requires_grad_(method in USES_SCORE)
            log_ratio = network(theta, x)
            total = _error_of_ratio(method, log_ratio, label, joint)
            if method in USES_SCORE:
                (gradient,) = torch.autograd.grad(log_ratio.sum(), theta, create_graph=True)
                squared = ((gradient - score) ** 2 * score_weight).sum(1)
                total = total + (label * squared).mean()  # unbiased for events of theta only
        return total

    return loss


def _error_of_ratio(method: str, log_ratio: Tensor, label: Tensor, joint: Tensor) -> Tensor:
    """The mean error of the ratio, without the score."""
    if method == "carl":
        return binary_cross_entropy_with_logits(log_ratio, label)
    if method in ("alice", "alices"):
        return binary_cross_entropy_with_logits(log_ratio, torch.sigmoid(joint))
    bounded = log_ratio.clamp(-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)
    of_reference = (bounded.exp() - joint.exp()) ** 2
    of_theta = ((-bounded).exp() - (-joint).exp()) ** 2
    return torch.where(label == 0, of_reference, of_theta).mean()


def _error_of_score(network: nn.Module, theta: Tensor, x: Tensor, score: Tensor) -> Tensor:
    output = network(theta, x)
    return ((output.reshape(score.shape) - score) ** 2).mean()
