"""Features of each particle that ParticleNet and the Particle Transformer read."""

import torch
from torch import Tensor

from hepml_lite.networks.layers.padding import clean

KINEMATIC_FEATURES = (
    "Δη", "Δφ", "ln pT [GeV]", "ln E [GeV]", "ln pT/pT(jet)", "ln E/E(jet)", "ΔR",
)  # fmt: skip
SMALLEST = 1e-8  # floor of energies [GeV] under the logarithm


def kinematic_features(constituents: Tensor, mask: Tensor, mass: Tensor | None = None) -> Tensor:
    """`KINEMATIC_FEATURES` of particles, (N, P, 7), zero where padded, as in the paper.

    The jet is the sum of its particles; Δ is the distance from its axis.

    Args:
        constituents: (N, P, 3 or more): pT [GeV], η and φ; further columns are not used.
        mask: (N, P), True where real.
        mass: (N, P) of the particles [GeV]; None: they are massless.
    """
    pt, eta, phi = clean(constituents[..., :3], mask).unbind(-1)  # each (N, P)
    energy = pt * eta.cosh()
    if mass is not None:
        energy = torch.hypot(energy, mass.where(mask, 0))
    # The four-momentum of the jet, each (N, 1).
    px = (pt * phi.cos()).sum(1, keepdim=True)
    py = (pt * phi.sin()).sum(1, keepdim=True)
    pz = (pt * eta.sinh()).sum(1, keepdim=True)
    jet_energy = energy.sum(1, keepdim=True)
    jet_pt = torch.hypot(px, py).clamp(min=SMALLEST)
    d_eta = eta - (pz / jet_pt).asinh()
    d_phi = delta_phi(phi, torch.atan2(py, px))
    ln_pt = pt.clamp(min=SMALLEST).log()
    ln_energy = energy.clamp(min=SMALLEST).log()
    ln_jet_energy = jet_energy.clamp(min=SMALLEST).log()
    columns = (
        d_eta, d_phi, ln_pt, ln_energy, ln_pt - jet_pt.log(), ln_energy - ln_jet_energy,
        distance(d_eta, d_phi),
    )  # fmt: skip
    return clean(torch.stack(columns, -1), mask)


def delta_phi(phi: Tensor, other: Tensor) -> Tensor:
    """φ - φ' of angles (...) [rad], in [-π, π)."""
    return torch.remainder(phi - other + torch.pi, 2 * torch.pi) - torch.pi


def distance(d_eta: Tensor, d_phi: Tensor) -> Tensor:
    """Δ = √(Δη² + Δφ²), with a gradient of zero, not NaN, where it is zero."""
    apart = (d_eta != 0) | (d_phi != 0)
    return torch.hypot(torch.where(apart, d_eta, 1), d_phi).where(apart, 0)


def with_extra(constituents: Tensor, mask: Tensor, n_extra: int) -> Tensor:
    """The kinematic features and after them the extra columns given: (N, P, 7 + n_extra).

    Raises:
        ValueError: the constituents have not 3 + n_extra columns.
    """
    if constituents.shape[-1] != 3 + n_extra:
        raise ValueError(
            f"{constituents.shape[-1]} columns: this network takes {3 + n_extra}: pT [GeV], η, φ "
            f"and {n_extra} more. Make it with n_extra={constituents.shape[-1] - 3} to change that."
        )
    extra = clean(constituents[..., 3:], mask)
    return torch.cat([kinematic_features(constituents, mask), extra], -1)
