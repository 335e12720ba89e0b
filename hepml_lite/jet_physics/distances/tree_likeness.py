"""How much a distance is like that of a tree: Gromov's four points, and trees to compare with.

In a tree the two largest of d(x,y) + d(z,w), d(x,z) + d(y,w), d(x,w) + d(y,z) are equal for any
four points. Half of what they differ by is δ: M. Gromov, "Hyperbolic groups" (1987). Of jets: N. S.
Woodward et al., arXiv:2412.07033. A small δ has another possible reason: distances that are nearly
all equal, as those of random points in many dimensions.
"""

from typing import NamedTuple

import numpy as np

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.clustering import cluster
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng


class FourPoints(NamedTuple):
    """What many sets of four points say.

    Attributes:
        mean: of δ over the largest distance of the four, doubled; 0 for a tree, at most 1.
        largest: δ of the worst four over the largest distance of all, doubled: δ_rel of
            arXiv:2412.07033, if all sets are tried.
    """

    mean: float
    largest: float


def four_points(distances: np.ndarray, n: int = 20_000, rng: Seed = 0) -> FourPoints:
    """Gromov's δ of n random sets of four different points.

    Args:
        distances: (N, N) with N of 4 or more.
        n: number of sets.
        rng: seed or generator.

    Raises:
        ValueError: fewer than four points, or no set.
    """
    distances = checked_finite("distances", distances, n_axes=2)
    n_points = checked_count("the number of points", len(distances), 4, "δ needs four")
    n = checked_count("n", n)
    generator = checked_rng(rng)
    x, y, z, w = generator.random((n, n_points)).argpartition(3, axis=1)[:, :4].T
    sums = np.stack(
        [
            distances[x, y] + distances[z, w],
            distances[x, z] + distances[y, w],
            distances[x, w] + distances[y, z],
        ]
    )  # (3, n)
    sums.sort(axis=0)
    delta = (sums[2] - sums[1]) / 2
    pairs = np.stack([distances[a, b] for a, b in ((x, y), (z, w), (x, z), (y, w), (x, w), (y, z))])
    return FourPoints(
        float(np.mean(2 * delta / pairs.max(axis=0))), float(2 * delta.max() / distances.max())
    )


def path_lengths(parent: np.ndarray, length: np.ndarray | None = None) -> np.ndarray:
    """Lengths of the paths between all nodes of a tree, (N, N).

    Args:
        parent: (N,) int, the node above each; -1 for the root. A parent may stand anywhere.
        length: (N,) of the edge above each node; None: all are 1.

    Raises:
        ValueError: no root or several, or a circle.
    """
    parent = np.asarray(parent)
    if (parent == -1).sum() != 1:
        raise ValueError(f"{(parent == -1).sum()} roots: one node has the parent -1")
    edges = np.ones(len(parent)) if length is None else np.asarray(length, float)
    above = np.zeros((len(parent), len(parent)))  # [i, k]: length of edge k, if it is above i
    node = np.arange(len(parent))
    for _ in range(len(parent)):
        inside = parent[node] >= 0
        rows = np.flatnonzero(inside)
        if not len(rows):
            return np.abs(above[:, None] - above[None]).sum(-1)
        above[rows, node[rows]] = edges[node[rows]]
        node = np.where(inside, parent[node], node)
    raise ValueError("the parents go in a circle: a tree has none")


def clustering_tree(jet: Jets, algorithm: str = "cambridge") -> np.ndarray:
    """Parents (2 n - 1,) of the tree in which one jet of n particles was clustered.

    Raises:
        ValueError: not exactly one jet, or another algorithm.
    """
    if len(jet) != 1:
        raise ValueError(f"{len(jet)} jets: give one, such as jets[:1]")
    trees = cluster(jet, algorithm)
    real = trees.mask[0]
    place = np.cumsum(real) - 1  # of each real node among the real ones
    parent = trees.parent[0][real]
    return np.where(parent == -1, -1, place[parent])


def regular_tree(branches: int, depth: int) -> np.ndarray:
    """Parents of a tree in which each node above the last level has as many branches.

    Args:
        branches: of each node.
        depth: levels below the root.
    """
    branches = checked_count("branches", branches)
    depth = checked_count("depth", depth)
    parents, level = [-1], [0]
    for _ in range(depth):
        below = [node for node in level for _ in range(branches)]
        level = list(range(len(parents), len(parents) + len(below)))
        parents.extend(below)
    return np.array(parents)
