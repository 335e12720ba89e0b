"""Weights that give simulated jets the Lund plane of data.

CMS, "A method for correcting the substructure of multiprong jets using the Lund jet plane",
arXiv:2507.07775. A jet with n prongs is taken apart into n branches. Each branch has emissions at
points x = (ln 1/Delta, ln kT) of its primary Lund plane, with a density rho(x). If emissions were
independent of each other, the ratio of the probabilities of a jet would be

    w = prod_i rho_data(x_i) / rho_simulation(x_i) * exp(-(n_data - n_simulation)),

with the mean numbers of emissions n. The exponential is the same for all jets, so the mean weight
of the simulation fixes it. The splittings that make the prongs are not weighted: a decay is known.
CMS finds the prongs by exclusive kT clustering; here the splittings with the largest kT make them.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.observables.lund import LundTree, lund_tree

ANGLE_EDGES = np.array([0.0, 0.6, 1.2, 1.8, 2.5, 7.0])  # in ln 1/Delta
KT_EDGES = np.array([-9.0, -2.0, -1.0, 0.0, 1.0, 2.0, 7.0])  # in ln kT [GeV]
PRIOR_EMISSIONS = 10.0  # of both samples in each cell: few emissions leave the ratio near one
LARGEST_FACTOR = 5.0  # of one emission
CHUNK = 1000  # jets that are clustered at a time


@dataclass(frozen=True)
class Emissions:
    """Emissions of N jets from all of their prongs, in D slots.

    Attributes:
        points: (N, D, 2), ln 1/Delta and ln kT [GeV].
        mask: (N, D), True where there is an emission.
    """

    points: np.ndarray
    mask: np.ndarray

    def __len__(self) -> int:
        return len(self.mask)


def emissions(jets: Jets, prongs: int = 1) -> Emissions:
    """The emissions of the prongs of jets, without the splittings that separate the prongs.

    The harder branch is followed from the root of the Cambridge/Aachen tree. The splitting with the
    largest kT on the way separates two prongs, and from there its softer branch is followed too;
    and so on, until there are enough prongs. With one prong it is the primary Lund plane.

    Args:
        jets: N jets.
        prongs: 1 for quarks and gluons, 2 for W, Z and Higgs, 3 for top quarks.

    Raises:
        ValueError: fewer prongs than one.
    """
    if prongs < 1:
        raise ValueError(f"prongs={prongs}: a jet has one prong or more")
    found = [_of_tree(lund_tree(part), prongs) for part in chunks(jets, CHUNK)]
    return Emissions(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _of_tree(tree: LundTree, prongs: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(len(tree.mask))
    separates = np.zeros_like(tree.mask)
    for _ in range(prongs - 1):
        open_ones = _followed(tree, separates) & ~separates
        kt = np.where(open_ones, tree.values[..., 1], -np.inf)
        hardest = kt.argmax(axis=1)
        separates[rows, hardest] |= open_ones[rows, hardest]
    return tree.values[..., :2], _followed(tree, separates) & ~separates


def _followed(tree: LundTree, separates: np.ndarray) -> np.ndarray:
    """Splittings on harder branches from the root, and from both sides of those that separate."""
    rows = np.arange(len(tree.mask))
    followed = np.zeros_like(tree.mask)
    for d in range(tree.mask.shape[1]):  # a parent comes before its children
        parent = tree.parent[:, d]
        is_harder = tree.children[rows, parent, 0] == d
        way_on = followed[rows, parent] & (is_harder | separates[rows, parent])
        followed[:, d] = tree.mask[:, d] & ((parent < 0) | way_on)
    return followed


@dataclass(frozen=True)
class LundRatio:
    """The ratio of two Lund-plane densities in cells.

    Attributes:
        ratio: (A, K), density in data over that in simulation.
        error: (A, K), its statistical error.
        angle_edges: (A + 1,) in ln 1/Delta.
        kt_edges: (K + 1,) in ln kT [GeV].
        norm: mean weight of the simulated jets of the fit, before it is divided out.
    """

    ratio: np.ndarray
    error: np.ndarray
    angle_edges: np.ndarray
    kt_edges: np.ndarray
    norm: float = 1.0

    @classmethod
    def fit(
        cls,
        simulation: Emissions,
        data: Emissions,
        angle_edges: np.ndarray = ANGLE_EDGES,
        kt_edges: np.ndarray = KT_EDGES,
        prior_emissions: float = PRIOR_EMISSIONS,
    ) -> Self:
        """Measure the ratio with jets of both samples.

        Args:
            simulation: of simulated jets.
            data: of jets in data, with as many prongs.
            angle_edges: (A + 1,) of the cells; emissions outside count in the outermost cells.
            kt_edges: (K + 1,).
            prior_emissions: added to the number in each cell of both samples.

        Raises:
            ValueError: a sample without jets.
        """
        if not len(simulation) or not len(data):
            raise ValueError(f"{len(simulation)} simulated jets, {len(data)} in data: give both")
        edges = np.asarray(angle_edges, float), np.asarray(kt_edges, float)
        in_data, simulated = (_counts(each, *edges) for each in (data, simulation))
        scale = len(data) / len(simulation)
        expected = simulated * scale
        ratio = (in_data + prior_emissions) / (expected + prior_emissions)
        below = expected + prior_emissions
        error = np.sqrt(in_data + ratio**2 * scale**2 * simulated) / below
        ratio = np.clip(ratio, 1 / LARGEST_FACTOR, LARGEST_FACTOR)
        norm = float(cls(ratio, error, *edges).weights(simulation).mean())
        return cls(ratio, error, *edges, norm)

    def weights(self, jets: Emissions) -> np.ndarray:
        """Weight (N,) of each simulated jet: the product over its emissions."""
        angle, kt = _cells(jets, self.angle_edges, self.kt_edges)
        factors = np.where(jets.mask, self.ratio[angle, kt], 1.0)
        return factors.prod(axis=1) / self.norm


def _cells(
    jets: Emissions, angle_edges: np.ndarray, kt_edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the cells of all slots, (N, D) each."""
    angle = np.searchsorted(angle_edges[1:-1], jets.points[..., 0])
    kt = np.searchsorted(kt_edges[1:-1], jets.points[..., 1])
    return angle, kt


def _counts(jets: Emissions, angle_edges: np.ndarray, kt_edges: np.ndarray) -> np.ndarray:
    """Emissions in each cell, (A, K)."""
    counts = np.zeros((len(angle_edges) - 1, len(kt_edges) - 1))
    angle, kt = _cells(jets, angle_edges, kt_edges)
    np.add.at(counts, (angle[jets.mask], kt[jets.mask]), 1)
    return counts
