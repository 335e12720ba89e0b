"""Tune a detector by the gradient of the final uncertainty.

A posterior q(theta | x, design) is learned at designs around the present one, and the same loss
moves the design: the mean of -log q(theta | x(theta, design), design) is never below the entropy of
the true posterior, so that its minimum over q and design is the detector with the narrowest result
(variational experiment design: Foster et al., arXiv:1903.05480; for detectors: MODE, T. Dorigo et
al., arXiv:2203.13818). The simulator must be differentiable by the design, as with random numbers
that do not depend on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.data_checks import as_floats, checked_finite
from hepml_lite.statistics.settings_checks import (
    Seed,
    checked_count,
    checked_number,
    checked_rng,
)

SamplePrior = Callable[[int], Tensor]  # n -> theta (n, P), with torch's generator
Simulate = Callable[[Tensor, Tensor], Tensor]  # theta (N, P) and designs (N, K) -> x (N, D)
LARGEST_SEED = 2**31
LOG_2_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class DesignPlan:
    """How network and design are moved.

    Attributes:
        n_steps: of both together.
        n_warm_up: steps before, in which only the network learns.
        batch_size: simulated events in a step.
        learning_rate: of the network.
        design_rate: of the design, in its own unit; both fall to zero as a cosine.
        jitter: width of the designs around the present one, from which the network learns.

    Raises:
        ValueError: for numbers of steps that are none, or rates that are not positive.
    """

    n_steps: int = 600
    n_warm_up: int = 100
    batch_size: int = 512
    learning_rate: float = 1e-2
    design_rate: float = 3e-2
    jitter: float = 0.1

    def __post_init__(self) -> None:
        n_steps = checked_count("n_steps", self.n_steps)
        object.__setattr__(self, "n_steps", n_steps)
        n_warm_up = checked_count("n_warm_up", self.n_warm_up, 0)
        object.__setattr__(self, "n_warm_up", n_warm_up)
        batch_size = checked_count("batch_size", self.batch_size, 2)
        object.__setattr__(self, "batch_size", batch_size)
        for name in ("learning_rate", "design_rate"):
            checked_number(name, getattr(self, name), 0, np.inf, "()", "0.01")
        checked_number("jitter", self.jitter, 0, np.inf, "[)", "0.1")


@dataclass(frozen=True)
class BestDesign:
    """The path to the best design.

    Attributes:
        path: designs (T, K), the first is the start.
        losses: mean of -log q (T - 1,) [nats], at each step.
        network: of the posterior, trained around the last design.
    """

    path: np.ndarray
    losses: np.ndarray
    network: "GaussianPosterior"

    @property
    def design(self) -> np.ndarray:
        """Mean of the last tenth of the path (K,), in which the steps wander about the optimum."""
        return self.path[-max(1, len(self.path) // 10) :].mean(0)

    def uncertainty(self, x: ArrayLike) -> np.ndarray:
        """Widths (N, P) of the posterior of data (N, D) taken with this design."""
        rows = torch.as_tensor(checked_finite("x", x, n_axes=2), dtype=torch.float32)
        designs = torch.as_tensor(self.design, dtype=torch.float32).expand(len(rows), -1)
        with torch.no_grad():
            return self.network(rows, designs)[1].exp().double().numpy()


class GaussianPosterior(nn.Module):
    """q(theta | x, design): a Gaussian whose mean and width are a network of both.

    Args:
        n_parameters: P.
        n_features: D of x.
        n_designs: K.
        hidden_features: of the network.
    """

    def __init__(
        self,
        n_parameters: int,
        n_features: int,
        n_designs: int,
        hidden_features: Sequence[int] = (32, 32),
    ):
        super().__init__()
        self.mlp = MLP((n_features + n_designs, *hidden_features, 2 * n_parameters), nn.SiLU)

    def forward(self, x: Tensor, design: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of widths, both (N, P), of data (N, D) at designs (N, K)."""
        mean, log_width = self.mlp(torch.cat([x, design], dim=1)).chunk(2, dim=1)
        return mean, log_width

    def loss(self, theta: Tensor, x: Tensor, design: Tensor) -> Tensor:
        """Mean of -log q(theta | x, design) [nats]."""
        mean, log_width = self(x, design)
        pull = (theta - mean) / log_width.exp()
        return (pull**2 / 2 + log_width + LOG_2_PI / 2).sum(1).mean()


def optimise(
    sample_prior: SamplePrior,
    simulate: Simulate,
    start: ArrayLike,
    low: ArrayLike = -np.inf,
    high: ArrayLike = np.inf,
    plan: DesignPlan | None = None,
    rng: Seed = 0,
) -> BestDesign:
    """Learn the posterior, and follow the gradient of its mean log density to the best design.

    Take designs of about unit size, such as logarithms: one rate moves them all.

    Args:
        sample_prior: draws n parameter points.
        simulate: one event at each point and design, differentiable by the design.
        start: (K,).
        low: smallest design, a number or (K,), such as a cost allows.
        high: largest design.
        plan: of the steps.
        rng: generator or seed; torch's own generator does not change.

    Raises:
        ValueError: a start outside the limits, limits that are NaN or of another length, a
            simulator that does not depend on the design in a differentiable way, or a design that
            is NaN in the end.
    """
    settings = plan or DesignPlan()
    first = checked_finite("start", start, n_axes=1)
    ends = (as_floats("low", low), as_floats("high", high))
    if not len(first) or any(end.shape not in [(), first.shape] for end in ends):
        raise ValueError(
            f"start has shape {first.shape}, low and high {[end.shape for end in ends]}: give "
            "(K,), and a number or (K,) for the limits"
        )
    if not ((first >= ends[0]) & (first <= ends[1])).all():  # False for NaN
        raise ValueError(f"start is {first}: give one between low ({low!r}) and high ({high!r})")
    design = torch.tensor(first, dtype=torch.float32, requires_grad=True)
    lowest, highest = (_limit(end, first) for end in ends)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(checked_rng(rng).integers(LARGEST_SEED)))
        network = _untrained(sample_prior, simulate, design)

        def loss() -> Tensor:
            return _loss(network, sample_prior, simulate, design, settings)

        _learn(network, loss, settings.n_warm_up, settings)
        path, losses = _descend(network, design, loss, (lowest, highest), settings)
    if not np.isfinite(path).all() or not np.isfinite(losses).all():
        raise ValueError(
            "the design or the loss became NaN or infinite: give limits (low, high), a smaller "
            "design_rate, or a simulator with finite gradients"
        )
    return BestDesign(path, losses, network)


def _learn(
    network: GaussianPosterior, loss: Callable[[], Tensor], n_steps: int, plan: DesignPlan
) -> None:
    """Move the network alone."""
    optimiser = torch.optim.Adam(network.parameters(), plan.learning_rate)
    for _ in range(n_steps):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()


def _descend(
    network: GaussianPosterior,
    design: Tensor,
    loss: Callable[[], Tensor],
    limits: tuple[Tensor, Tensor],
    plan: DesignPlan,
) -> tuple[np.ndarray, np.ndarray]:
    """Move network and design together: the path (T, K) and the losses (T - 1,)."""
    optimiser = torch.optim.Adam(
        [
            {"params": network.parameters(), "lr": plan.learning_rate},
            {"params": [design], "lr": plan.design_rate},
        ]
    )
    n_steps = checked_count("n_steps", plan.n_steps)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    path = [design.detach().double().numpy().copy()]
    losses = []
    for _ in range(n_steps):
        optimiser.zero_grad()
        value = loss()
        value.backward()
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            design.clamp_(*limits)
        path.append(design.detach().double().numpy().copy())
        losses.append(float(value.detach()))
    return np.array(path), np.array(losses)


def _limit(end: ArrayLike, design: np.ndarray) -> Tensor:
    """An end of the designs (K,)."""
    return torch.tensor(np.broadcast_to(end, design.shape), dtype=torch.float32)


def _untrained(sample_prior: SamplePrior, simulate: Simulate, design: Tensor) -> GaussianPosterior:
    """A network of the sizes that one event shows."""
    theta = sample_prior(2)
    x = simulate(theta, design.expand(2, -1))
    if not isinstance(x, Tensor) or not x.requires_grad:
        raise ValueError(
            "simulate gives x without a gradient by the design: use torch operations only, and "
            "random numbers that do not depend on the design"
        )
    return GaussianPosterior(theta.shape[1], x.shape[1], len(design))


def _loss(
    network: GaussianPosterior,
    sample_prior: SamplePrior,
    simulate: Simulate,
    design: Tensor,
    plan: DesignPlan,
) -> Tensor:
    """Mean of -log q over a batch of new events at designs around the present one."""
    theta = sample_prior(plan.batch_size)
    around = design + plan.jitter * torch.randn(plan.batch_size, len(design))
    return network.loss(theta, simulate(theta, around), around)
