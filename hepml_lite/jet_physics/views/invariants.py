"""Jets as four-vectors, and the numbers that no Lorentz transformation changes."""

import numpy as np

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.chunks import chunks

METRIC = np.array([1.0, -1.0, -1.0, -1.0])


def minkowski_product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """E E' - p p' of four-vectors (..., 4) in (E, px, py, pz), (...); shapes broadcast.

    Rounding spoils the result for nearly parallel massless vectors. `minkowski_products` starts
    from angles and has no such loss.
    """
    return (np.asarray(first) * METRIC * np.asarray(second)).sum(axis=-1)


def minkowski_products(jets: Jets) -> np.ndarray:
    """p_i . p_j of all pairs of constituents, (N, P, P) float64 [GeV^2]: 0 where padded.

    The diagonal holds the squared masses. The sum over all i and j is the squared jet mass.
    Lorentz-invariant networks read these products (arXiv:2201.08187, 2211.00454). The array takes
    8 P^2 bytes for each jet.
    """
    require_jets(jets)
    size = max(1, 2_000_000 // jets.mask.shape[1] ** 2)
    return np.concatenate([_products(part) for part in chunks(jets, size)])


def massless_product(pt_product: np.ndarray, d_eta: np.ndarray, d_phi: np.ndarray) -> np.ndarray:
    """pT pT' (cosh d_eta - cos d_phi) without cancellation at small angles; shapes broadcast.

    Half the squared mass of the pair [GeV^2]. d_phi need not be wrapped.
    """
    return 2 * pt_product * (np.sinh(d_eta / 2) ** 2 + np.sin(d_phi / 2) ** 2)


def massive_product(
    one: np.ndarray, other: np.ndarray, mass: np.ndarray, mass_other: np.ndarray
) -> np.ndarray:
    """m_T m_T' cosh d_y - pT pT' cos d_phi without cancellation at small angles and masses.

    Args:
        one, other: (..., 3) pT [GeV], rapidity and phi; shapes broadcast.
        mass, mass_other: (...) [GeV].
    """
    pt_product = one[..., 0] * other[..., 0]
    transverse_masses = np.hypot(one[..., 0], mass) * np.hypot(other[..., 0], mass_other)
    difference = (mass * mass_other) ** 2
    difference = difference + (mass * other[..., 0]) ** 2 + (mass_other * one[..., 0]) ** 2
    total = transverse_masses + pt_product
    # m_T m_T' - pT pT', from the difference of their squares
    at_rest = np.divide(difference, total, out=np.zeros_like(total), where=total > 0)
    in_rapidity = transverse_masses * np.sinh((one[..., 1] - other[..., 1]) / 2) ** 2
    in_azimuth = pt_product * np.sin((one[..., 2] - other[..., 2]) / 2) ** 2
    return at_rest + 2 * (in_rapidity + in_azimuth)


def _products(jets: Jets) -> np.ndarray:
    particles = jets.in_rapidity()  # (N, P, 3)
    if jets.constituent_mass is not None:
        mass = jets.constituent_mass.astype(float)  # (N, P)
        one = particles[:, :, None]
        other = particles[:, None]
        return massive_product(one, other, mass[:, :, None], mass[:, None])
    pt, eta, phi = np.moveaxis(particles, -1, 0)  # each (N, P)
    d_eta = eta[:, :, None] - eta[:, None]  # (N, P, P)
    d_phi = phi[:, :, None] - phi[:, None]  # (N, P, P)
    return massless_product(pt[:, :, None] * pt[:, None], d_eta, d_phi)
