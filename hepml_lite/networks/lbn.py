"""Lorentz Boost Network: learned sums of particles, seen from learned rest frames.

M. Erdmann, E. Geiser, Y. Rath, M. Rieger, "Lorentz Boost Networks: Autonomous Physics-Inspired
Feature Engineering", JINST 14 (2019) P06006, arXiv:1812.09722.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.four_vectors import full_precision, minkowski_square, safe_norm
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import leading
from hepml_lite.networks.layers.settings import require_positive

SMALLEST_MASS = 1.0  # GeV: a lighter rest frame is taken to have this mass
TINY = 1e-12  # of a squared momentum: below, a direction is not defined


class LorentzBoostLayer(nn.Module):
    """M combinations of P particles, each seen in its own rest frame, in `n_outputs` numbers.

    Particle m, Σᵢ |Wᵢₘ| pᵢ, is boosted into the rest frame of q = Σᵢ |Vᵢₘ| pᵢ. Its energy E′ there
    and its mass are Lorentz invariant, since E′ = p·q / m(q): the names in `INVARIANT`. Cosines
    between particles in two rest frames do not change if the jet is rotated. They change under
    boosts, because boosts in different directions differ by a (Wigner) rotation. η′, φ′ and pT′
    refer to the axes of the laboratory.

    The absolute values of the weights are used, so that combinations are time-like, as particles
    are.

    Args:
        n_particles: number of input four-vectors, P.
        n_combinations: particles and rest frames, M.

    Raises:
        ValueError: a size below 1.
    """

    SINGLE = ("energy", "pt", "eta", "phi", "mass")
    INVARIANT = ("energy", "mass")
    pairs: Tensor  # (2, M (M - 1) / 2) of combinations

    def __init__(self, n_particles: int, n_combinations: int):
        super().__init__()
        require_positive(n_particles=n_particles, n_combinations=n_combinations)
        self.particle_weights = nn.Parameter(torch.randn(n_particles, n_combinations))
        self.rest_frame_weights = nn.Parameter(torch.randn(n_particles, n_combinations))
        first, second = torch.triu_indices(n_combinations, n_combinations, 1)
        self.register_buffer("pairs", torch.stack([first, second]), persistent=False)
        self.n_outputs = len(self.SINGLE) * n_combinations + self.pairs.shape[1]

    def forward(self, four_vectors: Tensor) -> dict[str, Tensor]:
        """(E, px, py, pz) [GeV] (N, P, 4) → observables in the rest frames.

        `energy`, `pt`, `mass` [GeV], `eta`, `phi` [rad], each (N, M), and `cosine`, between all
        M (M - 1) / 2 pairs of boosted particles.
        """
        particles = self._combined(four_vectors, self.particle_weights)  # (N, M, 4)
        frames = self._combined(four_vectors, self.rest_frame_weights)  # (N, M, 4)
        boosted = to_rest_frame(particles, frames)  # (N, M, 4)
        eta, phi = _angles(boosted)
        return {
            "energy": boosted[..., 0],
            "pt": safe_norm(boosted[..., 1:3]),
            "eta": eta,
            "phi": phi,
            # From the vector before the boost: the same mass, without the rounding of the boost.
            "mass": minkowski_square(particles).clamp(min=TINY).sqrt(),
            "cosine": self._cosines(boosted[..., 1:]),
        }

    def _combined(self, four_vectors: Tensor, weights: Tensor) -> Tensor:
        """(N, P, 4), (P, M) → (N, M, 4)."""
        return torch.einsum("npv,pm->nmv", four_vectors, weights.abs())

    def _cosines(self, momenta: Tensor) -> Tensor:
        """Cosines of the angles between all pairs: (N, M, 3) → (N, M (M - 1) / 2)."""
        directions = momenta / safe_norm(momenta).clamp(min=TINY**0.5).unsqueeze(-1)
        first, second = self.pairs
        return (directions @ directions.transpose(1, 2))[:, first, second]  # (N, M, M)


class LorentzBoostNetwork(nn.Module):
    """`LorentzBoostLayer`, then a dense network, on the leading particles of a jet.

    The dense network reads E′, pT′ and m as ln(1 + x / GeV), and η′, φ′ and cosines unchanged. The
    logarithm brings small and large energies into one range; the original uses batch normalisation.
    The network as a whole is not invariant under Lorentz transformations; `LorentzBoostLayer` says
    which of its outputs are. Particles are sorted by pT, so their order in storage has no effect
    (except for ties).

    Args:
        n_particles: number of leading particles used; smaller jets are padded with zeros.
        n_combinations: combinations, and rest frames.
        hidden: hidden layers of the dense network.
        n_classes: number of logits.
        dropout: probability to drop a hidden activation in training.

    Raises:
        ValueError: a size below 1 or a dropout outside [0, 1).
    """

    def __init__(
        self,
        n_particles: int = 20,
        n_combinations: int = 10,
        hidden: Sequence[int] = (64, 64),
        n_classes: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.n_particles = n_particles
        self.boosts = LorentzBoostLayer(n_particles, n_combinations)
        self.dense = MLP((self.boosts.n_outputs, *hidden, n_classes), dropout=dropout)

    @classmethod
    def paper(cls, n_classes: int = 2) -> Self:
        """About the size in the table of arXiv:1902.09914, which quotes 705k parameters.

        We do not know its layers. Ours have 50 combinations of 60 particles and six hidden layers
        of 256: 713 330 parameters.
        """
        return cls(60, 50, (256,) * 6, n_classes)

    def forward(self, four_vectors: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes): (E, px, py, pz) [GeV] (N, P, 4), mask (N, P), True where real.

        Values in padded slots have no effect, even NaN; a jet without particles
        gives the same as a jet of zeros.
        """
        check_particles(self, four_vectors, mask, 4, "four_vectors")
        rank = four_vectors[..., 1:3].square().sum(-1)  # pT², (N, P)
        p, _ = leading(four_vectors, mask, self.n_particles, rank)  # (N, n, 4)
        with full_precision(p):
            seen = self.boosts(p)
        logarithms = [seen.pop(name).clamp(min=0).log1p() for name in ("energy", "pt", "mass")]
        return self.dense(torch.cat([*logarithms, *seen.values()], 1))  # (N, F) → (N, n_classes)

    def __repr__(self) -> str:
        n_combinations = self.boosts.particle_weights.shape[1]
        return (
            f"LorentzBoostNetwork({n_combinations} combinations of {self.n_particles} leading "
            f"particles; {sum(p.numel() for p in self.parameters()):,} parameters)"
        )


def to_rest_frame(p: Tensor, frame: Tensor) -> Tensor:
    """Four-vectors p (..., 4) [GeV] as seen at rest with `frame` (..., 4) [GeV] → (..., 4).

    E′ = γE - u·p, p′ = p + u (u·p / (1 + γ) - E), with u = γβ, the momentum of the frame over its
    mass. A frame lighter than `SMALLEST_MASS` gets this mass at the same momentum: massless
    particles are never at rest, and single precision cannot resolve masses of that size.
    """
    mass = minkowski_square(frame).clamp(min=SMALLEST_MASS**2).sqrt().unsqueeze(-1)  # (..., 1)
    u = frame[..., 1:] / mass  # (..., 3)
    gamma = (1 + u.square().sum(-1, keepdim=True)).sqrt()
    energy = p[..., :1]
    momentum = p[..., 1:]
    along = (u * momentum).sum(-1, keepdim=True)  # u·p
    new_energy = gamma * energy - along
    new_momentum = momentum + u * (along / (1 + gamma) - energy)
    return torch.cat([new_energy, new_momentum], -1)


def _angles(p: Tensor) -> tuple[Tensor, Tensor]:
    """η and φ [rad] of (..., 4), each (...); zero, with no gradient, where they are not defined."""
    _, px, py, pz = p.unbind(-1)
    defined = px.square() + py.square() > TINY
    px = torch.where(defined, px, 1.0)
    py = torch.where(defined, py, 0.0)
    pz = torch.where(defined, pz, 0.0)
    return torch.asinh(pz / torch.hypot(px, py)), torch.atan2(py, px)
