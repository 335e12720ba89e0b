"""From distances to geometry: nearest neighbours and a map of jets."""

import numpy as np
from sklearn.manifold import TSNE, smacof

from hepml_lite.statistics.metrics import Seed

METHODS = ("mds", "tsne")


def nearest_neighbours(
    distances: np.ndarray, k: int, leave_out_diagonal: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of each row: their columns (N, k) int and distances (N, k), ascending.

    Args:
        distances: (N, M).
        k: how many.
        leave_out_diagonal: the matrix is that of a sample with itself, and no jet counts as its own
            neighbour. Set False for distances from other jets.

    Raises:
        ValueError: if the matrix has another shape, or k neighbours do not exist.
    """
    distances = np.array(distances, float)
    if leave_out_diagonal:
        np.fill_diagonal(_square(distances), np.inf)
    available = distances.shape[1] - leave_out_diagonal
    if not 1 <= k <= available:
        raise ValueError(f"k = {k}: give 1 to {available}, the number of possible neighbours")
    columns = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return columns, np.take_along_axis(distances, columns, 1)


def classical_scaling(distances: np.ndarray) -> np.ndarray:
    """Points (N, 2) with these distances (N, N) as nearly as a projection can: Torgerson's scaling.

    The squares, centred in rows and columns, are -2 times the scalar products of the points; their
    two leading eigenvectors are the coordinates. Points of a plane come out exactly, up to
    rotation and reflection.
    """
    squares = _square(np.asarray(distances, float)) ** 2
    centred = squares - squares.mean(0) - squares.mean(1)[:, None] + squares.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    points = vectors[:, [-1, -2]] * np.sqrt(np.maximum(values[[-1, -2]], 0))  # (N, 2)
    farthest = np.abs(points).argmax(0)  # eigenvectors have no sign: fix it
    return points * np.where(points[farthest, [0, 1]] < 0, -1, 1)


def embed(distances: np.ndarray, method: str = "mds", rng: Seed = 0) -> np.ndarray:
    """A map of jets: points (N, 2) that lie as far from each other as the jets do.

    Args:
        distances: (N, N), N at least 3.
        method: "mds" keeps all distances as well as it can (stress majorisation from
            `classical_scaling`); "tsne" keeps who is near whom (van der Maaten, Hinton 2008).
        rng: seed or generator; the same one gives the same map.

    Raises:
        ValueError: for another method, fewer than 3 jets or a matrix that is not square.
    """
    distances = _square(np.asarray(distances, float))
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; choose one of {METHODS}")
    if len(distances) < 3:
        raise ValueError(f"{len(distances)} jets: a map needs at least 3")
    seed = int(np.random.default_rng(rng).integers(2**31))
    start = classical_scaling(distances)
    if not start.any():  # all jets are the same
        return start
    if method == "mds":
        symmetric = (distances + distances.T) / 2  # scikit-learn wants it to the last bit
        return smacof(symmetric, init=start, n_init=1, eps=1e-9, random_state=seed)[0]
    # t-SNE wants a start much smaller than the final map
    start *= 1e-4 / start[:, 0].std()
    perplexity = min(30.0, (len(distances) - 1) / 3)
    model = TSNE(perplexity=perplexity, metric="precomputed", init=start, random_state=seed)
    return model.fit_transform(distances)


def _square(distances: np.ndarray) -> np.ndarray:
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1]:
        raise ValueError(
            f"distances have shape {distances.shape}; expected (N, N): those of a sample with "
            "itself, as emd_matrix(jets, radius) gives"
        )
    return distances
