"""What `fit` uses to learn: a loss, an optimizer, a schedule of the learning rate."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

Loss = Callable[..., Tensor]  # loss(model, *batch)
Schedule = Callable[[float], float]
MakeOptimizer = Callable[..., torch.optim.Optimizer]  # called with (parameters, lr=...)


def cross_entropy(model: nn.Module, *batch: Tensor) -> Tensor:
    """Mean cross entropy, a loss for `fit`: `batch` is what `model` takes, then labels (N,)."""
    *inputs, labels = batch
    return nn.functional.cross_entropy(model(*inputs), labels.long())


def adam(parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
    """Adam, the default optimizer of `fit`; fused: one kernel updates all tensors."""
    return torch.optim.Adam(parameters, lr=lr, fused=True)


def cosine(progress: float) -> float:
    """Factor on the learning rate after a fraction of the training: half a cosine, from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * progress))


class LearningRate:
    """Sets the learning rate of an optimizer to its first value times a factor.

    Args:
        optimizer: whose learning rate is set.
        schedule: the factor, given the progress from 0 to 1; None: the learning rate stays.
        epochs: of the whole training.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, schedule: Schedule | None, epochs: int):
        self.optimizer = optimizer
        self.schedule = schedule
        self.epochs = epochs
        self.first_rates = [group["lr"] for group in optimizer.param_groups]

    def set(self, epochs_done: float) -> None:
        """Set the learning rate after that many epochs, e.g. 1.5."""
        if self.schedule is None:
            return
        factor = self.schedule(epochs_done / self.epochs)
        groups = self.optimizer.param_groups
        for group, first_rate in zip(groups, self.first_rates, strict=True):
            group["lr"] = first_rate * factor


def count_parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
