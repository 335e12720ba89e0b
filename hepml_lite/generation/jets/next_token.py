"""Jets by a transformer that writes them particle by particle, as language models write text.

p(jet) = Π_i p(token_i | token_1 ... token_{i-1}): each particle is a token, a cell of share of pT,
eta and phi. The particles come in falling pT, and a token of its own ends the jet, so that the
number of particles is learned too. A. Butter et al., "JetGPT", arXiv:2305.10475; J. Birk et al.,
"OmniJet-α", arXiv:2403.05618; T. Finke et al., "Learning the language of QCD jets with
transformers", arXiv:2303.07364, whose cells are used.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from hepml_lite import training
from hepml_lite.densities import TrainingPlan
from hepml_lite.generation.jets.clouds import Cloud, from_features, to_features
from hepml_lite.networks.causal_transformer import CausalTransformer
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.self_supervised.next_token import NOTHING, next_targets
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

LARGEST_SEED = 2**31


@dataclass
class Cells:
    """A grid of quantiles: each feature of a particle is the number of its cell.

    Attributes:
        n_cells: of each feature.
        edges: (3, n_cells + 1), after `fit`.
    """

    n_cells: int = 30
    edges: np.ndarray = field(default_factory=lambda: np.zeros((3, 0)), init=False, repr=False)

    def fit(self, features: np.ndarray) -> Self:
        """Edges from real particles (M, 3), as many in each cell."""
        shares = np.linspace(0, 1, self.n_cells + 1)
        self.edges = np.quantile(features, shares, axis=0).T
        return self

    def encode(self, features: np.ndarray) -> np.ndarray:
        """Cells (..., 3) of features (..., 3)."""
        found = [np.searchsorted(self.edges[i, 1:-1], features[..., i]) for i in range(3)]
        return np.stack(found, axis=-1)

    def decode(self, cells: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Features (..., 3), drawn evenly within the cells (..., 3)."""
        low = np.stack([self.edges[i, cells[..., i]] for i in range(3)], axis=-1)
        high = np.stack([self.edges[i, cells[..., i] + 1] for i in range(3)], axis=-1)
        return low + (high - low) * rng.random(cells.shape)


class ParticleWriter(nn.Module):
    """Logits of the next particle from all particles before it.

    The three cells of a particle are written one after the other: p(share) p(eta | share)
    p(phi | share, eta). The cell n_cells of the share ends the jet.
    """

    def __init__(self, n_cells: int, n_particles: int, width: int, n_heads: int, n_blocks: int):
        super().__init__()
        self.n_cells = n_cells
        self.particle = nn.ModuleList(nn.Embedding(n_cells + 1, width) for _ in range(3))
        self.n_particles = n_particles
        self.transformer = CausalTransformer(n_particles, width, n_heads, n_blocks)
        self.share = nn.Linear(width, n_cells + 1)
        self.eta = MLP((2 * width, width, n_cells), nn.GELU)
        self.phi = MLP((3 * width, width, n_cells), nn.GELU)

    def embedded(self, cells: Tensor) -> list[Tensor]:
        """Embeddings (N, P, W) of share, eta and phi of cells (N, P, 3)."""
        return [table(cells[..., i]) for i, table in enumerate(self.particle)]

    def contexts(self, cells: Tensor) -> Tensor:
        """What is known before each particle, and after the last, (N, P + 1, W)."""
        return self.transformer(torch.stack(self.embedded(cells)).sum(0))

    def eta_logits(self, context: Tensor, share: Tensor) -> Tensor:
        """Logits of eta given the context and the embedded share (..., W)."""
        return self.eta(torch.cat([context, share], -1))

    def phi_logits(self, context: Tensor, share: Tensor, eta: Tensor) -> Tensor:
        """Logits of phi given the context and the embedded share and eta (..., W)."""
        return self.phi(torch.cat([context, share, eta], -1))


@dataclass
class NextToken:
    """An autoregressive model of jets.

    Attributes:
        cells: the grid that makes tokens of particles.
        width: hidden numbers of a particle.
        n_heads: attention heads.
        n_blocks: of the transformer.
        plan: of the training.
    """

    cells: Cells = field(default_factory=Cells)
    width: int = 64
    n_heads: int = 4
    n_blocks: int = 2
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(epochs=20, batch_size=128, patience=None)
    )
    network: ParticleWriter | None = field(default=None, init=False, repr=False)
    history: training.History | None = field(default=None, init=False, repr=False)

    def fit(self, cloud: Cloud, *, rng: Seed = 0) -> Self:
        """Learn from jets, whose particles are in falling pT."""
        features = to_features(cloud)
        self.cells.fit(features[cloud.mask])
        tokens = torch.as_tensor(self.cells.encode(features))
        mask = torch.as_tensor(cloud.mask)
        seed = int(checked_rng(rng).integers(LARGEST_SEED))
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.network = ParticleWriter(
                self.cells.n_cells, mask.shape[1], self.width, self.n_heads, self.n_blocks
            )
        n_held_out = max(1, round(self.plan.validation_share * len(mask)))
        self.history = self.plan.train(
            self.network,
            (tokens[n_held_out:], mask[n_held_out:]),
            next_particle_loss,
            validation=(tokens[:n_held_out], mask[:n_held_out]),
            seed=seed,
        )
        return self

    @torch.no_grad()
    def sample(self, n: int, rng: Seed = 0) -> Cloud:
        """n jets, written particle by particle.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.network is None:
            raise RuntimeError("this NextToken is not trained: call fit first")
        n = checked_count("n", n)
        generator = checked_rng(rng)
        n_particles = self.network.n_particles
        tokens = torch.zeros(n, 0, 3, dtype=torch.long)
        goes_on = torch.ones(n, dtype=torch.bool)
        mask = torch.zeros(n, n_particles, dtype=torch.bool)
        with torch.random.fork_rng():
            torch.manual_seed(int(generator.integers(LARGEST_SEED)))
            for place in range(n_particles):
                context = self.network.contexts(tokens)[:, -1]
                particle = self._drawn(context, may_end=place > 0)
                goes_on = goes_on & (particle[:, 0] < self.cells.n_cells)
                mask[:, place] = goes_on
                tokens = torch.cat([tokens, particle.unsqueeze(1)], 1)
        inside = tokens.clamp(max=self.cells.n_cells - 1).numpy()
        return from_features(self.cells.decode(inside, generator), mask.numpy())

    def _drawn(self, context: Tensor, may_end: bool) -> Tensor:
        """Cells (N, 3) of the next particle, feature by feature."""
        network = self.network
        assert network is not None
        logits = network.share(context)
        if not may_end:
            logits[:, -1] = -torch.inf  # a jet has a particle
        share = _choice(logits)
        of_share = network.particle[0](share)
        eta = _choice(network.eta_logits(context, of_share))
        phi = _choice(network.phi_logits(context, of_share, network.particle[1](eta)))
        return torch.stack([share, eta, phi], 1)


def next_particle_loss(network: ParticleWriter, cells: Tensor, mask: Tensor) -> Tensor:
    """-log p of all particles and of the end, over the number of real particles.

    Args:
        network: the model.
        cells: (N, P, 3).
        mask: (N, P); real particles come first.
    """
    inside = torch.where(mask.unsqueeze(2), cells, 0)
    context = network.contexts(inside)  # (N, P + 1, W)
    before = context[:, :-1][mask]  # (M, W) what is known before each real particle
    share, eta, _ = (embedded[mask] for embedded in network.embedded(inside))
    target = next_targets(cells[..., 0], mask, network.n_cells)
    loss = cross_entropy(
        network.share(context).flatten(0, 1), target.flatten(), ignore_index=NOTHING,
        reduction="sum",
    )  # fmt: skip
    real = cells[mask]
    loss = loss + cross_entropy(network.eta_logits(before, share), real[:, 1], reduction="sum")
    loss = loss + cross_entropy(network.phi_logits(before, share, eta), real[:, 2], reduction="sum")
    return loss / mask.sum()


def _choice(logits: Tensor) -> Tensor:
    """One class (N,) for each row of logits (N, K)."""
    return torch.distributions.Categorical(logits=logits).sample()
