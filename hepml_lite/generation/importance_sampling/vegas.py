"""VEGAS: importance sampling with one adaptive axis for each variable.

G. P. Lepage, J. Comput. Phys. 27 (1978) 192; arXiv:2009.05112, sections 2.1 and 2.2, whose
notation is used. Every axis is cut into bins that are equally likely, so that the density is high
where bins are narrow. The grid factorises: q(x) is a product of one density for each variable.
"""

import numpy as np

from hepml_lite.generation.importance_sampling.estimate import (
    Function,
    Integral,
    checked_values,
    combined,
)
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

DAMPING = 0.5  # alpha of arXiv:2009.05112: how fast the grid moves; 0 freezes it


class VegasGrid:
    """Axes of the unit cube in bins that are equally likely.

    Args:
        n_dimensions: D.
        n_bins: of each axis.
    """

    def __init__(self, n_dimensions: int, n_bins: int = 200):
        self.n_bins = checked_count("n_bins", n_bins)
        axis = np.linspace(0, 1, self.n_bins + 1)
        self.edges = np.tile(axis, (checked_count("n_dimensions", n_dimensions), 1))  # (D, B + 1)

    @property
    def n_dimensions(self) -> int:
        """D."""
        return len(self.edges)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, D) and their density (n,)."""
        return self.from_uniform(rng.random((n, self.n_dimensions)))

    def from_uniform(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points x (N, D) of uniform y (N, D) in [0, 1), and the density of x (N,)."""
        scaled = y * self.n_bins
        bins = np.minimum(scaled.astype(int), self.n_bins - 1)
        axes = np.arange(self.n_dimensions)
        widths = np.diff(self.edges)[axes, bins]
        x = self.edges[axes, bins] + (scaled - bins) * widths
        return x, np.prod(1 / (self.n_bins * widths), axis=1)

    def to_uniform(self, x: np.ndarray) -> np.ndarray:
        """The y (N, D) of points x (N, D)."""
        steps = np.linspace(0, 1, self.n_bins + 1)
        return np.stack([np.interp(v, e, steps) for v, e in zip(x.T, self.edges, strict=True)], 1)

    def adapt(self, x: np.ndarray, weights: np.ndarray) -> None:
        """Narrow the bins that hold much of the summed squares of the weights f/q (N,)."""
        bins = self._bins(x)
        for axis in range(self.n_dimensions):
            squares = np.bincount(bins[:, axis], weights=weights**2, minlength=self.n_bins)
            if squares.sum() > 0:
                self.edges[axis] = self._equally_filled(self.edges[axis], squares)

    def _bins(self, x: np.ndarray) -> np.ndarray:
        found = [np.searchsorted(e[1:-1], v, "right") for e, v in zip(self.edges, x.T, strict=True)]
        return np.stack(found, axis=1)

    def _equally_filled(self, edges: np.ndarray, squares: np.ndarray) -> np.ndarray:
        """New edges (B + 1,) between which the smoothed, damped squares (B,) are the same."""
        padded = np.pad(squares, 1, mode="edge")
        smooth = (padded[:-2] + 6 * padded[1:-1] + padded[2:]) / 8  # eq. 22
        share = smooth / smooth.sum()
        damped = np.zeros(self.n_bins)
        some = (share > 0) & (share < 1)
        damped[some] = ((1 - share[some]) / np.log(1 / share[some])) ** DAMPING  # eq. 23
        damped[share == 1] = 1.0
        cumulative = np.append(0, np.cumsum(damped))
        return np.interp(np.linspace(0, cumulative[-1], self.n_bins + 1), cumulative, edges)


def vegas(
    function: Function,
    n_dimensions: int,
    n_evaluations: int,
    n_iterations: int = 10,
    rng: Seed = 0,
    grid: VegasGrid | None = None,
) -> Integral:
    """The integral over the unit cube by VEGAS without stratified sampling.

    Args:
        function: values (N,) at points (N, D).
        n_dimensions: D.
        n_evaluations: points in all iterations together.
        n_iterations: after each the grid adapts; the first half only trains it.
        rng: generator or seed.
        grid: adapted in place; None: a new one.

    Raises:
        ValueError: counts below 1, fewer than two points an iteration, a function with values that
            are not finite or not one a point.
    """
    n_iterations = checked_count("n_iterations", n_iterations, 2)
    per_iteration = checked_count("n_evaluations", n_evaluations, 2 * n_iterations) // n_iterations
    generator = checked_rng(rng)
    grid = VegasGrid(n_dimensions) if grid is None else grid
    estimates = []
    for _ in range(n_iterations):
        x, density = grid.sample(per_iteration, generator)
        weights = checked_values(function, x) / density
        estimates.append(Integral.of_weights(weights))
        grid.adapt(x, weights)
    trained = combined(estimates[n_iterations // 2 :])
    return trained._replace(n_evaluations=per_iteration * n_iterations)
