"""Draws of a density of few parameters that is known up to its normalisation, from a fine grid."""

from collections.abc import Callable

import numpy as np

LogDensity = Callable[[np.ndarray], np.ndarray]
NEGLIGIBLE = 1e-9  # of the largest density: cells below it are cut off when the grid zooms in


def draws_on_grid(
    log_density: LogDensity,
    low: np.ndarray,
    high: np.ndarray,
    n: int,
    rng: np.random.Generator,
    n_cells: int = 400,
) -> np.ndarray:
    """Draw n points (n, P): a cell by its density, and a uniform point within the cell.

    The grid zooms twice into the box that holds all but a negligible part of the density. A cell is
    then a small part of the width, and what is lost in it cannot be seen with 10 000 draws.

    Args:
        log_density: of points (N, P), (N,), up to a constant.
        low: lower ends of the box (P,).
        high: upper ends (P,).
        n: how many.
        rng: generator.
        n_cells: of each parameter.
    """
    for _ in range(2):
        edges, log_p = _on_cells(log_density, low, high, n_cells)
        low, high = _zoomed(edges, log_p)
    edges, log_p = _on_cells(log_density, low, high, n_cells)
    chance = np.exp(log_p - log_p.max()).ravel()
    chosen = rng.choice(chance.size, n, p=chance / chance.sum())
    cell = np.stack(np.unravel_index(chosen, log_p.shape), axis=-1)  # (n, P)
    width = (high - low) / n_cells
    return low + (cell + rng.random(cell.shape)) * width


def _on_cells(
    log_density: LogDensity, low: np.ndarray, high: np.ndarray, n_cells: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Edges of the cells of each parameter, and the log density in the middle of each cell."""
    edges = [np.linspace(a, b, n_cells + 1) for a, b in zip(low, high, strict=True)]
    middles = [(edge[1:] + edge[:-1]) / 2 for edge in edges]
    points = np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1)
    log_p = log_density(points.reshape(-1, len(low)))
    return edges, log_p.reshape(points.shape[:-1])


def _zoomed(edges: list[np.ndarray], log_p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The box of all cells that are not negligible, with one cell of margin."""
    matters = log_p > log_p.max() + np.log(NEGLIGIBLE)
    low = []
    high = []
    for axis, edge in enumerate(edges):
        others = tuple(i for i in range(log_p.ndim) if i != axis)
        filled = np.flatnonzero(matters.any(axis=others))
        low.append(edge[max(filled[0] - 1, 0)])
        high.append(edge[min(filled[-1] + 2, len(edge) - 1)])
    return np.array(low), np.array(high)
