"""What flow matching and diffusion share: a differential equation that carries noise to data.

dz/dt = v(z, t | c) moves Gaussian rows at the time of the noise to rows of the density at the time
of the data; its divergence gives log p (R. T. Q. Chen et al., "Neural Ordinary Differential
Equations", arXiv:1806.07366, eq. 8).
"""

from abc import abstractmethod
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from hepml_lite.densities import ode
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.networks.conditional_mlp import ConditionalMLP

SAMPLERS = ("adaptive", *ode.FIXED_STEPS, "stochastic")
MOST_EXACT = 16  # dimensions; above, Hutchinson's estimate of the divergence takes less time
N_PROBES = 4


def default_plan() -> TrainingPlan:
    """No early stop: the loss of random times is noisy, and much is gained at low rates."""
    return TrainingPlan(epochs=120, learning_rate=4e-3, patience=None)


@dataclass(kw_only=True)
class ContinuousFlow(TrainedDensity):
    """A density whose rows are noise at the end of a path in time.

    Attributes:
        width: hidden features of the network.
        n_blocks: residual blocks of the network.
        sampler: "adaptive" (as many steps as the tolerance needs), "euler", "midpoint", "heun"
            (n_steps of equal kind) or "stochastic" (n_steps with new noise in each).
        n_steps: of the samplers that are not adaptive.
        tolerance: of a step of the adaptive sampler and of log_prob.
        n_probes: random directions in which log_prob estimates the divergence (Hutchinson); None:
            the exact divergence in up to 16 dimensions, 4 probes above.
        n_evaluations: how often the last `sample` or `log_prob` asked the network.
    """

    plan: TrainingPlan = field(default_factory=default_plan)
    width: int = 64
    n_blocks: int = 2
    sampler: str = "adaptive"
    n_steps: int = 50
    tolerance: float = 1e-4
    n_probes: int | None = None
    n_evaluations: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise ValueError(f"sampler={self.sampler!r}: give one of {', '.join(SAMPLERS)}")

    @abstractmethod
    def random_times(self, n: int, like: Tensor) -> Tensor:
        """Times (n,) of a training step, in the precision of `like`."""

    @abstractmethod
    def loss_at(self, network: nn.Module, z: Tensor, noise: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """The loss (N,) of rows z (N, D) with noise (N, D) at times t (N,), given c (N, C)."""

    @abstractmethod
    def velocity(self, network: nn.Module, z: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """dz/dt (N, D) of rows z (N, D) at times t (N,), given c (N, C)."""

    @abstractmethod
    def times(self, n_steps: int) -> list[float]:
        """The n_steps + 1 times of n_steps steps, from the noise to the data."""

    @abstractmethod
    def width_at(self, t: float) -> float:
        """Standard deviation of z at time t, where that of the data is one."""

    @abstractmethod
    def draw_stochastic(self, network: nn.Module, noise: Tensor, c: Tensor) -> ode.Solution:
        """Rows (N, D) from noise (N, D) in `n_steps` steps with new noise in each."""

    def velocity_given(self, network: nn.Module, c: Tensor) -> ode.Velocity:
        """The velocity as `ode` asks for it: v(z, t) of rows z (N, D) at one time t."""

        def velocity(z: Tensor, t: float) -> Tensor:
            return self.velocity(network, z, torch.full_like(z[:, 0], t), c)

        return velocity

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """A residual network of z, t and c."""
        return ConditionalMLP(n_features, n_conditions, self.width, self.n_blocks)

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, D) for each of the conditions c (M, C)."""
        noise = torch.randn(len(c), self.n_z)
        solution = self.solve(network, self.start_from(network, noise, c), c)
        self.n_evaluations = solution.n_evaluations
        return solution.x

    def start_from(self, network: nn.Module, noise: Tensor, c: Tensor) -> Tensor:
        """Rows z (N, D) at the time of the noise, from Gaussian noise (N, D) of width one."""
        start = self.times(1)[0]
        return self.mean_at_start(network, noise, c) + self.width_at(start) * noise

    def mean_at_start(self, network: nn.Module, noise: Tensor, c: Tensor) -> Tensor:
        """Mean (N, D) of z at the time of the noise; zero for a path from pure noise."""
        return torch.zeros_like(noise)

    def solve(self, network: nn.Module, noise: Tensor, c: Tensor) -> ode.Solution:
        """Rows (N, D) at the time of the data, from noise (N, D), by the sampler that is set."""
        velocity = self.velocity_given(network, c)
        if self.sampler == "stochastic":
            return self.draw_stochastic(network, noise, c)
        if self.sampler == "adaptive":
            start, end = self.times(1)
            return ode.with_adaptive_steps(velocity, noise, start, end, self.tolerance)
        return ode.with_fixed_steps(velocity, noise, self.times(self.n_steps), self.sampler)

    def log_density(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """log p(z | c) (N,): that of the noise, less the divergence along the path."""
        probes = self._probes(z)
        velocity = self.velocity_given(network, c)

        def velocity_and_divergence(rows: Tensor, t: float) -> Tensor:
            v, divergence = ode.divergence(velocity, rows[:, :-1], t, probes)
            return torch.cat([v, divergence.unsqueeze(1)], 1)

        rows = torch.cat([z, torch.zeros_like(z[:, :1])], 1)  # (N, D + 1)
        start, end = self.times(1)
        solution = ode.with_adaptive_steps(
            velocity_and_divergence, rows, end, start, self.tolerance
        )
        self.n_evaluations = solution.n_evaluations
        noise, change = solution.x[:, :-1], solution.x[:, -1]
        mean = self.mean_at_start(network, noise, c)
        gaussian = torch.distributions.Normal(mean, self.width_at(start))
        return gaussian.log_prob(noise).sum(1) + change

    def _probes(self, z: Tensor) -> Tensor | None:
        """Random directions (K, N, D) for the divergence; None: the exact one."""
        if self.n_probes is not None:
            return ode.random_signs(self.n_probes, z)
        return None if z.shape[1] <= MOST_EXACT else ode.random_signs(N_PROBES, z)
