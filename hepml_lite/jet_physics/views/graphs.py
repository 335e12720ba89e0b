"""Jets as graphs: the nearest neighbours of each particle, and features of all pairs."""

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.views.invariants import massive_product, massless_product

PAIR_FEATURES = ("ln kT [GeV]", "ln z", "ln Delta", "ln m^2 [GeV^2]")
LOG_FLOOR = 1e-8  # floor of kT, z, Delta and m^2 under the logarithm, as in the authors' code


def nearest_neighbours(jets: Jets, k: int = 16) -> np.ndarray:
    """The k nearest constituents of each in the eta-phi plane, nearest first: slots (N, P, k) int.

    This is the graph of the first convolution of ParticleNet (arXiv:1902.08570), which takes
    pseudorapidity also for massive particles. Slots are -1 where a jet has too few constituents,
    and for padding. No particle is its own neighbour.

    Raises:
        ValueError: if k is below 1.
    """
    require_jets(jets)
    if k < 1:
        raise ValueError(f"k = {k} neighbours: ask for at least one")

    def neighbours(part: Jets) -> np.ndarray:
        distance = np.where(_pairs(part), _distances(part), np.inf)  # (n, P, P)
        near = np.argpartition(distance, min(k, distance.shape[-1]) - 1, axis=-1)[..., :k]
        apart = np.take_along_axis(distance, near, -1)
        near = np.take_along_axis(near, np.argsort(apart, axis=-1), -1)
        near = np.where(np.isfinite(np.sort(apart, axis=-1)), near, -1)
        return np.pad(near, [(0, 0), (0, 0), (0, k - near.shape[-1])], constant_values=-1)

    return np.concatenate([neighbours(part) for part in chunks(jets, _chunk(jets))])


def pairwise_features(jets: Jets) -> np.ndarray:
    """`PAIR_FEATURES` of all pairs, (N, P, P, 4) float32, as Particle Transformer reads them.

    Its attention adds them as a bias (arXiv:2202.03772):
    kT = min(pT_a, pT_b) Delta, z = min(pT_a, pT_b) / (pT_a + pT_b), Delta^2 = (y_a - y_b)^2 +
    (phi_a - phi_b)^2, m^2 = (p_a + p_b)^2. They are symmetric, and 0 on the diagonal and where one
    of the pair is padding. A boost along the beam changes none of them; no Lorentz boost changes
    m^2. The array takes 16 P^2 bytes for each jet.
    """
    require_jets(jets)
    upper = np.triu(np.ones((jets.mask.shape[1],) * 2, bool), 1)

    def features(part: Jets) -> np.ndarray:
        jet, a, b = np.nonzero(_pairs(part) & upper)  # (M,) each: one side of the diagonal
        rows = np.zeros((*part.mask.shape, part.mask.shape[1], 4), np.float32)
        particles = part.in_rapidity()
        one, other = particles[jet, a], particles[jet, b]
        if part.constituent_mass is None:
            squared_mass = _massless(one, other)
        else:
            masses = part.constituent_mass.astype(float)
            squared_mass = _massive(one, other, masses[jet, a], masses[jet, b])
        rows[jet, a, b] = rows[jet, b, a] = _logarithms(one, other, squared_mass)
        return rows

    return np.concatenate([features(part) for part in chunks(jets, _chunk(jets))])


def _massless(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Squared mass (M,) [GeV^2] of pairs of massless particles (M, 3)."""
    pt, eta, phi = one.T
    pt_other, eta_other, phi_other = other.T
    return 2 * massless_product(pt * pt_other, eta - eta_other, phi - phi_other)


def _massive(
    one: np.ndarray, other: np.ndarray, mass: np.ndarray, mass_other: np.ndarray
) -> np.ndarray:
    """Squared mass (M,) [GeV^2] of pairs of particles (M, 3) with masses (M,)."""
    return mass**2 + mass_other**2 + 2 * massive_product(one, other, mass, mass_other)


def _logarithms(one: np.ndarray, other: np.ndarray, squared_mass: np.ndarray) -> np.ndarray:
    """`PAIR_FEATURES` (M, 4) of pairs of particles (M, 3), pT, rapidity, phi, and their m^2."""
    pt, rapidity, phi = one.T
    pt_other, rapidity_other, phi_other = other.T
    softer = np.minimum(pt, pt_other)
    total = pt + pt_other
    delta = kinematics.delta_r(rapidity, phi, rapidity_other, phi_other)
    z = np.divide(softer, total, out=np.zeros_like(total), where=total > 0)
    columns = np.stack([softer * delta, z, delta, squared_mass], axis=-1)
    return np.log(np.maximum(columns, LOG_FLOOR))


def _chunk(jets: Jets) -> int:
    """Jets in a chunk: a matrix of all their pairs takes about 16 MB in double precision."""
    return max(1, 2_000_000 // jets.mask.shape[1] ** 2)


def _pairs(jets: Jets) -> np.ndarray:
    """(N, P, P) bool, true for pairs of two different real constituents."""
    return jets.mask[:, :, None] & jets.mask[:, None] & ~np.eye(jets.mask.shape[1], dtype=bool)


def _distances(jets: Jets) -> np.ndarray:
    """Delta R of all pairs, (N, P, P) float64."""
    _, eta, phi = np.moveaxis(jets.constituents.astype(float), -1, 0)
    return kinematics.delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None])
