"""The likelihood-ratio trick for many parameters: a classifier of (theta, x).

A classifier tells pairs (theta, x) of the simulator from pairs whose theta was shuffled. Its logit
is log p(x | theta) - log p(x): neural ratio estimation (NRE; Cranmer, Pavez, Louppe,
arXiv:1506.02169; Hermans, Begy, Louppe, arXiv:1903.04057). With a balance term the classifier is on
average as often right about either kind, which makes its posteriors wider rather than narrower
(Delaunoy et al., arXiv:2208.13624).

The ratio of two fixed points, as CARL has it, is `densities.fit_ratio(x_of_one, x_of_other)`.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.functional import softplus

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import checked_condition, checked_table
from hepml_lite.inference.ratio.network import (
    HIDDEN_FEATURES,
    FittedRatio,
    RatioNetwork,
    plan_for,
    trained,
    untrained,
)
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng
from hepml_lite.training.optimisation import Loss

LARGEST_SEED = 2**31
BALANCE = 100.0  # weight of the balance term in the paper


def fit(
    theta: ArrayLike,
    x: ArrayLike,
    *,
    balance: float = 0.0,
    n_ensemble: int = 1,
    hidden_features: Sequence[int] = HIDDEN_FEATURES,
    plan: TrainingPlan | None = None,
    rng: Seed = 0,
) -> FittedRatio:
    """Learn log p(x | theta) - log p(x) from pairs.

    Args:
        theta: points (N, P) of the prior.
        x: one event (N, D) of each.
        balance: weight of the balance term; `BALANCE` is that of the paper, 0 leaves it out.
        n_ensemble: networks whose log ratios are averaged.
        hidden_features: of the networks.
        plan: of the training; None: chosen by the number of events.
        rng: generator or seed.

    Raises:
        ValueError: lengths that differ, NaN, or fewer than twenty pairs.
    """
    points = checked_table("theta", theta)
    events = checked_condition(x, len(points))
    if len(points) < 20:
        raise ValueError(f"{len(points)} pairs: a classifier needs hundreds, at least twenty")
    weight = checked_number("balance", balance, 0, np.inf, "[)", "100")
    generator = checked_rng(rng)
    networks = []
    for _ in range(checked_count("n_ensemble", n_ensemble)):
        seed = int(generator.integers(LARGEST_SEED))
        network = untrained(points, events, hidden_features, seed)
        data = (points, events)
        networks.append(trained(network, data, _loss(weight), plan or plan_for(len(points)), seed))
    return FittedRatio(
        tuple(networks), "the marginal density of x", points.shape[1], events.shape[1]
    )


def _loss(balance: float) -> Loss:
    """Cross-entropy of true and shuffled pairs, with the balance term."""

    def loss(network: RatioNetwork, theta: Tensor, x: Tensor) -> Tensor:
        true = network(theta, x)
        shuffled = network(theta.roll(1, 0), x)  # batches are in random order
        cross_entropy = softplus(-true).mean() + softplus(shuffled).mean()
        if not balance:
            return cross_entropy
        imbalance = torch.sigmoid(true).mean() + torch.sigmoid(shuffled).mean() - 1
        return cross_entropy + balance * imbalance**2

    return loss
