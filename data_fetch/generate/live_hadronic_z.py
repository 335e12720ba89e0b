"""Hadronic Z decays at any coupling, simulated when they are asked for: a simulator for inference.

    simulator = LiveHadronicZ(workers=2)
    theta, sets = simulator.training_sets(200, 400, rng=0)   # (200, 2) and (200, 400, 5)
    data = simulator.simulate([0.118, 0.7], 400, rng=1)      # (400, 5)

The events are those of the recipe `ee_shapes`, from Pythia 8. A seed gives the same events whatever
the number of processes. A new point costs a tenth of a second for the start of Pythia, and some
4000 events take a second: ask for many events at few points.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from data_fetch.generate import ee_shapes
from data_fetch.generate.hadronic_z_job import SHAPES, Job, shapes_of
from data_fetch.generate.simulation import pythia
from hepml_lite.exact.priors import UniformPrior
from hepml_lite.exact.simulator import Simulator
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

LARGEST_SEED = 2**31


@dataclass(frozen=True)
class LiveHadronicZ(Simulator):
    """alpha_s and the nuisance a; five shapes of each event.

    Attributes:
        workers: processes of one thread each; 1 simulates in this process.
        settings: of Pythia, beside those of the recipe, such as "StringPT:sigma = 0.4": a nature
            that differs from the training by more than the two parameters.
        progress: show a bar of the points.

    Raises:
        ModuleNotFoundError: if pythia8mc is not installed, when events are asked for.
        ValueError: if Pythia does not take a parameter or a setting, likewise.
    """

    workers: int = 1
    settings: Sequence[str] = ()
    progress: bool = False
    parameters: ClassVar = ("alpha_s", "a_lund")
    features: ClassVar = SHAPES

    def __post_init__(self) -> None:
        workers = checked_count("workers", self.workers)
        object.__setattr__(self, "workers", workers)
        settings = self.settings
        if isinstance(settings, str) or not all(isinstance(one, str) for one in settings):
            raise ValueError(
                f"settings is {settings!r}: give several texts, as ['StringPT:sigma = 0.4']"
            )

    @property
    def prior(self) -> UniformPrior:
        """Uniform over the ranges of the bundled sample."""
        low, high = np.transpose(list(ee_shapes.RANGES.values()))
        return UniformPrior(low, high)

    def simulate(self, theta: ArrayLike, n: int = 1, rng: Seed = 0) -> np.ndarray:
        """Draw n events at each point: (n, 5) for one point (2,), (n, M, 5) for M points (M, 2)."""
        points = self.checked(theta)
        sizes = np.full(len(points), checked_count("n", n))
        of_points = self._simulated(points, sizes, checked_rng(rng))
        return of_points[0] if np.ndim(theta) < 2 else np.stack(of_points, axis=1)

    def events(self, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One event (N, 5) at each of the points (N, 2); equal points share a run of Pythia."""
        if not len(theta):
            return np.empty((0, len(self.features)))
        points, which, sizes = np.unique(theta, axis=0, return_inverse=True, return_counts=True)
        rows = np.concatenate(self._simulated(points, sizes, rng))
        result = np.empty_like(rows)
        result[np.argsort(which.ravel(), kind="stable")] = rows
        return result

    def training_sets(
        self, n_sets: int, n_events: int = ee_shapes.CHUNK, rng: Seed = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points (M, 2) that cover the prior evenly (Sobol), with their events (M, N, 5)."""
        generator = checked_rng(rng)
        seed = int(generator.integers(LARGEST_SEED))
        numbers = range(checked_count("n_sets", n_sets))
        theta = np.array([ee_shapes.point(seed, number) for number in numbers])
        return theta, self.simulate(theta, n_events, generator).swapaxes(0, 1)

    def _simulated(
        self, points: np.ndarray, sizes: np.ndarray, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Events (n, 5) of each point; the seeds are drawn first, in the order of the points."""
        pythia.version()  # raises before any work begins if Pythia is missing
        seeds = rng.integers(LARGEST_SEED, size=len(points)).tolist()
        jobs = []
        for (alpha_s, a_lund), n, seed in zip(points.tolist(), sizes.tolist(), seeds, strict=True):
            jobs.append(Job(alpha_s, a_lund, n, seed, tuple(self.settings)))
        bar = tqdm(_results(jobs, self.workers), "Z decays", len(jobs), disable=not self.progress)
        return list(bar)


def _results(jobs: Sequence[Job], workers: int) -> Iterator[np.ndarray]:
    """The result of each job, in their order, from this process or from several."""
    n_workers = min(checked_count("workers", workers), len(jobs))
    if n_workers == 1:
        yield from map(shapes_of, jobs)
        return
    # A fork would copy the threads of PyTorch in a state that they cannot leave.
    with ProcessPoolExecutor(n_workers, mp_context=get_context("spawn")) as pool:
        yield from _in_order(pool, jobs)


def _in_order(pool: ProcessPoolExecutor, jobs: Iterable[Job]) -> Iterator[np.ndarray]:
    """Results of the pool; an interrupt or an error leaves no waiting jobs in the pool."""
    try:
        yield from pool.map(shapes_of, jobs, chunksize=4)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
