"""The network of a density of sets: one output for each particle, and the number of particles."""

import torch
from torch import Tensor, nn

from hepml_lite.networks.epic import EPiC
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import numbers_of_particles
from hepml_lite.networks.set_transformer import SetTransformer

ARCHITECTURES: dict[str, type[EPiC] | type[SetTransformer]] = {
    "epic": EPiC,
    "transformer": SetTransformer,
}


class SetNetwork(nn.Module):
    """f of each particle given (t, c, n), and the logits of the number n given c.

    Args:
        architecture: "epic" or "transformer".
        n_features: numbers per particle, F.
        n_conditions: C.
        most_particles: the largest n, P.
        width: hidden numbers per particle.
        n_layers: of the network.
    """

    def __init__(
        self,
        architecture: str,
        n_features: int,
        n_conditions: int,
        most_particles: int,
        width: int,
        n_layers: int,
    ):
        super().__init__()
        self.most_particles = most_particles
        self.particles = ARCHITECTURES[architecture](
            n_features, n_conditions + 1, width=width, n_layers=n_layers
        )
        self.number = MLP((n_conditions + 1, width, most_particles + 1), nn.SiLU)

    def forward(self, z: Tensor, mask: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Particles z (N, P, F), mask (N, P), times t (N,), conditions c (N, C) → (N, P, F)."""
        share = numbers_of_particles(mask, z).unsqueeze(1) / self.most_particles
        return self.particles(z, mask, t, torch.cat([c, share], 1))

    def number_logits(self, c: Tensor) -> Tensor:
        """Logits (N, P + 1) of 0 to P particles, for conditions c (N, C)."""
        return self.number(torch.cat([c, c.new_ones(len(c), 1)], 1))


class ParticlesOfSets(nn.Module):
    """The same network for the real particles alone, one a row, as vectors have them.

    Paths, losses and samplers of vectors then serve sets, and padding has no part in them.

    Args:
        network: of whole sets, called with (z, mask, t, c).
        mask: (N, P), of M real particles in all.
        c: conditions (N, C) of the sets.
    """

    def __init__(self, network: nn.Module, mask: Tensor, c: Tensor):
        super().__init__()
        self.network = network
        self.mask = mask
        self.c = c
        self.set_of_row = torch.nonzero(mask)[:, 0]  # (M,)

    def forward(self, rows: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Rows (M, F) at times t (M,), equal within a set → (M, F); c (M, C) is known already."""
        z = rows.new_zeros(*self.mask.shape, rows.shape[1])
        z[self.mask] = rows
        times = t.new_zeros(len(self.mask))
        times[self.set_of_row] = t
        return self.network(z, self.mask, times, self.c)[self.mask]

    def mean_over_sets(self, values: Tensor) -> Tensor:
        """Means (N,) of values (M,) over the particles of each set; zero for a set without any."""
        totals = values.new_zeros(len(self.mask)).index_add(0, self.set_of_row, values)
        return totals / numbers_of_particles(self.mask, values)
