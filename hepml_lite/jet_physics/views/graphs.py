"""Jets as graphs: who is near whom, and what each pair of particles would make together."""

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.views.invariants import massless_product

PAIR_FEATURES = ("ln kT [GeV]", "ln z", "ln Delta", "ln m^2 [GeV^2]")
SMALLEST = 1e-8  # floor of kT, z, Delta and m^2 under the logarithm, as in the authors' code


def nearest_neighbours(jets: Jets, k: int = 16) -> np.ndarray:
    """The k nearest constituents of each in the eta-phi plane, nearest first: slots (N, P, k) int.

    The graph on which ParticleNet convolves first (arXiv:1902.08570). -1 where a jet has too few
    constituents, and for padding; no particle is its own neighbour.

    Raises:
        ValueError: if k is below 1.
    """
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

    They are added to its attention (arXiv:2202.03772):
    kT = min(pT_a, pT_b) Delta, z = min(pT_a, pT_b) / (pT_a + pT_b), Delta^2 = (y_a - y_b)^2 +
    (phi_a - phi_b)^2, m^2 = (p_a + p_b)^2. Symmetric; 0 on the diagonal and where either is
    padding. Unchanged by boosts along the beam; m^2 by all. Takes 16 P^2 bytes a jet.
    """
    upper = np.triu(np.ones((jets.mask.shape[1],) * 2, bool), 1)

    def features(part: Jets) -> np.ndarray:
        jet, a, b = np.nonzero(_pairs(part) & upper)  # (M,) each: one side of the diagonal
        rows = np.zeros((*part.mask.shape, part.mask.shape[1], 4), np.float32)
        pairs = part.constituents[jet, a].astype(float), part.constituents[jet, b].astype(float)
        rows[jet, a, b] = rows[jet, b, a] = _logarithms(*pairs)
        return rows

    return np.concatenate([features(part) for part in chunks(jets, _chunk(jets))])


def _logarithms(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """`PAIR_FEATURES` (M, 4) of pairs of particles (M, 3), pT, eta and phi."""
    (pt, eta, phi), (pt_other, eta_other, phi_other) = one.T, other.T
    softer, total = np.minimum(pt, pt_other), pt + pt_other
    delta = kinematics.delta_r(eta, phi, eta_other, phi_other)
    z = np.divide(softer, total, out=np.zeros_like(total), where=total > 0)
    mass2 = 2 * massless_product(pt * pt_other, eta - eta_other, phi - phi_other)
    columns = np.stack([softer * delta, z, delta, mass2], axis=-1)
    return np.log(np.maximum(columns, SMALLEST))


def _chunk(jets: Jets) -> int:
    """Jets at a time, so that their matrices of pairs take about 16 MB each in double precision."""
    return max(1, 2_000_000 // jets.mask.shape[1] ** 2)


def _pairs(jets: Jets) -> np.ndarray:
    """(N, P, P) bool, true for pairs of two different real constituents."""
    return jets.mask[:, :, None] & jets.mask[:, None] & ~np.eye(jets.mask.shape[1], dtype=bool)


def _distances(jets: Jets) -> np.ndarray:
    """Delta R of all pairs, (N, P, P) float64."""
    _, eta, phi = np.moveaxis(jets.constituents.astype(float), -1, 0)
    return kinematics.delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None])
