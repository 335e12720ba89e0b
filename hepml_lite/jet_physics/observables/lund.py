"""The Lund plane: every splitting of a jet as a point in angle and transverse momentum."""

from dataclasses import dataclass

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.chunks import CHUNK, chunks
from hepml_lite.jet_physics.observables.clustering import Trees, cluster, rapidity

FEATURES = ("ln 1/Delta", "ln kT [GeV]", "z", "psi [rad]")
SMALLEST = 1e-8  # of angle and kT [GeV]; keeps logarithms finite where particles coincide
ANGLE_EDGES = np.linspace(0, 7, 29)  # in ln 1/Delta
KT_EDGES = np.linspace(-4, 6, 31)  # in ln kT [GeV]


@dataclass(frozen=True, eq=False)
class LundTree:
    """All splittings of N jets, the widest (first undone) first; D = P - 1 slots, padded with 0.

    Attributes:
        values: (N, D, 4) float64, the `FEATURES` of each splitting (arXiv:1807.04758):
            ln 1/Delta, ln kT = ln(pT_soft Delta) [GeV], z = pT_soft / (pT_soft + pT_hard) and
            psi = the azimuth of the softer branch about the harder one, from the phi direction.
        mask: (N, D) bool, true where there is a splitting.
        primary: (N, D) bool, true along the harder branch: the primary Lund plane.
        parent: (N, D) int, the splitting that made the branch which splits here; -1 for none.
        children: (N, D, 2) int, the next splitting of the harder and the softer branch; -1: none.
    """

    values: np.ndarray
    mask: np.ndarray
    primary: np.ndarray
    parent: np.ndarray
    children: np.ndarray


def lund_tree(jets: Jets) -> LundTree:
    """Decluster jets with Cambridge/Aachen: the input of LundNet (arXiv:2012.08526).

    It sees distances and pT only: a boost along the beam changes nothing, a rotation about the jet
    axis shifts psi of every splitting (and distances by what the E-scheme does on a sphere).
    Takes about 200 P bytes a jet: hand over large samples in chunks.
    """
    trees = cluster(jets)
    slots = trees.slots
    # Merge P + k becomes splitting D - 1 - k, which puts the root (whose place varies) first
    shift = (~trees.mask[:, slots:]).sum(axis=1)[:, None]  # empty merges, which would be in front
    order = (np.arange(slots - 1) + shift) % max(slots - 1, 1)  # (N, D)

    def arranged(array: np.ndarray) -> np.ndarray:
        reverse = array[:, : slots - 1 : -1]
        return reverse[np.arange(len(reverse))[:, None], order]

    def renamed(nodes: np.ndarray) -> np.ndarray:
        """Nodes as numbers of splittings; constituents and nothing are -1."""
        by = shift.reshape(-1, *[1] * (nodes.ndim - 1))
        return np.where(nodes >= slots, 2 * slots - 2 - nodes - by, -1)

    mask = arranged(trees.mask)
    values = arranged(_splittings(trees)) * mask[..., None]
    primary = arranged(_primary(trees))
    return LundTree(
        values, mask, primary, renamed(arranged(trees.parent)), renamed(arranged(trees.children))
    )


def primary_lund_plane(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """Splittings along the harder branch, wide to narrow: values (N, D, 4), mask (N, D).

    Columns are `FEATURES` as in `LundTree`; D = P - 1, 0 where padded. A jet of one constituent
    has none.
    """
    parts = [_along_the_harder_branch(lund_tree(part)) for part in chunks(jets, CHUNK // 4)]
    values, mask = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return values, mask


def lund_densities(
    jets: Jets, angle_edges: np.ndarray = ANGLE_EDGES, kt_edges: np.ndarray = KT_EDGES
) -> dict[str, np.ndarray]:
    """Average primary Lund plane of each class (arXiv:1807.04758), by its name.

    Arrays (A, K) of 1/N_jets d^2 n / (d ln 1/Delta d ln kT), with angles first; what lies outside
    of the edges is left out. Classes without jets are missing.
    """
    counts: dict[int, np.ndarray] = {}
    for part in chunks(jets, CHUNK // 4):
        values, mask = primary_lund_plane(part)
        for label in np.unique(part.label):
            x, y = values[mask & (part.label == label)[:, None]].T[:2]
            content = np.histogram2d(x, y, (angle_edges, kt_edges))[0]
            counts[label] = counts.get(label, 0) + content
    area = np.outer(np.diff(angle_edges), np.diff(kt_edges))
    number = np.bincount(jets.label, minlength=len(jets.names))
    return {jets.names[label]: counts[label] / area / number[label] for label in sorted(counts)}


def _along_the_harder_branch(tree: LundTree) -> tuple[np.ndarray, np.ndarray]:
    """The primary splittings of a tree, moved to the front: values (N, D, 4), mask (N, D)."""
    order = np.argsort(~tree.primary, axis=1, kind="stable")  # (N, D)
    mask = np.take_along_axis(tree.primary, order, 1)
    return np.take_along_axis(tree.values, order[..., None], 1) * mask[..., None], mask


def _splittings(trees: Trees) -> np.ndarray:
    """`FEATURES` of every node, (N, 2 P - 1, 4); meaningless where it has no children."""
    pt, _, phi, _ = kinematics.pt_eta_phi_mass(trees.momenta)
    coordinates = np.stack([pt, rapidity(trees.momenta), phi], axis=-1)  # (N, 2 P - 1, 3)
    row = np.arange(len(pt))[:, None]
    hard, soft = (np.moveaxis(coordinates[row, trees.children[..., i]], -1, 0) for i in (0, 1))
    d_rapidity, d_phi = soft[1] - hard[1], kinematics.delta_phi(soft[2], hard[2])
    delta = np.hypot(d_rapidity, d_phi)
    total = soft[0] + hard[0]
    columns = (
        -np.log(np.maximum(delta, SMALLEST)),
        np.log(np.maximum(soft[0] * delta, SMALLEST)),
        np.divide(soft[0], total, out=np.zeros_like(total), where=total > 0),
        np.arctan2(d_rapidity, d_phi),
    )
    return np.stack(columns, axis=-1)


def _primary(trees: Trees) -> np.ndarray:
    """Nodes that are reached from the root by always following the harder branch, (N, 2 P - 1)."""
    found = np.zeros_like(trees.mask)
    every = np.arange(len(found))
    found[every, trees.root] = True
    for node in range(found.shape[1] - 1, trees.slots - 1, -1):
        here = every[found[:, node]]
        found[here, trees.children[here, node, 0]] = True
    return found
