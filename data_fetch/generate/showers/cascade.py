"""A Monte Carlo of electromagnetic cascades in a block of lead tungstate, many showers at once.

It simulates the processes of `cascade_processes`, one step of every particle at a time. It is not
Geant4: one homogeneous material, no magnetic field, no sampling layers, approximate cross sections.
Particles below a cut-off leave their energy where they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from data_fetch.generate.showers import cascade_processes as physics
from data_fetch.generate.showers.cascade_processes import ELECTRON_MASS

PHOTON, ELECTRON, POSITRON = 0, -1, 1  # their charges
ELECTRON_CUT, PHOTON_CUT = 1.0, 0.1  # MeV
LONGEST_STEP, LARGEST_LOSS = 0.1, 0.15  # X0; share of the energy lost to ionisation in a step

Deposit = Callable[[np.ndarray, np.ndarray, np.ndarray], None]  # shower, position [X0], MeV


@dataclass(frozen=True)
class Block:
    """A cylinder around the z axis, from z = 0; lengths in X0. Energy that leaves it is lost."""

    depth: float
    radius: float

    def contains(self, position: np.ndarray) -> np.ndarray:
        """Whether each of (N, 3) positions is inside, (N,) bool."""
        x, y, z = position.T
        return (z >= 0) & (z <= self.depth) & (x**2 + y**2 <= self.radius**2)


@dataclass(frozen=True)
class Tracks:
    """Particles of several showers: arrays of equal length M."""

    shower: np.ndarray  # (M,) number of the shower
    charge: np.ndarray  # (M,) 0, -1 or +1
    energy: np.ndarray  # (M,) kinetic, MeV
    position: np.ndarray  # (M, 3) X0
    direction: np.ndarray  # (M, 3) unit vectors

    def __len__(self) -> int:
        return len(self.shower)

    def __getitem__(self, keep: np.ndarray) -> Self:
        """The tracks where `keep` (M,) is true."""
        places = np.flatnonzero(keep)  # far faster than five times a mask
        return type(self)(*(getattr(self, f.name).take(places, axis=0) for f in fields(self)))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All tracks of the parts, in their order."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def child(self, charge: int, energy: np.ndarray, direction: np.ndarray) -> Self:
        """Particles that start where these are."""
        return type(self)(
            self.shower, np.full(len(self), charge, np.int8), energy, self.position, direction
        )


def simulate(
    energy: np.ndarray,
    rng: np.random.Generator,
    block: Block,
    deposit: Deposit,
    charge: int = ELECTRON,
) -> None:
    """Follow the showers of particles that enter at the origin along +z, down to the cut-offs.

    Args:
        energy: (N,) kinetic energies [MeV].
        rng: source of all randomness.
        block: the material.
        deposit: called with the deposits of a step: numbers of the showers, positions, energies.
        charge: -1 for electrons, 0 for photons.
    """
    live = _beam(np.asarray(energy, float), charge)
    while len(live):
        photon = live.charge == PHOTON
        children = _fly(live[photon], rng, block)
        live = Tracks.concatenate([*children, *_walk(live[~photon], rng, deposit)])
        live = _stop(live[block.contains(live.position)], rng, deposit)


def _beam(energy: np.ndarray, charge: int) -> Tracks:
    n = len(energy)
    ahead = np.tile([0.0, 0.0, 1.0], (n, 1))
    return Tracks(np.arange(n), np.full(n, charge, np.int8), energy, np.zeros((n, 3)), ahead)


def _stop(tracks: Tracks, rng: np.random.Generator, deposit: Deposit) -> Tracks:
    """Stop particles below their cut-off; each stopped positron turns into two photons."""
    cut = np.where(tracks.charge == PHOTON, PHOTON_CUT, ELECTRON_CUT)
    low = tracks.energy < cut
    ended = tracks[low]
    deposit(ended.shower, ended.position, ended.energy)
    ended = ended[ended.charge == POSITRON]
    one_way = _isotropic(len(ended), rng)
    mass = np.full(len(ended), ELECTRON_MASS)
    photons = [ended.child(PHOTON, mass, way) for way in (one_way, -one_way)]
    return Tracks.concatenate([tracks[~low], *photons])


def _fly(photons: Tracks, rng: np.random.Generator, block: Block) -> list[Tracks]:
    """Move photons to their next interaction and simulate it."""
    pair, compton, absorbed = _photon_rates(photons.energy)
    total = pair + compton + absorbed
    moved = _moved(photons, rng.standard_exponential(len(photons)) / total)
    chance = np.where(block.contains(moved.position), rng.random(len(photons)) * total, np.inf)
    pairs = _pairs(moved[chance < pair], rng)
    scattered = _compton(moved[(chance >= pair) & (chance < pair + compton)], rng)
    ended = moved[(chance >= pair + compton) & (chance < np.inf)]
    photoelectrons = ended.child(ELECTRON, ended.energy, ended.direction)
    return [*pairs, *scattered, photoelectrons]


def _pairs(photons: Tracks, rng: np.random.Generator) -> list[Tracks]:
    share = physics.pair_share(photons.energy, rng)
    tracks = []
    for charge, part in ((ELECTRON, share), (POSITRON, 1 - share)):
        kinetic = np.maximum(part * photons.energy - ELECTRON_MASS, 0)
        bend = physics.radiation_bend(kinetic, rng)
        tracks.append(photons.child(charge, kinetic, _turned(photons.direction, bend, rng)))
    return tracks


def _compton(photons: Tracks, rng: np.random.Generator) -> list[Tracks]:
    """Scattered photons and the electrons that they hit; momentum is conserved."""
    share, bend = physics.compton_share(photons.energy, rng)
    direction = _turned(photons.direction, bend, rng)
    left, given = share * photons.energy, (1 - share) * photons.energy
    recoil = photons.energy[:, None] * photons.direction - left[:, None] * direction  # (M, 3)
    recoil /= np.maximum(np.linalg.norm(recoil, axis=1, keepdims=True), 1e-12)
    return [photons.child(PHOTON, left, direction), photons.child(ELECTRON, given, recoil)]


def _walk(tracks: Tracks, rng: np.random.Generator, deposit: Deposit) -> list[Tracks]:
    """One step of electrons and positrons: half of it, a change of direction, the other half."""
    loss = _continuous_loss(tracks.energy)
    step = np.minimum(LONGEST_STEP, LARGEST_LOSS * tracks.energy / loss)
    rate = np.maximum(physics.emission_rate(tracks.energy), 1e-9)
    way = rng.standard_exponential(len(tracks)) / rate
    radiates, step = way < step, np.minimum(way, step)
    bend = physics.scattering_bend(tracks.energy, step, rng)
    middle = _moved(tracks, step / 2)
    deposit(tracks.shower, middle.position, loss * step)
    direction = _turned(tracks.direction, bend, rng)
    turned = Tracks(
        tracks.shower, tracks.charge, tracks.energy - loss * step, middle.position, direction
    )
    return _radiate(_moved(turned, step / 2), radiates, rng)


def _radiate(tracks: Tracks, radiates: np.ndarray, rng: np.random.Generator) -> list[Tracks]:
    """Bremsstrahlung of the tracks where `radiates` is true."""
    source = tracks[radiates & (tracks.energy > physics.SOFT)]
    k = physics.emitted_photon(source.energy, rng)
    bend = physics.radiation_bend(source.energy, rng)
    photons = source.child(PHOTON, k, _turned(source.direction, bend, rng))
    energy = tracks.energy.copy()
    energy[radiates & (tracks.energy > physics.SOFT)] -= k
    rest = Tracks(tracks.shower, tracks.charge, energy, tracks.position, tracks.direction)
    return [photons[k > 0], rest]


def _moved(tracks: Tracks, way: np.ndarray) -> Tracks:
    position = tracks.position + way[:, None] * tracks.direction  # (M, 3)
    return Tracks(tracks.shower, tracks.charge, tracks.energy, position, tracks.direction)


def _isotropic(n: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors in random directions, (n, 3)."""
    ahead = np.tile([0.0, 0.0, 1.0], (n, 1))
    return _turned(ahead, 2 * rng.random(n), rng)


def _turned(direction: np.ndarray, bend: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors (N, 3) turned by angles of 1 - cos = `bend`, at a random azimuth."""
    x, y, z = direction.T
    # An orthonormal frame; its only special case is z = -1: Duff et al., JCGT 6 (2017) 1.
    sign = np.copysign(1.0, z)
    a = -1 / (sign + z)
    b = x * y * a
    phi = 2 * np.pi * rng.random(len(bend))
    sine = np.sqrt(np.maximum(bend * (2 - bend), 0))
    u, v = sine * np.cos(phi), sine * np.sin(phi)  # along the two axes across the direction
    turned = np.empty_like(direction)
    turned[:, 0] = (1 - bend) * x + u * (1 + sign * x**2 * a) + v * b
    turned[:, 1] = (1 - bend) * y + u * sign * b + v * (sign + y**2 * a)
    turned[:, 2] = (1 - bend) * z - u * sign * x - v * y
    return turned / np.sqrt(np.einsum("nk,nk->n", turned, turned))[:, None]


_LOWEST, _SPACING = np.log(1e-2), np.log(1e8) / 1999  # of ln(energy / MeV), 2000 points
_GRID = _LOWEST + _SPACING * np.arange(2000)
_TABLES: dict[Callable, np.ndarray] = {}


def _tabulated(energy: np.ndarray, *functions: Callable) -> list[np.ndarray]:
    """Slow functions of the energy by linear interpolation in its logarithm, each (N,)."""
    where = (np.log(energy) - _LOWEST) / _SPACING
    where = np.clip(where, 0, len(_GRID) - 1.001)
    low = where.astype(np.int64)
    share = where - low
    found = []
    for function in functions:
        if function not in _TABLES:
            _TABLES[function] = function(np.exp(_GRID))
        table = _TABLES[function]
        found.append(table[low] + share * (table[low + 1] - table[low]))
    return found


def _photon_rates(k: np.ndarray) -> list[np.ndarray]:
    return _tabulated(k, physics.pair_rate, physics.compton_rate, physics.absorption_rate)


def _continuous_loss(energy: np.ndarray) -> np.ndarray:
    (ionisation,) = _tabulated(energy, physics.ionisation_loss)
    return ionisation + physics.soft_loss(energy)
