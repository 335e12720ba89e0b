"""Wasserstein GAN with gradient penalty: a generator against a critic of slope one.

The critic C maximises the difference of its means over true and generated rows, and the generator
G(noise) maximises C of its own rows:

    critic:     min  <C(G)> - <C(x)> + penalty <(|grad C| - 1)^2>,
    generator:  min -<C(G)>.

With slopes of at most one the difference is the Wasserstein distance. The penalty is taken on lines
between true and generated rows (I. Gulrajani et al., "Improved Training of Wasserstein GANs",
arXiv:1704.00028, algorithm 1). The critic learns faster than the generator (M. Heusel et al.,
arXiv:1706.08500), and the generator that samples is the running mean of its steps.
"""

from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.rows import Rows, Validation
from hepml_lite.densities.trained_density import Tensors, TrainedDensity
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.training.two_players import descend, update_mean


@dataclass(kw_only=True)
class WassersteinGAN(TrainedDensity):
    """A generator without a density and without a loss that says how good it is.

    Of the plan only `batch_size` and `learning_rate` count. No loss of a GAN tells a good epoch, so
    `fit` refuses a validation.

    Attributes:
        n_steps: of the generator.
        critic_steps: of the critic, for each step of the generator.
        critic_speed: its learning rate over that of the generator.
        penalty: lambda of the paper, which takes 10 for pictures.
        n_noise: Gaussian numbers that the generator gets; None: as many as z.
        hidden_features: of both networks.
        memory: share of the old generator that the running mean keeps in each step.
        distances: estimate of the Wasserstein distance after each step of the generator, after
            `fit`; of standardised rows.
    """

    n_steps: int = 2500
    critic_steps: int = 3
    critic_speed: float = 3.0
    penalty: float = 1.0
    n_noise: int | None = None
    hidden_features: tuple[int, ...] = (96, 96)
    memory: float = 0.995
    plan: TrainingPlan = field(default_factory=lambda: TrainingPlan(learning_rate=5e-4))
    distances: tuple[float, ...] = field(default=(), init=False, repr=False)

    def _parted(
        self, rows: Rows, validation: Validation | None, rng: np.random.Generator
    ) -> tuple[Rows, Rows]:
        """All rows, and none held out.

        Raises:
            ValueError: a validation is given.
        """
        if validation is not None:
            raise ValueError("validation is given: no loss of a GAN tells a good epoch; leave it")
        self.n_steps = checked_count("n_steps", self.n_steps)
        return rows, rows[np.arange(0)]

    def _learn(self, data: Tensors, held_out: Tensors, seed: int) -> None:
        """Play the game of both networks; rows of a batch are drawn by their weights."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.network = self._played(*data)

    def make_network(self, n_features: int, n_conditions: int) -> nn.Module:
        """The generator, of noise and conditions."""
        n_in = self._noise_numbers(n_features) + n_conditions
        return MLP((n_in, *self.hidden_features, n_features), nn.SiLU)

    def loss_of_rows(self, network: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Not used: the loss of the generator is the critic."""
        raise NotImplementedError("a GAN has no loss of a row: call fit()")

    def draw(self, network: nn.Module, c: Tensor) -> Tensor:
        """One z (M, D) for each of the conditions c (M, C)."""
        noise = torch.randn(len(c), self._noise_numbers(self.n_z))
        return network(torch.cat([noise, c], 1))

    def _noise_numbers(self, n_features: int) -> int:
        return n_features if self.n_noise is None else self.n_noise

    def _played(self, z: Tensor, c: Tensor, weights: Tensor) -> nn.Module:
        """The running mean of the generator after all steps."""
        generator = self.untrained_network()
        critic = MLP((self.n_z + self.n_c, *self.hidden_features, 1), nn.SiLU)
        of_generator = _adam(generator, self.plan.learning_rate)
        of_critic = _adam(critic, self.critic_speed * self.plan.learning_rate)
        schedules = [
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.n_steps)
            for optimizer in (of_generator, of_critic)
        ]
        mean = deepcopy(generator)
        distances = []
        for _ in range(self.n_steps):
            for _ in range(self.critic_steps):
                batch = torch.multinomial(weights, self.plan.batch_size, replacement=True)
                fake = self.draw(generator, c[batch]).detach()
                distance, loss = critic_loss(critic, z[batch], fake, c[batch], self.penalty)
                descend(of_critic, loss)
            fake = self.draw(generator, c[batch])
            descend(of_generator, -critic(torch.cat([fake, c[batch]], 1)).mean())
            update_mean(mean, generator, self.memory)
            distances.append(distance)
            for schedule in schedules:
                schedule.step()
        self.distances = tuple(distances)
        return mean


def critic_loss(
    critic: nn.Module, z: Tensor, fake: Tensor, c: Tensor, penalty: float
) -> tuple[float, Tensor]:
    """The estimated distance, and the loss of the critic, of rows z and fake (N, D), c (N, C)."""
    of_true = critic(torch.cat([z, c], 1)).mean()
    of_fake = critic(torch.cat([fake, c], 1)).mean()
    share = torch.rand(len(z), 1)
    between = torch.lerp(fake, z, share).requires_grad_()
    (slope,) = torch.autograd.grad(
        critic(torch.cat([between, c], 1)).sum(), between, create_graph=True
    )
    excess = (slope.norm(dim=1) - 1).square().mean()
    distance = of_true - of_fake
    return distance.item(), penalty * excess - distance


def _adam(player: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """Adam with little memory of the gradient: the other player has moved since."""
    return torch.optim.Adam(player.parameters(), learning_rate, betas=(0.5, 0.9))
