"""Ordinary and stochastic differential equations of rows, and the divergence of their velocity.

The methods are explicit Runge-Kutta methods (E. Hairer, S. P. Nørsett, G. Wanner, "Solving Ordinary
Differential Equations I", chapter II), the adaptive one is that of J. R. Dormand and P. J. Prince,
J. Comput. Appl. Math. 6 (1980) 19. They work on tensors of any shape, so that autograd, devices and
sets are at hand.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

# dx/dt (N, ...) of rows x (N, ...) at one time
Velocity = Callable[[Tensor, float], Tensor]
SAFETY = 0.9  # of the next step over the one that the error would just allow
LARGEST_GROWTH = 5.0
SMALLEST_GROWTH = 0.2
MOST_STEPS = 10_000
SHORTEST_STEP = 1e-9  # of the whole time


@dataclass(frozen=True)
class RungeKutta:
    """An explicit Runge-Kutta method, as a Butcher tableau.

    Stage i is v_i = v(x + h Σ_j stages[i-1][j] v_j, t + h Σ_j stages[i-1][j]), and the step is
    x + h Σ_i weights[i] v_i.

    Attributes:
        order: p; halving the steps divides the error by 2^p.
        stages: rows of the tableau below the first, which is empty.
        weights: of the velocities of all stages.
        error_weights: the same for the estimated error of a step; empty if there is none.
    """

    order: int
    stages: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    error_weights: tuple[float, ...] = ()

    def velocities(self, velocity: Velocity, x: Tensor, t: float, h: float) -> list[Tensor]:
        """The velocity at each stage of a step h from x (N, ...) at time t."""
        found = [velocity(x, t)]
        for row in self.stages:
            found.append(velocity(x + h * combined(row, found), t + h * sum(row)))
        return found


def combined(weights: Sequence[float], tensors: Sequence[Tensor]) -> Tensor:
    """Σ_i weights[i] tensors[i], without the terms of weight zero."""
    total = torch.zeros_like(tensors[0])
    for weight, tensor in zip(weights, tensors, strict=True):
        if weight:
            total = total + weight * tensor
    return total


EULER = RungeKutta(1, (), (1.0,))
MIDPOINT = RungeKutta(2, ((1 / 2,),), (0.0, 1.0))
HEUN = RungeKutta(2, ((1.0,),), (1 / 2, 1 / 2))
DORMAND_PRINCE = RungeKutta(
    5,
    (
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
        (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    ),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0.0),
    (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40),
)
FIXED_STEPS = {"euler": EULER, "midpoint": MIDPOINT, "heun": HEUN}


@dataclass(frozen=True)
class Solution:
    """Rows at the last time.

    Attributes:
        x: (N, ...).
        n_evaluations: how often the velocity of all rows was asked for.
    """

    x: Tensor
    n_evaluations: int


def with_fixed_steps(
    velocity: Velocity, x: Tensor, times: Sequence[float], method: str = "midpoint"
) -> Solution:
    """Solve dx/dt = v(x, t) with one step between each two times.

    Args:
        velocity: v(x, t) of all rows.
        x: (N, ...) at the first time.
        times: rising or falling.
        method: "euler", "midpoint" or "heun".

    Raises:
        ValueError: another method.
    """
    if method not in FIXED_STEPS:
        raise ValueError(f"method={method!r}: give one of {', '.join(FIXED_STEPS)}")
    rule = FIXED_STEPS[method]
    for start, end in pairwise(times):
        h = end - start
        x = x + h * combined(rule.weights, rule.velocities(velocity, x, start, h))
    return Solution(x, (len(times) - 1) * len(rule.weights))


def with_adaptive_steps(
    velocity: Velocity, x: Tensor, start: float, end: float, tolerance: float = 1e-5
) -> Solution:
    """Solve dx/dt = v(x, t) by Dormand and Prince's method with steps as long as the error allows.

    The error of a step, as root mean square over all rows, stays below tolerance (1 + |x|).

    Args:
        velocity: v(x, t) of all rows.
        x: (N, ...) at the time `start`.
        start: first time.
        end: last time, later or earlier.
        tolerance: of a step, absolute and relative.

    Raises:
        ValueError: a tolerance that is not positive.
        RuntimeError: steps that are too many or too short, as for a velocity that is not finite.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance={tolerance}: give a positive number, e.g. 1e-5")
    rule = DORMAND_PRINCE
    t = start
    h = (end - start) / 20
    for n_tried in range(1, MOST_STEPS + 1):
        h = math.copysign(min(abs(h), abs(end - t)), end - start)
        stages = rule.velocities(velocity, x, t, h)
        new = x + h * combined(rule.weights, stages)
        error = _relative_size(h * combined(rule.error_weights, stages), x, new) / tolerance
        if error <= 1:
            x = new
            t = end if abs(h) == abs(end - t) else t + h
        if t == end:
            return Solution(x, n_tried * len(rule.weights))
        h = h * _growth(error, rule.order)
        if abs(h) < SHORTEST_STEP * abs(end - start):
            break
    raise RuntimeError(
        f"no solution at t = {t:.6g} of {start:g} to {end:g} after {n_tried} steps: is the "
        "velocity finite? Raise the tolerance, or use a method with fixed steps"
    )


def _relative_size(error: Tensor, before: Tensor, after: Tensor) -> float:
    """Root mean square of the error over 1 + |x|."""
    scale = 1 + torch.maximum(before.abs(), after.abs())
    return (error / scale).square().mean().sqrt().item()


def _growth(error: float, order: int) -> float:
    """The factor for the next step after one whose error is this share of what is allowed."""
    if not math.isfinite(error):
        return SMALLEST_GROWTH
    best = SAFETY * max(error, 1e-10) ** (-1 / order)
    return min(LARGEST_GROWTH, max(SMALLEST_GROWTH, best))


def euler_maruyama(
    drift: Velocity, diffusion: Callable[[float], float], x: Tensor, times: Sequence[float]
) -> Solution:
    """Draw from dx = drift(x, t) dt + diffusion(t) dW with one step between each two times.

    Args:
        drift: of all rows.
        diffusion: g(t), the same for all rows.
        x: (N, ...) at the first time.
        times: rising or falling.
    """
    for start, end in pairwise(times):
        spread = diffusion(start) * math.sqrt(abs(end - start))
        x = x + (end - start) * drift(x, start) + spread * torch.randn_like(x)
    return Solution(x, len(times) - 1)


def divergence(
    velocity: Velocity, x: Tensor, t: float, probes: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The velocity (N, D) of rows x (N, D), and its divergence Σ_i ∂v_i/∂x_i (N,).

    Without probes it is exact, at one backward pass for each dimension. With probes e of random
    signs it is the mean of e · J e, whose expectation is the trace of the Jacobian J (M. F.
    Hutchinson, Commun. Stat. Simul. Comput. 19 (1990) 433; W. Grathwohl et al.,
    arXiv:1810.01367), at one backward pass for each probe. The same probes must serve a whole
    path: else the equation would not be smooth.

    Args:
        velocity: v(x, t) of all rows.
        x: (N, D).
        t: the time.
        probes: (K, N, D) from `random_signs`.
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        v = velocity(x, t)
        directions = _unit_vectors(x) if probes is None else probes
        total = torch.zeros_like(x[:, 0])
        for direction in directions:
            (product,) = torch.autograd.grad(v, x, direction, retain_graph=True)
            total = total + (product * direction).sum(1)
    n_traces = 1 if probes is None else len(probes)
    return v.detach(), total / n_traces


def _unit_vectors(x: Tensor) -> Tensor:
    """The direction of each feature, for all rows: (D, N, D)."""
    n, n_features = x.shape
    return torch.eye(n_features, dtype=x.dtype, device=x.device)[:, None].expand(-1, n, -1)


def random_signs(n_probes: int, x: Tensor) -> Tensor:
    """Probes (n_probes, N, D) for rows x (N, D): +1 or -1, equally likely."""
    return torch.randint(0, 2, (n_probes, *x.shape), device=x.device).to(x.dtype) * 2 - 1
