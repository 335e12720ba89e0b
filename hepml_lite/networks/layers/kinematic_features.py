"""Features of each particle that ParticleNet and the Particle Transformer read."""

import torch
from torch import Tensor

from hepml_lite.networks.layers.padding import clean

KINEMATIC_FEATURES = (
    "Δη", "Δφ", "ln pT [GeV]", "ln E [GeV]", "ln pT/pT(jet)", "ln E/E(jet)", "ΔR",
)  # fmt: skip
SMALLEST = 1e-8  # floor of energies [GeV] under the logarithm


def kinematic_features(constituents: Tensor, mask: Tensor) -> Tensor:
    """`KINEMATIC_FEATURES` of particles, (N, P, 7), zero where padded, as in the paper.

    The jet is the sum of its particles; Δ is the distance from its axis.

    Args:
        constituents: (N, P, 3 or 4): pT [GeV], η, φ and mass [GeV]; without it they are massless.
        mask: (N, P), True where real.
    """
    pt, eta, phi, *mass = clean(constituents, mask).unbind(-1)  # each (N, P)
    energy = pt * eta.cosh()
    if mass:
        energy = torch.hypot(energy, mass[0])
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
        ValueError: as `momenta_and_extra`.
    """
    momenta, extra = momenta_and_extra(constituents, mask, n_extra)
    return torch.cat([kinematic_features(momenta, mask), extra], -1)


def momenta_and_extra(constituents: Tensor, mask: Tensor, n_extra: int) -> tuple[Tensor, Tensor]:
    """Momenta (N, P, 3 or 4) and extra columns (N, P, n_extra), both zero where padded.

    Momenta are pT [GeV], η and φ. There is a fourth column, the mass [GeV], if the constituents
    have 4 + n_extra columns.

    Raises:
        ValueError: the constituents have neither 3 + n_extra nor 4 + n_extra columns, or a mass is
            negative.
    """
    n_columns = constituents.shape[-1]
    n_momenta = n_columns - n_extra
    if n_momenta not in (3, 4):
        raise ValueError(
            f"{n_columns} columns: this network takes {3 + n_extra}, which are pT [GeV], η, φ and "
            f"{n_extra} more, or {4 + n_extra} with the mass [GeV] after φ. Make it with "
            f"n_extra={n_columns - 3} to change that."
        )
    particles = clean(constituents, mask)
    momenta = particles[..., :n_momenta]
    if n_momenta == 4:
        refuse_negative_masses(momenta[..., 3])
    return momenta, particles[..., n_momenta:]


def refuse_negative_masses(mass: Tensor) -> None:
    """Raise ValueError for a negative mass [GeV] (N, P): the column may hold something else.

    Only on a CPU, because a GPU would have to wait for the answer.
    """
    if not mass.is_cpu or torch.compiler.is_compiling():
        return
    negative = mass.detach() < 0
    if negative.any():
        jet, particle = negative.nonzero()[0].tolist()
        raise ValueError(
            f"the mass of particle {particle} of jet {jet} is {mass[jet, particle]:.4g} GeV: give "
            "masses ≥ 0 in the column after φ, or leave the column out for massless particles"
        )


def in_rapidity(momenta: Tensor) -> Tensor:
    """pT [GeV], rapidity, φ and mass [GeV], if given, of pT, η, φ and mass (..., 3 or 4).

    sinh y = p_z / √(pT² + m²). Massless particles keep their η, which is their rapidity.
    """
    if momenta.shape[-1] == 3:
        return momenta
    pt, eta, phi, mass = momenta.unbind(-1)
    transverse_mass = torch.hypot(pt, mass).clamp(min=SMALLEST)
    rapidity = (pt * eta.sinh() / transverse_mass).asinh()
    return torch.stack([pt, torch.where(mass > 0, rapidity, eta), phi, mass], -1)
