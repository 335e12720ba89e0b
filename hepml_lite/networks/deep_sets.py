"""Deep sets of particles: the particle flow network and the safe energy flow network.

P. T. Komiske, E. M. Metodiev, J. Thaler, "Energy Flow Networks: Deep Sets for Particle Jets",
JHEP 01 (2019) 121, arXiv:1810.05165.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast import deep_sets as fast
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.mlp import MLP


class _DeepSet(nn.Module):
    """F(Σᵢ wᵢ Φ(xᵢ)): Φ acts on each particle, the sum forgets the order, F acts on the jet."""

    def __init__(
        self, n_inputs: int, phi_sizes: Sequence[int], f_sizes: Sequence[int], n_classes: int,
        dropout: float,
    ):  # fmt: skip
        super().__init__()
        # In place, since Φ's activations, one row per particle, are most of the memory.
        relu = partial(nn.ReLU, inplace=True)
        self.phi = MLP((n_inputs, *phi_sizes), relu, activate_last=True)
        self.f = MLP((phi_sizes[-1], *f_sizes, n_classes), dropout=dropout)

    def __repr__(self) -> str:
        def chain(sizes: Sequence[int]) -> str:
            return " → ".join(map(str, sizes))

        return (
            f"{type(self).__name__}(Φ on each particle: {chain(self.phi.sizes)}; {self.pooling}; "
            f"F on the jet: {chain(self.f.sizes)}; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )


def sum_over_particles(
    phi: nn.Module, inputs: Tensor, mask: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Latent jets Σᵢ wᵢ Φ(xᵢ), (N, L), of inputs (N, P, F), mask and weights (N, P).

    Without weights, wᵢ = 1. The sum leaves out padding.
    """
    if choice.in_use("deep_sets"):  # the same numbers in less time
        return fast.sum_over_particles(phi, inputs, mask, weights)
    latent = phi(inputs[mask])  # (M, F) → (M, L), of the M real particles
    if weights is not None:
        latent = latent * weights[mask].unsqueeze(1)
    jet = mask.nonzero()[:, 0]  # (M,) the jet of each particle
    jets = latent.new_zeros(len(mask), latent.shape[1])  # zero for a jet without particles
    return jets.index_add(0, jet, latent)  # (M, L) → (N, L)


class ParticleFlowNetwork(_DeepSet):
    """PFN, F(Σᵢ Φ(pᵢ)) (eq. 1.1 of arXiv:1810.05165): any function of a set of particles.

    Not infrared and collinear safe: a soft particle counts as much as a hard one. The defaults
    are the paper's sizes; with three inputs they make 82 458 parameters.

    Args:
        n_features: numbers per particle, e.g. 3 for (pT fraction, η, φ).
        phi_sizes: layers of Φ; the last is the dimension L of the latent space.
        f_sizes: hidden layers of F.
        n_classes: number of logits.
        dropout: probability to drop a hidden activation of F in training.

    Raises:
        ValueError: a size below 1 or a dropout outside [0, 1).
    """

    pooling = "sum"

    def __init__(
        self,
        n_features: int = 3,
        phi_sizes: Sequence[int] = (100, 100, 256),
        f_sizes: Sequence[int] = (100, 100, 100),
        n_classes: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__(n_features, phi_sizes, f_sizes, n_classes, dropout)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes) of jets: features (N, P, F), mask (N, P), True where real.

        Values in padded slots have no effect, even NaN; a jet without particles
        gives F(0).
        """
        check_particles(self, features, mask, self.phi.sizes[0])
        return self.f(sum_over_particles(self.phi, features, mask))  # (N, L) → (N, n_classes)


class EnergyFlowNetwork(_DeepSet):
    """EFN, F(Σᵢ zᵢ Φ(p̂ᵢ)) (eq. 1.2 of arXiv:1810.05165): infrared and collinear safe by design.

    The energy fraction zᵢ enters only as a weight, and Φ reads only the direction p̂ᵢ. A particle
    with z → 0 has no effect, and the two halves of a collinear split add up to the whole.

    Args:
        n_features: numbers per particle: the first is z, the rest are angles, e.g. 3 for (z, η, φ).
        phi_sizes: layers of Φ; the last is the dimension L of the latent space.
        f_sizes: hidden layers of F.
        n_classes: number of logits.
        dropout: probability to drop a hidden activation of F in training.

    Raises:
        ValueError: fewer than two features, a size below 1 or a dropout outside [0, 1).
    """

    pooling = "sum weighted with z"

    def __init__(
        self,
        n_features: int = 3,
        phi_sizes: Sequence[int] = (100, 100, 256),
        f_sizes: Sequence[int] = (100, 100, 100),
        n_classes: int = 2,
        dropout: float = 0.0,
    ):
        if n_features < 2:
            raise ValueError(
                f"n_features={n_features}: an EFN needs z and at least one angle, ≥ 2."
            )
        super().__init__(n_features - 1, phi_sizes, f_sizes, n_classes, dropout)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes): features (N, P, F) with z first, mask (N, P), True where real."""
        check_particles(self, features, mask, 1 + self.phi.sizes[0])
        z, angles = features[..., 0], features[..., 1:]  # (N, P), (N, P, F-1)
        return self.f(sum_over_particles(self.phi, angles, mask, z))  # (N, L) → (N, n_classes)

    @torch.no_grad()
    def filters(self, angles: Tensor) -> Tensor:
        """The latent observables Φ at directions (..., F-1) → (..., L)."""
        return self.phi(angles)
