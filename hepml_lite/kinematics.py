"""Four-vector arithmetic in collider coordinates; the only place where an azimuth is wrapped."""

import numpy as np
from numpy.typing import ArrayLike


def wrap_phi(phi: ArrayLike) -> np.ndarray:
    """Map azimuths [rad] of any shape into [-pi, pi), keeping their floating-point type."""
    phi = np.asarray(phi)
    phi = phi if np.issubdtype(phi.dtype, np.floating) else phi.astype(float)
    wrapped = (phi + np.pi) % (2 * np.pi) - np.pi
    # rounding can land exactly on +pi, which is the same direction as -pi
    return np.where(wrapped >= np.pi, -np.pi, wrapped).astype(phi.dtype)


def delta_phi(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Signed azimuthal difference first - second [rad] in [-pi, pi); shapes broadcast."""
    return wrap_phi(np.subtract(first, second))


def delta_r(eta1: ArrayLike, phi1: ArrayLike, eta2: ArrayLike, phi2: ArrayLike) -> np.ndarray:
    """Angular distance sqrt(d_eta^2 + d_phi^2) in the eta-phi plane; shapes broadcast."""
    return np.hypot(np.subtract(eta1, eta2), delta_phi(phi1, phi2))


def four_vectors(
    pt: ArrayLike, eta: ArrayLike, phi: ArrayLike, mass: ArrayLike = 0.0
) -> np.ndarray:
    """Four-vectors (..., 4) as (E, px, py, pz) [GeV] from pT, mass [GeV], eta and phi [rad]."""
    pt, eta, phi, mass = _floats(pt, eta, phi, mass)
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
    return np.stack([energy, px, py, pz], axis=-1)


def pt_eta_phi_mass(
    p4: ArrayLike,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split four-vectors (..., 4), (E, px, py, pz) [GeV], into pT, eta, phi and mass arrays (...).

    A vector without transverse momentum gets eta = phi = 0; an invariant mass squared that
    rounding made negative gives mass 0.

    Raises:
        ValueError: if the last axis does not hold four components.
    """
    p4 = np.asarray(p4)
    if p4.shape[-1:] != (4,):
        raise ValueError(
            f"four-vectors of shape {p4.shape}: the last axis must hold (E, px, py, pz)"
        )
    energy, px, py, pz = np.moveaxis(p4, -1, 0)
    pt = np.hypot(px, py)
    eta = np.arcsinh(np.divide(pz, pt, out=np.zeros_like(pt), where=pt > 0))
    mass = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0))
    return pt, eta, wrap_phi(np.arctan2(py, px)), mass


def rapidity(pt: ArrayLike, eta: ArrayLike, mass: ArrayLike) -> np.ndarray:
    """Rapidity y from pT, mass [GeV] and pseudorapidity: m_T sinh y = p_z = pT sinh eta.

    Shapes broadcast. 0 where the transverse mass m_T = sqrt(pT^2 + m^2) is 0.
    """
    pt, eta, mass = np.broadcast_arrays(*_floats(pt, eta, mass))
    transverse_mass = np.hypot(pt, mass)
    pz = pt * np.sinh(eta)
    zero = np.zeros_like(transverse_mass)
    return np.arcsinh(np.divide(pz, transverse_mass, out=zero, where=transverse_mass > 0))


def pseudorapidity(pt: ArrayLike, rapidity: ArrayLike, mass: ArrayLike) -> np.ndarray:
    """Pseudorapidity eta from pT, mass [GeV] and rapidity: pT sinh eta = p_z = m_T sinh y.

    Shapes broadcast. 0 where pT is 0, which leaves no direction.
    """
    pt, rapidity, mass = np.broadcast_arrays(*_floats(pt, rapidity, mass))
    pz = np.hypot(pt, mass) * np.sinh(rapidity)
    return np.arcsinh(np.divide(pz, pt, out=np.zeros_like(pz), where=pt > 0))


def _floats(*values: ArrayLike) -> list[np.ndarray]:
    """Bring values to the floating-point type of the widest array among them (scalars follow)."""
    arrays = [np.asarray(v) for v in values]
    kinds = [a.dtype for a in arrays if a.ndim] or [np.dtype(float)]
    kind = np.result_type(*kinds, np.float32)
    return [a.astype(kind, copy=False) for a in arrays]
