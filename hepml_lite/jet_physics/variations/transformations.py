"""Physical transformations of jets, to test what changes a representation.

All return new `Jets`. Coordinates are stored in single precision: a transformation followed by its
inverse gives the same jets to about 1e-6.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets, require_jets

PHOTON = 22  # PDG number of the particle that `soft_added` adds


def permuted(jets: Jets, rng: np.random.Generator) -> Jets:
    """The constituents of each jet in random order, with padding between them."""
    require_jets(jets)
    order = rng.random(jets.mask.shape).argsort(axis=1)  # (N, P)
    rows = np.arange(len(jets))[:, None]
    return jets.mapped(lambda array: array[rows, order])


def rotated(jets: Jets, angle: float) -> Jets:
    """Turn the constituents by `angle` [rad] around the jet axis in the eta-phi plane.

    For massive constituents it is the plane of rapidity and phi. Distances Delta R between
    constituents stay the same, up to rounding. The jet mass and the jet axis change slightly: the
    plane is flat only near the axis.
    """
    d_eta, d_phi = _from_axis(jets)
    cos = np.cos(angle)
    sin = np.sin(angle)
    return _placed(jets, cos * d_eta - sin * d_phi, sin * d_eta + cos * d_phi)


def mirrored(jets: Jets) -> Jets:
    """Reflect each jet in azimuth about its axis: an exact symmetry, which keeps the mass."""
    d_eta, d_phi = _from_axis(jets)
    return _placed(jets, d_eta, -d_phi)


def turned(jets: Jets, angle: float) -> Jets:
    """Turn the whole event by `angle` [rad] around the beam: a shift of every azimuth."""
    require_jets(jets)
    pt, rapidity, phi = np.moveaxis(jets.in_rapidity(), -1, 0)
    return _with_coordinates(jets, pt, rapidity, kinematics.wrap_phi(phi + angle))


def boosted(jets: Jets, rapidity: float) -> Jets:
    """Boost the whole event along the beam: a shift of every rapidity by `rapidity`."""
    require_jets(jets)
    pt, before, phi = np.moveaxis(jets.in_rapidity(), -1, 0)
    return _with_coordinates(jets, pt, before + rapidity, phi)


def lorentz_boosted(jets: Jets, velocity: np.ndarray) -> Jets:
    """Boost the whole event by `velocity` (3,), in units of c; only Minkowski products are kept.

    Masses of constituents do not change.

    Raises:
        ValueError: if the speed is not below one.
    """
    require_jets(jets)
    coordinates = [*np.moveaxis(jets.constituents.astype(float), -1, 0)]
    if jets.constituent_mass is not None:
        coordinates.append(jets.constituent_mass.astype(float))
    p4 = kinematics.four_vectors(*coordinates) @ boost_matrix(velocity).T  # (N, P, 4)
    pt, eta, phi, _ = kinematics.pt_eta_phi_mass(p4)
    return replace(jets, constituents=np.stack([pt, eta, phi], axis=-1))


def boost_matrix(velocity: np.ndarray) -> np.ndarray:
    """The (4, 4) matrix that boosts (E, px, py, pz) of a particle at rest to this `velocity` (3,).

    Raises:
        ValueError: if the speed is not below one.
    """
    beta = np.asarray(velocity, float)
    if beta.shape != (3,) or not beta @ beta < 1:
        raise ValueError(f"velocity {velocity}: give three components with a length below 1 (c)")
    gamma = 1 / np.sqrt(1 - beta @ beta)
    matrix = np.empty((4, 4))
    matrix[0, 0] = gamma
    matrix[0, 1:] = matrix[1:, 0] = gamma * beta
    matrix[1:, 1:] = np.eye(3) + gamma**2 / (gamma + 1) * np.outer(beta, beta)
    return matrix


def collinear_split(jets: Jets, which: int = 0, z: float = 0.3, angle: float = 0.0) -> Jets:
    """Split constituent number `which` in falling pT into fractions z and 1 - z of its pT.

    The mass is split in the same way, so that for angle = 0 the sum of four-vectors does not
    change. The two are `angle` apart, on the diagonal of the eta-phi plane, around their common
    centre. The second one fills a new slot and has the same particle identity. Jets of too few
    constituents do not change.

    Raises:
        ValueError: if z is not between 0 and 1 or `which` is negative.
    """
    require_jets(jets)
    if not 0 < z < 1 or which < 0:
        raise ValueError(f"which = {which}, z = {z}: which must be at least 0, and z within (0, 1)")
    long = jets.padded(jets.mask.shape[1] + 1)
    able = np.flatnonzero(jets.n_constituents > which)
    falling = np.where(jets.mask, -jets.constituents[..., 0], np.inf).argsort(1, kind="stable")
    slot = falling[able, which] if len(able) else able
    copy = long.mapped(lambda array: _copied(array, able, slot))
    pair = np.stack([copy.constituents[able, slot], copy.constituents[able, -1]], 1)  # (n, 2, 3)
    pair = pair.astype(float)
    fraction = np.array([z, 1 - z])
    pair[..., 0] *= fraction
    pair[..., 1:] += (np.array([1 - z, -z]) * angle / np.sqrt(2))[:, None]
    pair[..., 2] = kinematics.wrap_phi(pair[..., 2])
    constituents = copy.constituents.copy()
    constituents[able, slot] = pair[:, 0]
    constituents[able, -1] = pair[:, 1]
    if copy.constituent_mass is None:
        return replace(copy, constituents=constituents)
    mass = copy.constituent_mass.copy()
    mass[able, slot] *= z
    mass[able, -1] *= 1 - z
    return replace(copy, constituents=constituents, constituent_mass=mass)


def soft_added(jets: Jets, pt: float, rng: np.random.Generator, radius: float = 0.4) -> Jets:
    """Add a photon of `pt` [GeV] to each jet, at a random place within `radius` of its axis.

    Raises:
        ValueError: if pt is not positive.
    """
    require_jets(jets)
    if not pt > 0:
        raise ValueError(f"pt = {pt}: give a positive pT in GeV")
    distance = radius * np.sqrt(rng.random(len(jets)))
    angle = rng.uniform(-np.pi, np.pi, len(jets))
    eta = _axis(jets) + distance * np.cos(angle)
    phi = kinematics.wrap_phi(jets.phi + distance * np.sin(angle))
    long = jets.padded(jets.mask.shape[1] + 1)
    arrays: dict[str, Any] = {}
    arrays["constituents"] = long.constituents.copy()
    arrays["mask"] = long.mask.copy()
    arrays["constituents"][:, -1] = np.stack([np.full(len(jets), pt), eta, phi], axis=-1)
    arrays["mask"][:, -1] = True
    if long.pid is not None:
        arrays["pid"] = long.pid.copy()
        arrays["pid"][:, -1] = PHOTON
    return replace(long, **arrays)


def _copied(array: np.ndarray, rows: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """The array (N, P, ...), where in the given rows the last slot is a copy of `slot`."""
    array = array.copy()
    array[rows, -1] = array[rows, slot]
    return array


def _from_axis(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """Distances (N, P) of the constituents from the jet axis in rapidity and phi, float64."""
    require_jets(jets)
    _, rapidity, phi = np.moveaxis(jets.in_rapidity(), -1, 0)
    return rapidity - _axis(jets)[:, None], kinematics.delta_phi(phi, jets.phi[:, None])


def _axis(jets: Jets) -> np.ndarray:
    """First coordinate (N,) of the jet axis in the plane of the constituents' rapidities.

    It is the pseudorapidity for massless constituents and the rapidity for massive ones.
    """
    return jets.eta if jets.constituent_mass is None else jets.rapidity


def _placed(jets: Jets, d_eta: np.ndarray, d_phi: np.ndarray) -> Jets:
    """The same constituents at these distances (N, P) from the jet axis."""
    rapidity = _axis(jets)[:, None] + d_eta
    phi = kinematics.wrap_phi(jets.phi[:, None] + d_phi)
    return _with_coordinates(jets, jets.constituents[..., 0], rapidity, phi)


def _with_coordinates(jets: Jets, pt: np.ndarray, rapidity: np.ndarray, phi: np.ndarray) -> Jets:
    """The jets with new coordinates of the constituents, each (N, P), and the same masses.

    `Jets` sets the padding to zero.
    """
    eta = rapidity
    if jets.constituent_mass is not None:
        eta = kinematics.pseudorapidity(pt, rapidity, jets.constituent_mass.astype(float))
    return replace(jets, constituents=np.stack([pt, eta, phi], axis=-1))
