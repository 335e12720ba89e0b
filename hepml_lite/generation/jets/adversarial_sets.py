"""Jets by adversarial sets: both players look at particles through one mean field.

All particles speak to a single vector by attention, and it speaks back: the cost is linear in the
number of particles. B. Käch, I. Melzer-Pellmann, "Attention to Mean-Fields for Particle Cloud
Generation" (MDMA), arXiv:2305.15254. The loss of the players is the least-squares one (X. Mao et
al., arXiv:1611.04076), and the generator also matches the mean field that the discriminator sees.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, mse_loss

from hepml_lite.generation.jets.clouds import Cloud, from_features, to_features
from hepml_lite.networks.layers.padding import clean, numbers_of_particles
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.training.two_players import descend, update_mean

LARGEST_SEED = 2**31
MEMORY = 0.995  # of the running mean of the generator


class MeanFieldBlock(nn.Module):
    """The mean field attends to all particles; then each particle is changed with it.

    Args:
        width: numbers of a particle and of the mean field, W.
        n_heads: of the attention.
    """

    def __init__(self, width: int, n_heads: int):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, n_heads, batch_first=True)
        self.field = nn.Linear(2 * width + 1, width)
        self.particle = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, field: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Particles x (N, P, W) and mean field (N, 1, W) → both anew; mask (N, P)."""
        seen, _ = self.attention(field, x, x, key_padding_mask=~mask, need_weights=False)
        number = numbers_of_particles(mask, x).view(-1, 1, 1) / mask.shape[1]
        field = field + leaky_relu(self.field(torch.cat([seen, field, number], 2)), 0.2)
        spread = field.expand(-1, x.shape[1], -1)
        x = x + leaky_relu(self.particle(torch.cat([x, spread], 2)), 0.2)
        return clean(x, mask), field


class MeanFieldNetwork(nn.Module):
    """Particles and their mean field, block after block.

    Args:
        n_in: numbers of a particle at the start.
        width: W.
        n_heads: of the attention.
        n_blocks: how many blocks.
    """

    def __init__(self, n_in: int, width: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.embedding = nn.Linear(n_in, width)
        self.blocks = nn.ModuleList(MeanFieldBlock(width, n_heads) for _ in range(n_blocks))

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Particles x (N, P, n_in), mask (N, P) → particles (N, P, W), mean field (N, W)."""
        h = clean(leaky_relu(self.embedding(x), 0.2), mask)
        field = h.sum(1, keepdim=True) / numbers_of_particles(mask, h).view(-1, 1, 1)
        for block in self.blocks:
            h, field = block(h, field, mask)
        return h, field.squeeze(1)


class SetGenerator(nn.Module):
    """Noise of each particle → particles (N, P, 3)."""

    def __init__(self, width: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.body = MeanFieldNetwork(width, width, n_heads, n_blocks)
        self.outputs = nn.Linear(width, 3)

    def forward(self, noise: Tensor, mask: Tensor) -> Tensor:
        """Noise (N, P, W), mask (N, P) → particles (N, P, 3), zero in padding."""
        h, _ = self.body(noise, mask)
        return clean(self.outputs(h), mask)


class SetDiscriminator(nn.Module):
    """Particles → a score of the jet and its mean field."""

    def __init__(self, width: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.body = MeanFieldNetwork(3, width, n_heads, n_blocks)
        self.score = nn.Sequential(nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Particles (N, P, 3), mask (N, P) → scores (N,), mean fields (N, W)."""
        _, field = self.body(x, mask)
        return self.score(field).squeeze(1), field


@dataclass
class AdversarialSets:
    """A generator of jets trained against a discriminator of sets.

    Attributes:
        width: numbers of a particle.
        n_heads: of the attention.
        n_blocks: of both networks.
        n_steps: of the generator.
        batch_size: jets of a step.
        learning_rate: of the generator; the discriminator has twice that.
    """

    width: int = 32
    n_heads: int = 4
    n_blocks: int = 3
    n_steps: int = 1500
    batch_size: int = 128
    learning_rate: float = 5e-4
    network: SetGenerator | None = field(default=None, init=False, repr=False)
    numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, int), init=False, repr=False)

    def fit(self, cloud: Cloud, *, rng: Seed = 0) -> Self:
        """Play the game of both networks; the number of particles is that of random real jets."""
        self.n_steps = checked_count("n_steps", self.n_steps)
        x = torch.as_tensor(to_features(cloud))
        mask = torch.as_tensor(cloud.mask)
        self.numbers = cloud.mask.sum(axis=1)
        with torch.random.fork_rng():
            torch.manual_seed(int(checked_rng(rng).integers(LARGEST_SEED)))
            self.network = self._played(x, mask)
        return self

    @torch.no_grad()
    def sample(self, n: int, rng: Seed = 0) -> Cloud:
        """n jets.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError("this AdversarialSets is not trained: call fit first")
        generator = checked_rng(rng)
        n = checked_count("n", n)
        number = torch.as_tensor(generator.choice(self.numbers, n))
        mask = torch.arange(int(self.numbers.max())) < number.unsqueeze(1)
        with torch.random.fork_rng():
            torch.manual_seed(int(generator.integers(LARGEST_SEED)))
            made = self.network(torch.randn(*mask.shape, self.width), mask)
        return from_features(made.numpy(), mask.numpy())

    def _played(self, x: Tensor, mask: Tensor) -> SetGenerator:
        """The running mean of the generator after all steps."""
        made = SetGenerator(self.width, self.n_heads, self.n_blocks)
        judge = SetDiscriminator(self.width, self.n_heads, self.n_blocks)
        of_made = torch.optim.Adam(made.parameters(), self.learning_rate, betas=(0.0, 0.9))
        of_judge = torch.optim.Adam(judge.parameters(), 2 * self.learning_rate, betas=(0.0, 0.9))
        mean = deepcopy(made)
        for _ in range(self.n_steps):
            rows = torch.randint(len(x), (self.batch_size,))
            real = x[rows]
            real_mask = mask[rows]
            fake = made(torch.randn(*real_mask.shape, self.width), real_mask)
            descend(of_judge, judge_loss(judge, real, fake.detach(), real_mask))
            descend(of_made, generator_loss(judge, real, fake, real_mask))
            update_mean(mean, made, MEMORY)
        return mean.eval()


def judge_loss(judge: SetDiscriminator, real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
    """(D(real) - 1)² + D(fake)², with the same masks for both."""
    of_real, _ = judge(real, mask)
    of_fake, _ = judge(fake, mask)
    return (of_real - 1).square().mean() + of_fake.square().mean()


def generator_loss(judge: SetDiscriminator, real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
    """(D(fake) - 1)², and the distance of the mean fields of both batches."""
    of_fake, field = judge(fake, mask)
    with torch.no_grad():
        _, real_field = judge(real, mask)
    return (of_fake - 1).square().mean() + mse_loss(field.mean(0), real_field.mean(0))
