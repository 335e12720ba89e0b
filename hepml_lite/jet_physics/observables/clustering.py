"""Sequential clustering of many jets at once into binary trees, kept as arrays.

FastJet clusters faster, but its Python interface does not give the history of the merges. Lund
planes and sequences need this history.
"""

from dataclasses import dataclass

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets, require_jets

ALGORITHMS = ("cambridge", "kt")
JETS_AT_ONCE = 128  # jets clustered at the same time: their distances fit into the cache


@dataclass(frozen=True, eq=False)
class Trees:
    """The clustering of N jets of up to P constituents.

    Nodes 0 to P - 1 are the slots of the constituents, node P + k is the k-th merge of a jet, and
    its last merge is the root.

    Attributes:
        momenta: (N, 2 P - 1, 4) float64, E, px, py, pz [GeV] of every node; 0 where there is none.
        children: (N, 2 P - 1, 2) int, the nodes merged, that of higher pT first; -1 for none.
        parent: (N, 2 P - 1) int, the node into which each is merged; -1 for the root, or no node.
        root: (N,) int, the node that is the whole jet.
        mask: (N, 2 P - 1) bool, true where there is a node.
    """

    momenta: np.ndarray
    children: np.ndarray
    parent: np.ndarray
    root: np.ndarray
    mask: np.ndarray

    @property
    def slots(self) -> int:
        """P, the number of constituent slots."""
        return (self.mask.shape[1] + 1) // 2


def cluster(jets: Jets, algorithm: str = "cambridge") -> Trees:
    """Merge the nearest pair until one is left: E-scheme, no radius.

    The distance of a pair is Delta R^2, in rapidity and azimuth, for "cambridge"
    (hep-ph/9707323), and min(pT)^2 Delta R^2 for "kt" (hep-ph/9305266). The result takes about
    130 P bytes for each jet; give large samples in chunks.

    Raises:
        TypeError: for anything but `Jets`.
        ValueError: for another algorithm.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm {algorithm!r}: choose from {ALGORITHMS}")
    require_jets(jets)
    trees = _leaves(jets)
    falling = np.argsort(-jets.n_constituents, kind="stable")
    for start in range(0, len(jets), JETS_AT_ONCE):
        _cluster_group(jets, falling[start : start + JETS_AT_ONCE], algorithm == "kt", trees)
    return trees


def rapidity(momenta: np.ndarray) -> np.ndarray:
    """Rapidity of four-vectors (..., 4), (E, px, py, pz); 0 without transverse mass."""
    pt, _, _, mass = kinematics.pt_eta_phi_mass(momenta)
    transverse = np.hypot(pt, mass)
    pz = momenta[..., 3]
    return np.arcsinh(np.divide(pz, transverse, out=np.zeros_like(pz), where=transverse > 0))


def _leaves(jets: Jets) -> Trees:
    """Trees before the first merge."""
    n, slots = jets.mask.shape
    nodes = 2 * slots - 1
    momenta = np.zeros((n, nodes, 4))
    mask = np.zeros((n, nodes), bool)
    coordinates = [*np.moveaxis(jets.constituents.astype(float), -1, 0)]
    if jets.constituent_mass is not None:
        coordinates.append(jets.constituent_mass.astype(float))
    momenta[:, :slots] = kinematics.four_vectors(*coordinates) * jets.mask[..., None]
    mask[:, :slots] = jets.mask
    children = np.full((n, nodes, 2), -1)
    parent = np.full((n, nodes), -1)
    return Trees(momenta, children, parent, jets.mask.argmax(axis=1), mask)


def _cluster_group(jets: Jets, group: np.ndarray, kt: bool, trees: Trees) -> None:
    """Cluster a group (G,) of jets, in falling multiplicity, and fill their rows of `trees`."""
    number = jets.n_constituents[group]
    largest = int(number[0])
    slots = jets.mask.shape[1]
    node = np.argsort(~jets.mask[group], axis=1, kind="stable")[:, :largest]  # real ones first
    near = _Nearest(trees.momenta[group[:, None], node], number, kt)
    for merge in range(largest - 1):
        active = int(np.count_nonzero(number > merge + 1))  # the first jets of the group
        rows = group[:active]
        every = np.arange(active)
        first, second = near.closest(active)  # the harder one first
        pair = np.stack([node[every, first], node[every, second]], axis=1)  # (A, 2)
        total = trees.momenta[rows[:, None], pair].sum(axis=1)  # (A, 4)
        trees.momenta[rows, slots + merge] = total
        trees.children[rows, slots + merge] = pair
        trees.parent[rows[:, None], pair] = slots + merge
        trees.mask[rows, slots + merge] = True
        trees.root[rows] = slots + merge
        node[every, first] = slots + merge
        near.merge(first, second, total)


class _Nearest:
    """Pseudojets of G jets in W columns, each with its nearest partner in the same jet."""

    def __init__(self, momenta: np.ndarray, number: np.ndarray, kt: bool):
        """momenta (G, W, 4); only the first `number` (G,) of each jet are real."""
        self.kt = kt
        self.gone = np.arange(momenta.shape[1]) >= number[:, None]  # (G, W)
        self.pt, _, self.phi, _ = kinematics.pt_eta_phi_mass(momenta)
        self.rapidity = rapidity(momenta)
        # Azimuths relative to one particle of the jet: then no difference jumps by 2 pi
        self.reference = self.phi[:, 0].copy()
        self.phi = kinematics.delta_phi(self.phi, self.reference[:, None])
        everywhere = np.abs(np.where(self.gone, 0, self.phi)).max() >= np.pi / 2
        self.azimuths_between = kinematics.delta_phi if everywhere else np.subtract
        self.partner = np.zeros(self.gone.shape, int)
        self.nearest = np.full(self.gone.shape, np.inf)
        self._search(*np.nonzero(~self.gone))

    def closest(self, active: int) -> tuple[np.ndarray, np.ndarray]:
        """Columns (A,) of the closest pair in each of the first A jets, the harder one first."""
        every = np.arange(active)
        one = self.nearest[:active].argmin(axis=1)
        other = self.partner[every, one]
        swap = self.pt[every, one] < self.pt[every, other]
        return np.where(swap, other, one), np.where(swap, one, other)

    def merge(self, kept: np.ndarray, gone: np.ndarray, momentum: np.ndarray) -> None:
        """Put the sums (A, 4) into columns `kept` (A,) of the first A jets; drop columns `gone`."""
        active = len(kept)
        every = np.arange(active)
        self.gone[every, gone] = True
        self.nearest[every, gone] = np.inf
        pt, _, phi, _ = kinematics.pt_eta_phi_mass(momentum)
        self.pt[every, kept] = pt
        self.rapidity[every, kept] = rapidity(momentum)
        self.phi[every, kept] = kinematics.delta_phi(phi, self.reference[:active])
        nearest = self.nearest[:active]  # a view (A, W)
        partner = self.partner[:active]  # a view (A, W)
        lost = (partner == kept[:, None]) | (partner == gone[:, None])
        distance = self._distances(slice(active), every, kept)  # (A, W)
        closer = distance < nearest
        np.copyto(nearest, distance, where=closer)
        np.copyto(partner, kept[:, None], where=closer)
        lost &= ~closer & ~self.gone[:active]  # the partner moved away or is gone
        lost[every, kept] = False
        nearest[every, kept] = distance.min(1)
        partner[every, kept] = distance.argmin(1)
        self._search(*np.nonzero(lost))

    def _search(self, jet: np.ndarray, column: np.ndarray) -> None:
        """Find the nearest partners of these pseudojets, (L,) each, from scratch."""
        for part in np.array_split(np.arange(len(jet)), len(jet) // 4096 + 1):
            rows = jet[part]
            columns = column[part]
            distance = self._distances(rows, rows, columns)  # (L, W)
            best = distance.argmin(axis=1)
            self.partner[rows, columns] = best
            self.nearest[rows, columns] = distance[np.arange(len(rows)), best]

    def _distances(
        self, rows: np.ndarray | slice, jet: np.ndarray, column: np.ndarray
    ) -> np.ndarray:
        """Distances (L, W) of one pseudojet of each of these jets to all others of the same jet."""
        apart = np.square(self.rapidity[rows] - self.rapidity[jet, column][:, None])
        apart += self.azimuths_between(self.phi[rows], self.phi[jet, column][:, None]) ** 2
        if self.kt:
            apart *= np.minimum(self.pt[rows], self.pt[jet, column][:, None]) ** 2
        apart[self.gone[rows]] = np.inf
        apart[np.arange(len(jet)), column] = np.inf
        return apart
