"""LoLa: a dense network on masses, pT, energies and distances of learned sums of four-vectors.

A. Butter, G. Kasieczka, T. Plehn, M. Russell, "Deep-learned Top Tagging with a Lorentz Layer",
SciPost Phys. 5 (2018) 028, arXiv:1707.08966.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.four_vectors import (
    full_precision,
    minkowski_square,
    transverse_momentum,
)
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import leading
from hepml_lite.networks.layers.settings import require_positive


class CombinationLayer(nn.Module):
    """CoLa, k̃ⱼ = Σᵢ kᵢ Cᵢⱼ: the sum of all particles, each of them, and learned combinations.

    The first column of C is one, the next ones are the unit matrix, and the last ones are trained:
    they add up particles to subjets, as a jet algorithm does. The layer is linear in four-vectors,
    so it is equivariant under Lorentz transformations: k → Λk gives k̃ → Λk̃.

    Args:
        n_particles: number of input four-vectors, P.
        n_combinations: trained columns, M.
    """

    def __init__(self, n_particles: int, n_combinations: int):
        super().__init__()
        self.n_outputs = 1 + n_particles + n_combinations
        self.trained = nn.Parameter(torch.rand(n_particles, n_combinations))

    def forward(self, k: Tensor) -> Tensor:
        """Four-vectors (N, P, 4) → (N, J, 4), J = 1 + P + M."""
        combinations = torch.einsum("npv,pm->nmv", k, self.trained)  # (N, M, 4)
        return torch.cat([k.sum(1, keepdim=True), k, combinations], 1)


class LorentzLayer(nn.Module):
    """LoLa, k̃ⱼ → (m²(k̃ⱼ), pT(k̃ⱼ), Σₘ w⁽ᴱ⁾ⱼₘ E(k̃ₘ), w⁽ᵈ⁾ⱼₘ d²ⱼₘ): seven numbers a vector.

    d²ⱼₘ = (k̃ⱼ - k̃ₘ)² in the Minkowski metric, in four copies with different weights: two copies are
    summed over m, and two keep the smallest value. The `INVARIANT` columns come from m² and d² and
    are the same in any frame. pT and E are not: they depend on the beam and the laboratory.

    Args:
        n_vectors: number of input four-vectors, J.
    """

    INVARIANT = (0, 3, 4, 5, 6)
    N_SUMMED = 2
    N_COPIES = 4
    N_OUTPUTS = 7

    def __init__(self, n_vectors: int):
        super().__init__()
        spread = n_vectors**-0.5
        self.energy_weights = nn.Parameter(spread * torch.randn(n_vectors, n_vectors))
        self.distance_weights = nn.Parameter(
            spread * torch.randn(self.N_COPIES, n_vectors, n_vectors)
        )

    def forward(self, k: Tensor) -> Tensor:
        """Four-vectors (N, J, 4), (E, px, py, pz) → (N, J, 7)."""
        # Differences first: in m² + m'² - 2 k k' the distance of near vectors would be lost.
        distances = minkowski_square(k.unsqueeze(2) - k.unsqueeze(1))  # (N, J, J)
        to_sum, to_compare = self.distance_weights.tensor_split([self.N_SUMMED])
        sums = torch.einsum("njm,cjm->njc", distances, to_sum)  # (N, J, 2)
        smallest = (distances.unsqueeze(1) * to_compare).amin(3).transpose(1, 2)  # (N, J, 2)
        energies = k[..., 0] @ self.energy_weights.T  # (N, J)
        single = torch.stack([minkowski_square(k), transverse_momentum(k), energies], -1)
        return torch.cat([single, sums, smallest], -1)


class LoLa(nn.Module):
    """CoLa, LoLa and a dense network on the leading particles of a jet.

    Rotations about the beam and reflections do not change the logits. Boosts and other rotations
    change them through pT, E and the order of the particles: a particle has its own rows of the
    weights, given by its rank in pT (the order in storage has no effect, except for ties). The
    inputs `LorentzLayer.INVARIANT` of the dense network are the same in any frame.

    Args:
        n_particles: number of leading particles used; smaller jets are padded with zeros.
        n_combinations: trained combinations.
        hidden: hidden layers of the dense network.
        n_classes: number of logits.
        dropout: probability to drop a hidden activation in training.
        scale: the unit of energy inside [GeV], about the energy of a jet, so that the dense network
            reads numbers near one; d² and m² are in units of its square.

    Raises:
        ValueError: a size below 1, a scale that is not positive, a dropout outside [0, 1).
    """

    def __init__(
        self,
        n_particles: int = 20,
        n_combinations: int = 15,
        hidden: Sequence[int] = (64, 32),
        n_classes: int = 2,
        dropout: float = 0.0,
        scale: float = 500.0,
    ):
        super().__init__()
        require_positive(n_particles=n_particles, n_combinations=n_combinations)
        require_scale(scale)
        self.n_particles = n_particles
        self.scale = scale
        self.combine = CombinationLayer(n_particles, n_combinations)
        self.lorentz = LorentzLayer(self.combine.n_outputs)
        n_inputs = self.combine.n_outputs * LorentzLayer.N_OUTPUTS
        self.dense = MLP((n_inputs, *hidden, n_classes), dropout=dropout)

    @classmethod
    def paper(cls, n_particles: int = 84, n_classes: int = 2) -> Self:
        """15 trained combinations and dense layers of 100 and 50.

        The table of arXiv:1902.09914 quotes 127k parameters. We are not certain for how many
        particles: 84, the default, give 126 512 parameters; 40 give 60 732.
        """
        return cls(n_particles, 15, (100, 50), n_classes)

    def forward(self, four_vectors: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes): (E, px, py, pz) [GeV] (N, P, 4), mask (N, P), True where real.

        Values in padded slots have no effect, even NaN; a jet without particles
        gives the same as a jet of zeros.
        """
        check_particles(self, four_vectors, mask, 4, "four_vectors")
        rank = four_vectors[..., 1:3].square().sum(-1)  # pT², (N, P)
        k, _ = leading(four_vectors / self.scale, mask, self.n_particles, rank)  # (N, n, 4)
        with full_precision(k):
            measured = self.lorentz(self.combine(k))  # (N, n, 4) → (N, J, 4) → (N, J, 7)
        return self.dense(measured.flatten(1))  # (N, 7 J) → (N, n_classes)

    def __repr__(self) -> str:
        return (
            f"LoLa({self.n_particles} leading particles, {self.combine.n_outputs} four-vectors; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )


def require_scale(scale: float) -> None:
    """Raise a ValueError if the unit of energy is not positive."""
    if not scale > 0:
        raise ValueError(f"scale={scale}: give a positive energy in GeV, for instance 500.")
