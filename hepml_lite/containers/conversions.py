"""Convert four-vectors and awkward arrays of particles to the coordinates of `Jets`."""

from typing import NamedTuple

import awkward as ak
import numpy as np
from numpy.typing import ArrayLike

from hepml_lite import kinematics
from hepml_lite.containers.particle_validation import (
    impossible_particles,
    require_particles,
    rounding_of,
)
from hepml_lite.containers.validation import booleans, plain_array, require_shape

#: Names of the fourth coordinate that the vector library knows.
ENERGY_FIELDS = ("E", "e", "energy", "t")
MASS_FIELDS = ("mass", "M", "m", "tau")
UNKNOWN = "no {} in records of the fields {}; name them pt, eta, phi, mass or px, py, pz, E"
INVALID = ("refuse", "drop")


class Particles(NamedTuple):
    """The arrays that `Jets` keeps of its particles."""

    constituents: np.ndarray  # (N, P, 3) pT [GeV], eta, phi
    mask: np.ndarray  # (N, P) bool
    mass: np.ndarray | None  # (N, P) [GeV], or None if all are massless


def particles_of_four_vectors(
    p4: ArrayLike, mask: ArrayLike | None = None, invalid: str = "refuse"
) -> Particles:
    """Coordinates of four-vectors (N, P, 4), (E, px, py, pz) [GeV].

    Without a mask (N, P), a slot holds a particle if one of its components is not zero. For
    `invalid` and the errors see `Jets.from_four_vectors`.
    """
    given = plain_array("p4", p4)
    if given.ndim != 3 or given.shape[2] != 4:
        raise ValueError(
            f"four-vectors have shape {given.shape}; expected (jets, constituents, 4) with "
            "E, px, py, pz on the last axis"
        )
    mask = (given != 0).any(axis=-1) if mask is None else booleans("mask", mask)
    require_shape("mask", mask, given.shape[:2], each="constituent slot")
    exact = given.astype(float)
    rounding = rounding_of(given.dtype)
    mask = _checked(exact, mask, rounding, invalid)
    real = mask[..., None]
    pt, eta, phi, _ = kinematics.pt_eta_phi_mass(np.where(real, given, 0))
    mass = _masses(np.where(real, exact, 0), rounding)
    return Particles(np.stack([pt, eta, phi], axis=-1), mask, mass)


def particles_of_records(array: ak.Array, invalid: str = "refuse") -> Particles:
    """Coordinates of a jagged array of momenta, N * var * record, padded to the longest jet.

    For `invalid` and the errors see `Jets.from_awkward`.
    """
    flat, mask = flattened(array)
    try:
        flat = ak.with_name(flat, "Momentum4D" if _fourth(flat) else "Momentum3D")
    except TypeError:
        raise ValueError(UNKNOWN.format("pt, eta, phi", flat.fields)) from None
    columns = [_column(flat, name) for name in ("pt", "eta", "phi")]
    constituents = _padded(np.stack(columns, axis=-1), mask)
    if not _fourth(flat):
        return Particles(constituents, mask, None)
    kind = np.result_type(*(_column(flat, name) for name in _coordinates(flat)))
    rounding = rounding_of(kind)
    precise = ak.values_astype(flat, np.float64)
    p4 = np.stack([_column(precise, name) for name in ("E", "px", "py", "pz")], axis=-1)
    if _fourth(flat) in ENERGY_FIELDS:
        p4 = _padded(p4, mask)
        mask = _checked(p4, mask, rounding, invalid)
        return Particles(constituents, mask, _masses(p4 * mask[..., None], rounding))
    mass = _column(flat, "mass")
    # Rounding can make m^2 of a massless particle negative; the vector library then gives m < 0
    mass = np.where((mass < 0) & (mass.astype(float) ** 2 < rounding * p4[:, 0] ** 2), 0, mass)
    p4 = _padded(p4, mask)
    mass = _padded(mass, mask)
    bad = ~np.isfinite(mass) | (mass < 0) | ~np.isfinite(constituents).all(axis=-1)
    if invalid == "drop":
        mask = mask & ~bad
    _require_choice(invalid)
    return Particles(constituents, mask, mass if mass.any() else None)


def flattened(array: ak.Array) -> tuple[ak.Array, np.ndarray]:
    """The particles (M,) of a jagged array, and the mask (N, P) of the slots that they fill.

    Raises:
        ValueError: if the array does not hold jets of particles, or if a jet or a particle is
            missing (None).
    """
    import vector  # here, because it brings sympy: 40 MB

    vector.register_awkward()
    if not isinstance(array, ak.Array):
        raise ValueError(f"expected an awkward array of momenta, got {type(array).__name__}")
    if array.ndim != 2:
        raise ValueError(
            f"expected jets of particles, N * var * record, got {array.type}; "
            "pass array[np.newaxis] if this is one jet"
        )
    missing = np.flatnonzero(ak.to_numpy(ak.is_none(array)))
    if len(missing):
        raise ValueError(f"jet {missing[0]} is missing (None): drop it with ak.drop_none(array)")
    number = ak.to_numpy(ak.drop_none(ak.num(array)))
    flat = ak.flatten(array)
    missing = np.flatnonzero(ak.to_numpy(ak.is_none(flat)))
    if len(missing):
        jet = np.repeat(np.arange(len(number)), number)[missing[0]]
        raise ValueError(
            f"jet {jet} has a missing particle (None): drop such particles with "
            "ak.drop_none(array, axis=1)"
        )
    mask = np.arange(number.max(initial=1)) < number[:, None]  # (N, P)
    return ak.drop_none(flat), mask


def identities(array: ak.Array, name: str) -> np.ndarray:
    """The particle identities (N, P) in the field `name`; 0 where padded.

    Raises:
        ValueError: if there is no such field, or an identity is missing.
    """
    flat, mask = flattened(array)
    if name not in flat.fields:
        raise ValueError(f"no field {name!r} for the pid; the fields are {flat.fields}")
    return _padded(_column(flat, name), mask)


def _fourth(flat: ak.Array) -> str | None:
    """The name of the field with the energy or mass, if there is one."""
    for name in (*MASS_FIELDS, *ENERGY_FIELDS):
        if name in flat.fields:
            return name
    return None


def _coordinates(flat: ak.Array) -> list[str]:
    """The fields that hold the momentum, and the energy or mass."""
    known = ("pt", "rho", "eta", "theta", "phi", "px", "py", "pz", "x", "y", "z", _fourth(flat))
    return [name for name in flat.fields if name in known]


def _column(flat: ak.Array, name: str) -> np.ndarray:
    """One coordinate of each particle, (M,)."""
    try:
        values = getattr(flat, name)
    except (AttributeError, TypeError):
        raise ValueError(UNKNOWN.format(name, flat.fields)) from None
    if ak.any(ak.is_none(values)):
        raise ValueError(f"{name} is missing (None) for some particles: drop or fill them first")
    return ak.to_numpy(ak.drop_none(values))


def _padded(flat: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The rows (M, ...) placed in their slots (N, P, ...); 0 where padded."""
    padded = np.zeros((*mask.shape, *flat.shape[1:]), flat.dtype)
    padded[mask] = flat
    return padded


def _checked(p4: np.ndarray, mask: np.ndarray, rounding: float, invalid: str) -> np.ndarray:
    """The mask (N, P) without dropped particles; impossible particles that stay are an error."""
    _require_choice(invalid)
    if invalid == "drop":
        for bad in impossible_particles(p4, mask, rounding).values():
            mask = mask & ~bad
    require_particles(p4, mask, rounding)
    return mask


def _masses(p4: np.ndarray, rounding: float) -> np.ndarray | None:
    """Masses (N, P) of four-vectors (N, P, 4); None if all of them can come from rounding.

    After rounding, half of all massless particles have E < |p| and the other half E > |p|, that is
    a small mass.
    """
    energy, px, py, pz = np.moveaxis(p4, -1, 0)
    squared = energy**2 - px**2 - py**2 - pz**2
    squared = np.where(squared > rounding * energy**2, squared, 0)
    return np.sqrt(squared) if squared.any() else None


def _require_choice(invalid: str) -> None:
    if invalid not in INVALID:
        raise ValueError(f"invalid={invalid!r}: choose one of {INVALID}")
