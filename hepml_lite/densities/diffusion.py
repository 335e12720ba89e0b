"""Diffusion in the form of EDM: a network that removes noise of any width.

T. Karras, M. Aittala, T. Aila, S. Laine, "Elucidating the Design Space of Diffusion-Based
Generative Models", arXiv:2206.00364; equations and table 1 are of that paper.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hepml_lite.densities import ode
from hepml_lite.densities.continuous_flow import ContinuousFlow

RHO = 7.0  # of the schedule: steps are short where there is little noise
MEAN_LOG_WIDTH = -1.2  # of the noise in training
SPREAD_LOG_WIDTH = 1.2


@dataclass(kw_only=True)
class Diffusion(ContinuousFlow):
    """A conditional density by diffusion; the time is t = log σ, of the width σ of the noise.

    Attributes:
        smallest: σ at which sampling ends, in units of the width of the data.
        largest: σ at which it begins.
    """

    smallest: float = 0.002
    largest: float = 80.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.smallest < self.largest:
            raise ValueError(
                f"smallest={self.smallest}, largest={self.largest}: give widths of the noise, "
                "0 < smallest < largest, e.g. 0.002 and 80"
            )

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """The loss (N,) of rows z (N, D) with random noise of random width."""
        t = self.random_times(len(z), z)
        return self.loss_at(network, z, torch.randn_like(z), t, c)

    def random_times(self, n: int, like: Tensor) -> Tensor:
        """log σ (n,) of Gaussian distribution (table 1)."""
        normal = torch.randn(n, dtype=like.dtype, device=like.device)
        return MEAN_LOG_WIDTH + SPREAD_LOG_WIDTH * normal

    def loss_at(self, network: nn.Module, z: Tensor, noise: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Mean over features of λ (D(z + σ noise) - z)², with λ = (1 + σ²) / σ² (eq. 108), (N,).

        Args:
            network: F, see `denoised`.
            z: data (N, D).
            noise: (N, D), of width one.
            t: log σ (N,).
            c: conditions (N, C).
        """
        sigma = t.exp().unsqueeze(1)
        found = self.denoised(network, z + sigma * noise, t, c)
        weight = (1 + sigma**2) / sigma**2
        return (weight * (found - z).square()).mean(1)

    def denoised(self, network: nn.Module, z: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """D = c_skip z + c_out F(c_in z, c_noise), eq. 7: the mean data behind noisy z (N, D).

        The factors of table 1, for data of width one, keep the input and the target of F at width
        one for every σ.
        """
        sigma = t.exp().unsqueeze(1)
        total = (1 + sigma**2).sqrt()
        return z / total**2 + sigma / total * network(z / total, t / 4, c)

    def velocity(self, network: nn.Module, z: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """dz/dt = z - D, which is dz/dσ = (z - D) / σ (eq. 3) in t = log σ."""
        return z - self.denoised(network, z, t, c)

    def times(self, n_steps: int) -> list[float]:
        """log σ at n_steps + 1 widths from the largest to the smallest (eq. 5)."""
        start = self.largest ** (1 / RHO)
        end = self.smallest ** (1 / RHO)
        return [
            RHO * math.log(start + (end - start) * step / n_steps) for step in range(n_steps + 1)
        ]

    def width_at(self, t: float) -> float:
        """Of the data with noise of width σ = exp(t)."""
        return math.hypot(1, math.exp(t))

    def mean_at_start(self, network: nn.Module, noise: Tensor, c: Tensor) -> Tensor:
        """The mean E[z | c] of the data, which noise of finite width does not hide.

        It is D at the largest σ. Starting at zero would move all rows of a condition by
        E[z | c] / largest, in units of the width of z given c.
        """
        zeros = torch.zeros_like(noise)
        start = self.times(1)[0]
        return self.denoised(network, zeros, torch.full_like(zeros[:, 0], start), c)

    def draw_stochastic(self, network: nn.Module, noise: Tensor, c: Tensor) -> ode.Solution:
        """Steps of dz = 2 (z - D) dt + √2 σ dW, backwards in t (eq. 6 with β = 1/σ)."""
        velocity = self.velocity_given(network, c)

        def drift(z: Tensor, t: float) -> Tensor:
            return 2 * velocity(z, t)

        def diffusion(t: float) -> float:
            return math.sqrt(2) * math.exp(t)

        return ode.euler_maruyama(drift, diffusion, noise, self.times(self.n_steps))
