"""What networks read of a jet: the same jets in the forms that different architectures ask for."""

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite.containers.jets import Jets
from hepml_lite.networks.layers.kinematic_features import kinematic_features

# Typical pT share and angles of a particle: a network learns far faster from numbers of order one.
TYPICAL = np.array([0.05, 0.3, 0.3], dtype=np.float32)


def network_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, P, 3), the jet's relative coordinates over typical sizes, and mask (N, P)."""
    return jets.relative() / TYPICAL, jets.mask


def particle_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """Constituents (N, P, 3), pT [GeV], eta and phi as measured, and mask (N, P)."""
    return jets.constituents, jets.mask


def four_vector_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """What `OnFourVectors` reads: `particle_inputs`, with the mass [GeV] as a fourth column.

    Jets of massless constituents have three columns, (N, P, 3), others (N, P, 4).
    """
    if jets.constituent_mass is None:
        return particle_inputs(jets)
    columns = [jets.constituents, jets.constituent_mass[..., None]]
    return np.concatenate(columns, axis=-1), jets.mask


def kinematic_inputs(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """The seven `particle_net.KINEMATIC_FEATURES` (N, P, 7), ln pT first, and mask (N, P).

    The first feature is what lists of particles are sorted by.
    """
    constituents = torch.tensor(jets.constituents)
    mask = torch.tensor(jets.mask)
    features = kinematic_features(constituents, mask)
    return features[..., [2, 0, 1, 3, 4, 5, 6]].numpy(), jets.mask


class OnFourVectors(nn.Module):
    """A network of four-vectors, given constituents: pT [GeV], eta, phi → (E, px, py, pz) [GeV].

    A fourth column, if there is one, is the mass [GeV], as `four_vector_inputs` gives it.

    The four-vectors are float64 unless another `kind` is asked for: products p·p' of collimated
    particles, differences of nearly equal numbers, would be rounding in float32, in which data are
    kept.
    """

    def __init__(self, network: nn.Module, kind: torch.dtype = torch.float64):
        super().__init__()
        self.network, self.kind = network, kind

    def forward(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Constituents (N, P, 3 or 4), mask (N, P) → what the network gives, (N, n_classes)."""
        return self.network(four_vectors(constituents.double()).to(self.kind), mask)


def four_vectors(constituents: Tensor) -> Tensor:
    """Four-vectors (..., 4), (E, px, py, pz) [GeV], of pT [GeV], eta, phi and mass [GeV] (..., 4).

    Without the fourth column, (..., 3), particles are massless.
    """
    pt, eta, phi, *mass = constituents.unbind(-1)
    energy = pt * eta.cosh()
    if mass:
        energy = torch.hypot(energy, mass[0])
    return torch.stack([energy, pt * phi.cos(), pt * phi.sin(), pt * eta.sinh()], -1)
