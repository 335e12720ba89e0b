"""What a game of two networks needs: a step of one player, and the running mean of its weights.

A generator and a critic learn in turn, so neither is trained by `fit`. Such a game turns in circles
around its solution; the mean of many steps is nearer to it (Y. Yazici et al., arXiv:1806.04498).
"""

import torch
from torch import Tensor, nn


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of the player whose parameters the optimizer has."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.no_grad()
def update_mean(mean: nn.Module, current: nn.Module, memory: float) -> None:
    """mean = memory · mean + (1 - memory) · current, parameter by parameter."""
    for old, new in zip(mean.parameters(), current.parameters(), strict=True):
        old.lerp_(new, 1 - memory)
