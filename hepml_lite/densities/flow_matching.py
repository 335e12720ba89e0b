"""Flow matching: a velocity that carries noise to data along straight lines.

Y. Lipman et al., "Flow Matching for Generative Modeling", arXiv:2210.02747, with the linear path of
X. Liu et al., arXiv:2209.03003; optimal transport in batches is that of A. Tong et al.,
arXiv:2302.00482, and of A.-A. Pooladian et al., arXiv:2304.14772.
"""

import math
from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from hepml_lite.densities import ode
from hepml_lite.densities.continuous_flow import ContinuousFlow

PAIRINGS = ("independent", "optimal_transport")


@dataclass(kw_only=True)
class FlowMatching(ContinuousFlow):
    """A conditional density by flow matching: noise at t = 0, data at t = 1.

    Attributes:
        pairing: which noise belongs to which row of a batch: "independent", or
            "optimal_transport", the pairs of the shortest total squared distance among the rows of
            equal condition. The paths cross less then, and few steps suffice; a condition that
            differs from row to row leaves nothing to pair.
    """

    pairing: str = "independent"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pairing not in PAIRINGS:
            raise ValueError(f"pairing={self.pairing!r}: give one of {', '.join(PAIRINGS)}")

    def _weighted_loss(self, network: nn.Module, z: Tensor, c: Tensor, weights: Tensor) -> Tensor:
        """The mean loss of a batch.

        Optimal transport takes each row as often as its weight says, and then pairs rows of equal
        weight: weights on pairs would change the distribution of the noise.
        """
        if self.pairing == "independent" or bool((weights == weights[0]).all()):
            return super()._weighted_loss(network, z, c, weights)
        chosen = torch.multinomial(weights, len(weights), replacement=True)
        return weights.mean() * self.loss_of_rows(network, z[chosen], c[chosen]).mean()

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """The loss (N,) of rows z (N, D) at random times, with random noise."""
        noise = torch.randn_like(z)
        if self.pairing == "optimal_transport":
            noise = noise[optimal_pairs(noise, z, c)]
        return self.loss_at(network, z, noise, self.random_times(len(z), z), c)

    def random_times(self, n: int, like: Tensor) -> Tensor:
        """Uniform times (n,), evenly spread."""
        return spread_times(n, like)

    def loss_at(self, network: nn.Module, z: Tensor, noise: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Mean square of v(z_t, t) - (z - noise) over features (N,): eq. 23 of arXiv:2210.02747.

        Args:
            network: v.
            z: data (N, D).
            noise: (N, D), paired with them.
            t: times (N,).
            c: conditions (N, C).
        """
        z_t = torch.lerp(noise, z, t.unsqueeze(1))  # (1 - t) noise + t z
        return (network(z_t, t, c) - (z - noise)).square().mean(1)

    def velocity(self, network: nn.Module, z: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """The network is the velocity."""
        return network(z, t, c)

    def times(self, n_steps: int) -> list[float]:
        """Equal steps from 0 to 1."""
        return [step / n_steps for step in range(n_steps + 1)]

    def width_at(self, t: float) -> float:
        """Of (1 - t) noise + t z."""
        return math.hypot(1 - t, t)

    def draw_stochastic(self, network: nn.Module, noise: Tensor, c: Tensor) -> ode.Solution:
        """Steps of dz = (v + (1 - t) score) dt + √(2 (1 - t)) dW, of the same density at each t.

        On the linear path (1 - t) score = t v - z, which stays finite (N. Ma et al., "SiT",
        arXiv:2401.08740, eqs. 4 and 9).
        """
        velocity = self.velocity_given(network, c)

        def drift(z: Tensor, t: float) -> Tensor:
            v = velocity(z, t)
            return v + (t * v - z)

        def diffusion(t: float) -> float:
            return math.sqrt(2 * (1 - t))

        return ode.euler_maruyama(drift, diffusion, noise, self.times(self.n_steps))


def spread_times(n: int, like: Tensor) -> Tensor:
    """Times (n,), uniform in [0, 1], one in each of n equal parts, in random order.

    Their mean over a batch varies less than that of independent times.
    """
    parts = torch.randperm(n, device=like.device).to(like.dtype)
    return (parts + torch.rand_like(parts)) / n


def optimal_pairs(noise: Tensor, z: Tensor, c: Tensor) -> Tensor:
    """For each row z the row of the noise that optimal transport pairs with it, (N,) indices.

    Pairs are formed among rows of equal condition only: pairing across conditions would give the
    noise of a condition another distribution than a sampler draws (arXiv:2311.11193).

    Args:
        noise: (N, D).
        z: data (N, D).
        c: conditions (N, C).
    """
    pairs = torch.empty(len(z), dtype=torch.long)
    groups = torch.unique(c, dim=0, return_inverse=True)[1] if c.shape[1] else torch.zeros(len(z))
    for group in groups.unique():
        rows = torch.nonzero(groups == group).flatten()
        pairs[rows] = rows[_transport(noise[rows], z[rows].detach())]
    return pairs


def _transport(noise: Tensor, z: Tensor) -> Tensor:
    """For each row of z (N, D) the row of the noise that belongs to it, (N,) indices.

    With a single feature the ranks are paired, which is the exact optimum and needs no matrix.
    """
    if z.shape[1] == 1:
        chosen = torch.empty(len(z), dtype=torch.long)
        chosen[z[:, 0].argsort().cpu()] = noise[:, 0].argsort().cpu()
        return chosen
    cost = torch.cdist(z, noise).square()
    return torch.as_tensor(linear_sum_assignment(cost.cpu().numpy())[1])
