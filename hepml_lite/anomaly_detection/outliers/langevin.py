"""Langevin chains: points that follow a density known up to its normalisation.

x ← x - step / 2 ∇U(x) + sqrt(step) ξ, with U = -log p + const and ξ ~ N(0, 1): for a small step
its points are distributed as p (R. Neal, "MCMC using Hamiltonian dynamics", arXiv:1206.1901,
section 5.2). A smaller noise than sqrt(step) samples a colder density, p^(1/T) with T < 1: the
chain then stays near the modes. Such chains are what large energy-based models are trained with.
"""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor

Potential = Callable[[Tensor], Tensor]  # rows (N, D) to U (N,)


def langevin(
    potential: Potential,
    start: Tensor,
    n_steps: int,
    step: float,
    temperature: float = 1.0,
    keep: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """The last points (N, D) of N chains in the density exp(-U / temperature).

    Args:
        potential: U of each row; its gradient comes from autograd.
        start: first points (N, D).
        n_steps: steps of each chain.
        step: size of a step.
        temperature: the noise is sqrt(step * temperature).
        keep: puts points back where they must be after each step, such as on a sphere.
    """
    x = start.detach()
    for _ in range(n_steps):
        noise = sqrt(step * temperature) * torch.randn_like(x)
        x = x - step / 2 * gradient(potential, x) + noise
        if keep is not None:
            x = keep(x)
    return x


def gradient(potential: Potential, x: Tensor) -> Tensor:
    """∇U of each row, (N, D); nothing is added to the gradients of the network."""
    with torch.enable_grad():
        at = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(potential(at).sum(), at)
    return slope
