"""Neural importance sampling: a normalizing flow learns where a function is large.

The method of i-flow and MadNIS (arXiv:2001.05486, arXiv:2212.06172) in small. VEGAS adapts its axes
first. Two more channels are then fitted to all points seen so far, each point with its weight
|f(x)|/q(x) (buffered training): a mixture of Gaussians, which finds separate peaks with few points,
and a flow in the variables y in which the grid is uniform. No point is thrown away, because
evaluations of f are what costs. The shares of the three channels make the error smallest. The
integral comes from new points only, so that its error is honest.
"""

from dataclasses import dataclass, field

import numpy as np

from hepml_lite.densities.change_of_variables import Logit, Standardise, chain
from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.generation.importance_sampling.channel_shares import best_shares
from hepml_lite.generation.importance_sampling.estimate import Function, Integral, checked_values
from hepml_lite.generation.importance_sampling.gaussian_channel import GaussianChannel
from hepml_lite.generation.importance_sampling.vegas import VegasGrid
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

FEWEST_OF_CHANNEL = 16  # points in the final sum: below, its variance is not known
EDGE = 1e-9  # of y: a logit at the edge is infinite


@dataclass
class Buffer:
    """All points so far (N, D), with the function (N,) and the density they were drawn from."""

    x: np.ndarray
    values: np.ndarray
    density: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Weights |f|/q (N,)."""
        return np.abs(self.values) / self.density

    def with_points(self, x: np.ndarray, values: np.ndarray, density: np.ndarray) -> "Buffer":
        """This buffer and more points."""
        return Buffer(
            np.concatenate([self.x, x]),
            np.concatenate([self.values, values]),
            np.concatenate([self.density, density]),
        )


@dataclass
class FlowIntegrator:
    """Importance sampling with three channels: a VEGAS grid, a mixture of Gaussians and a flow.

    The grid always keeps a share of the points: where the others have no density but f has some, a
    weight f/q stays below f / (share q_grid). Without it one such point could spoil the sum.

    Attributes:
        n_dimensions: D of the unit cube.
        grid_share: share of the evaluations that adapts the grid, in four iterations.
        training_shares: shares of the evaluations for each round of training of the channels.
        n_layers: of the flow.
        plan: of each training of the flow.
        grid: adapted, after `train`.
        gaussians: of x, after `train`.
        flow: density of y, after `train`.
        shares: of grid, Gaussians and flow (3,), after `train`.
        n_used: evaluations of the function in the last training.
    """

    n_dimensions: int
    grid_share: float = 0.1
    training_shares: tuple[float, ...] = (0.1, 0.15)
    n_layers: int = 3
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=30, batch_size=1024, learning_rate=1e-2, patience=8, progress=False
        )
    )
    grid: VegasGrid = field(init=False)
    gaussians: GaussianChannel | None = field(default=None, init=False, repr=False)
    flow: Flow | None = field(default=None, init=False, repr=False)
    shares: np.ndarray = field(init=False, repr=False)
    n_used: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._forget()

    def integrate(self, function: Function, n_evaluations: int, rng: Seed = 0) -> Integral:
        """The integral with all evaluations counted, those of the training included.

        Raises:
            ValueError: fewer than 1000 evaluations, or a function with values that are not finite
                or not one a point.
        """
        n_evaluations = checked_count("n_evaluations", n_evaluations, 1000, "a flow must learn")
        generator = checked_rng(rng)
        self.train(function, n_evaluations, generator)
        counts = self._counts(n_evaluations - self.n_used)
        x, density = self._drawn(counts, generator)
        weights = checked_values(function, x) / density
        value, variance = _stratified(np.split(weights, np.cumsum(counts)[:-1]), self.shares)
        return Integral(value, float(np.sqrt(variance)), n_evaluations)

    def train(self, function: Function, n_evaluations: int, rng: np.random.Generator) -> None:
        """Adapt the grid, then train the channels in rounds, with shares of these evaluations."""
        self._forget()
        buffer = self._adapted(function, round(self.grid_share * n_evaluations), rng)
        for number, share in enumerate(self.training_shares, 1):
            x, density = self.sample(round(share * n_evaluations), rng)
            buffer = buffer.with_points(x, checked_values(function, x), density)
            self.n_used += len(x)
            self._fit(buffer, with_flow=number == len(self.training_shares), rng=rng)

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, D) of the mixture of channels, and their density (n,)."""
        return self._drawn(self._counts(n), rng)

    def _forget(self) -> None:
        self.grid = VegasGrid(self.n_dimensions)
        self.gaussians = None
        self.flow = None
        self.shares = np.array([1.0])
        self.n_used = 0

    def _counts(self, n: int) -> np.ndarray:
        """How many of n points each channel draws: its share, and what is left from the first."""
        counts = np.maximum(np.round(self.shares * n).astype(int), min(FEWEST_OF_CHANNEL, n // 3))
        counts[np.argmax(counts)] += n - counts.sum()
        return counts

    def _drawn(self, counts: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points of each channel in turn, and the density of the mixture with their shares."""
        parts = [self.grid.sample(int(counts[0]), rng)[0]]
        if self.gaussians is not None and len(counts) > 1:
            parts.append(self.gaussians.sample(int(counts[1]), rng))
        if self.flow is not None and len(counts) > 2:
            parts.append(self.grid.from_uniform(self.flow.sample(int(counts[2]), rng=rng))[0])
        self.shares = counts / counts.sum()
        x = np.concatenate(parts)
        return x, self.shares @ self._densities(x)

    def _densities(self, x: np.ndarray) -> np.ndarray:
        """Density of each channel at points (N, D), (K, N)."""
        y = self.grid.to_uniform(x)
        _, of_grid = self.grid.from_uniform(y)
        channels = [of_grid]
        if self.gaussians is not None:
            channels.append(self.gaussians.density(x))
        if self.flow is not None:
            inside = np.clip(y, EDGE, 1 - EDGE)
            channels.append(of_grid * np.exp(self.flow.log_prob(inside)))
        return np.stack(channels)

    def _adapted(self, function: Function, n: int, rng: np.random.Generator) -> Buffer:
        """Four iterations of VEGAS with n points in all."""
        nothing = np.empty(0)
        buffer = Buffer(np.empty((0, self.n_dimensions)), nothing, nothing)
        for _ in range(4):
            x, density = self.grid.sample(n // 4, rng)
            values = checked_values(function, x)
            buffer = buffer.with_points(x, values, density)
            self.grid.adapt(x, np.abs(values) / density)
            self.n_used += len(x)
        return buffer

    def _fit(self, buffer: Buffer, with_flow: bool, rng: np.random.Generator) -> None:
        """Fit new channels to four fifths of the points, and their shares to the others."""
        if not (buffer.sizes > 0).any():
            raise ValueError(
                f"the function is zero at all {len(buffer.x)} points so far: give more "
                "evaluations, or a function that is not zero almost everywhere"
            )
        is_held_out = rng.random(len(buffer.x)) < 0.2
        some = (buffer.sizes > 0) & ~is_held_out
        x, sizes = buffer.x[some], buffer.sizes[some]
        self.gaussians = GaussianChannel().fit(x, sizes, rng)
        if with_flow:
            y = np.clip(self.grid.to_uniform(x), EDGE, 1 - EDGE)
            change = chain(Logit(), Standardise())
            self.flow = Flow(n_layers=self.n_layers, change=change, plan=self.plan)
            self.flow.fit(y, weights=sizes, rng=rng)
        channels = self._densities(buffer.x[is_held_out])
        self.shares = best_shares(buffer.values[is_held_out], buffer.density[is_held_out], channels)


def _stratified(weights: list[np.ndarray], shares: np.ndarray) -> tuple[float, float]:
    """The integral and its variance from weights of each channel, which are strata."""
    means = np.array([part.mean() for part in weights])
    variances = np.array([part.var(ddof=1) / len(part) for part in weights])
    return float(shares @ means), float(shares**2 @ variances)


def integrate(function: Function, n_dimensions: int, n_evaluations: int, rng: Seed = 0) -> Integral:
    """The integral of a function over the unit cube by neural importance sampling.

    Args:
        function: values (N,) at points (N, D), of either sign.
        n_dimensions: D.
        n_evaluations: of the function, training included; at least 1000.
        rng: generator or seed.

    Returns:
        `.value`, `.error` (one standard deviation) and `.n_evaluations`.

    Raises:
        ValueError: as `FlowIntegrator.integrate`.
    """
    return FlowIntegrator(n_dimensions).integrate(function, n_evaluations, rng)
