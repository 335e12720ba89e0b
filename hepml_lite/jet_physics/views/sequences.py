"""Jets as sequences: the set of particles in a chosen order."""

import numpy as np

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.chunks import CHUNK, chunks
from hepml_lite.jet_physics.observables.clustering import ALGORITHMS, Trees, cluster

ORDERS = ("pt", *ALGORITHMS)


def sequences(
    jets: Jets, order: str = "pt", length: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Constituents in order: features (N, L, 3) float32 and mask (N, L), padding at the end.

    Features are z = pT / sum pT, eta and phi from the centre of pT. The order "pt" is falling pT.
    "cambridge" and "kt" follow the clustering tree from the jet down, the harder branch first:
    neighbours in the jet are neighbours in the sequence (arXiv:1711.09059).

    Args:
        jets: N jets of up to P constituents.
        order: one of `ORDERS`.
        length: L; later particles are cut off. Default: P.

    Raises:
        ValueError: for another order or a length below 1.
    """
    require_jets(jets)
    if length is not None and length < 1:
        raise ValueError(f"sequences of length {length}: the length must be at least 1")
    length = jets.mask.shape[1] if length is None else length
    ranks = constituent_order(jets, order)[:, :length]  # (N, L)
    mask = np.take_along_axis(jets.mask, ranks, 1)
    features = np.concatenate([centred(part).astype(np.float32) for part in chunks(jets)])
    return np.take_along_axis(features, ranks[..., None], 1), mask


def constituent_order(jets: Jets, order: str = "pt") -> np.ndarray:
    """Slots in the chosen order, (N, P) int; padding comes last.

    Raises:
        ValueError: for an order that is not one of `ORDERS`.
    """
    require_jets(jets)
    if order not in ORDERS:
        raise ValueError(f"order {order!r}: choose from {ORDERS}")
    if order == "pt":
        falling = np.where(jets.mask, -jets.constituents[..., 0], np.inf)
        return np.argsort(falling, axis=1, kind="stable")
    parts = [_places(cluster(part, order)) for part in chunks(jets, CHUNK // 4)]
    places = np.concatenate(parts)  # (N, P)
    return np.argsort(np.where(jets.mask, places, places.shape[1]), axis=1, kind="stable")


def _places(trees: Trees) -> np.ndarray:
    """Place (N, P) of each constituent in the tree, read with the harder branch first."""
    n, nodes = trees.mask.shape
    every = np.arange(n)
    leaves = np.zeros((n, nodes), int)  # number of constituents below each node
    leaves[:, : trees.slots] = trees.mask[:, : trees.slots]
    place = np.zeros((n, nodes), int)  # place of the first of them
    for node in range(trees.slots, nodes):
        here = every[trees.mask[:, node]]
        leaves[here, node] = leaves[here[:, None], trees.children[here, node]].sum(axis=1)
    for node in range(nodes - 1, trees.slots - 1, -1):
        here = every[trees.mask[:, node]]
        hard, soft = trees.children[here, node].T
        place[here, hard] = place[here, node]
        place[here, soft] = place[here, node] + leaves[here, hard]
    return place[:, : trees.slots]
