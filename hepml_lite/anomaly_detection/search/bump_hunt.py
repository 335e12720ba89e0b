"""The bump hunt: the most surprising window of a spectrum, and how surprising it is among so many.

G. Choudalakis, "On hypothesis testing, trials factor, hypertests and the BumpHunter",
arXiv:1101.0390.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.stats import beta, norm

from hepml_lite.anomaly_detection.search.windows import Edges, Scan, Windows
from hepml_lite.files import atomic_write
from hepml_lite.statistics.data_checks import checked_edges, checked_finite, checked_not_negative
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

TOYS_AT_ONCE = 500  # what one generator draws: the toys do not depend on the number of threads

# Estimates the background (T, *shape) of histograms (T, *shape)
BackgroundFit = Callable[[np.ndarray], np.ndarray]
NUMBERS = (
    "local_p",
    "global_p",
    "window",
    "n_observed",
    "n_expected",
    "window_p",
    "window_edges",
    "toy_p",
    "counts",
    "background",
)  # what a file of a result holds, beside the edges
Window = tuple[float, float] | tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class BumpHunt:
    """The result of a scan.

    Attributes:
        local_p: the smallest Poisson p-value of all windows.
        global_p: the share of spectra without signal whose smallest p-value is as small, counting
            the data themselves: (k + 1) / (n_toys + 1), which is never zero.
        window: its edges (low, high), in the units of the mass; of a plane a pair for each axis.
        n_observed: events in the window.
        n_expected: background in the window, scaled if that was asked.
        window_p: local p-values of all windows, (n_windows,).
        window_edges: their edges, (n_windows, axes, 2).
        toy_p: the smallest p-value of each toy, (n_toys,).
        counts: the histogram of the data, (*shape).
        background: that was expected, (*shape).
        edges: of the bins along each axis, (B + 1,) each.
    """

    local_p: float
    global_p: float
    window: Window
    n_observed: float
    n_expected: float
    window_p: np.ndarray
    window_edges: np.ndarray
    toy_p: np.ndarray
    counts: np.ndarray
    background: np.ndarray
    edges: Edges

    @property
    def local_significance(self) -> float:
        """In standard deviations, one-sided."""
        return float(norm.isf(self.local_p))

    @property
    def global_significance(self) -> float:
        """In standard deviations, one-sided; where no toy is as extreme, a lower bound."""
        return float(norm.isf(self.global_p))

    @property
    def n_toys_as_extreme(self) -> int:
        """Toys whose smallest p-value is that of the data, or less."""
        return int((self.toy_p <= self.local_p).sum())

    def global_p_interval(self, level: float = 0.68) -> Interval:
        """The global p-value with the Clopper-Pearson interval of the number of toys."""
        n_toys = len(self.toy_p)
        k = self.n_toys_as_extreme
        tail = (1 - level) / 2
        low = beta.ppf(tail, k, n_toys - k + 1) if k else 0.0
        high = beta.isf(tail, k + 1, n_toys - k) if k < n_toys else 1.0
        return Interval(self.global_p, float(low), float(high))

    def save(self, path: str | Path) -> None:
        """Write the result as a file of numbers (.safetensors), whole or not at all."""
        numbers = {name: np.array(getattr(self, name), float) for name in NUMBERS}
        axes = {f"edges_{axis}": edges for axis, edges in enumerate(self.edges)}
        with atomic_write(path) as temporary:
            save_file(numbers | axes, temporary)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a result that `save` wrote; it is the same in every bit.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file holds something else.
        """
        try:
            found = load_file(path)
        except SafetensorError as problem:
            raise ValueError(f"{path} is no bump hunt ({problem}): write one with save") from None
        missing = set(NUMBERS) - set(found)
        if missing:
            raise ValueError(f"{path} is no bump hunt, it lacks {sorted(missing)}: save one first")
        axes = sorted(set(found) - set(NUMBERS))
        return cls(
            local_p=float(found["local_p"]),
            global_p=float(found["global_p"]),
            window=_as_window(found["window"]),
            n_observed=float(found["n_observed"]),
            n_expected=float(found["n_expected"]),
            window_p=found["window_p"],
            window_edges=found["window_edges"],
            toy_p=found["toy_p"],
            counts=found["counts"],
            background=found["background"],
            edges=tuple(found[axis] for axis in axes),
        )


def bump_hunt(
    mass: ArrayLike,
    bins: ArrayLike | tuple[ArrayLike, ArrayLike],
    *,
    background: ArrayLike,
    widths: tuple[int, int] = (2, 6),
    sideband_scale: bool = False,
    refit: BackgroundFit | None = None,
    n_toys: int = 10_000,
    n_threads: int | None = None,
    rng: Seed = 0,
) -> BumpHunt:
    """Scan all windows of a spectrum for an excess, and correct for the number of windows by toys.

    Toys are Poisson numbers around the background, scanned as the data are. With the same seed
    they are the same for every number of threads.

    Args:
        mass: (N,) of the events; (N, 2) for a plane, as of two masses. Events outside the bins
            do not count.
        bins: edges (B + 1,); a pair of them for a plane.
        background: expected counts in each bin, (B,), taken as they are; (Bx, By) for a plane.
        widths: smallest and largest width of a window in bins, both included.
        sideband_scale: scale the background of each window such that it has the counts of the
            data outside of the window. The toys are drawn around the background that is scaled
            outside of the best window.
        refit: a function that estimates the background of histograms (T, B) as `background` was
            estimated from the data: it is called for the toys, whose p-values then hold the error
            of the estimate. See `SpectrumFit.refit`.
        n_toys: spectra without signal.
        n_threads: that scan toys; None: as many as there are processors.
        rng: generator or seed.

    Raises:
        ValueError: masses that are not finite, edges that do not rise, a background of another
            shape, negative, or zero everywhere, or windows wider than the spectrum.
    """
    edges = _checked_bins(bins)
    counts = _histogram(mass, edges)
    expected = _checked_background(background, counts.shape)
    scan = Scan(Windows(counts.shape, _checked_widths(widths, counts.shape)), sideband_scale)
    window_p = scan.local_p(counts, expected)
    best = int(window_p.argmin())
    seen, of_background = (numbers[best] for numbers in scan.contents(counts, expected))
    source = expected
    if sideband_scale:
        source = expected * _scale_outside(counts, expected, scan.windows.bins(best))
    toy_p = smallest_p_of_toys(
        scan, source, expected, refit, checked_count("n_toys", n_toys), n_threads, rng
    )
    n_extreme = (toy_p <= window_p[best]).sum()
    window_edges = np.array([scan.windows.edges(i, edges) for i in range(len(window_p))])
    return BumpHunt(
        local_p=float(window_p[best]),
        global_p=float((n_extreme + 1) / (len(toy_p) + 1)),
        window=_as_window(window_edges[best]),
        n_observed=float(seen),
        n_expected=float(of_background),
        window_p=window_p,
        window_edges=window_edges,
        toy_p=toy_p,
        counts=counts,
        background=expected,
        edges=edges,
    )


def smallest_p_of_toys(
    scan: Scan,
    source: np.ndarray,
    background: np.ndarray,
    refit: BackgroundFit | None,
    n_toys: int,
    n_threads: int | None = None,
    rng: Seed = 0,
) -> np.ndarray:
    """The smallest local p-value of each toy, (n_toys,).

    Args:
        scan: how the toys are scanned.
        source: expected counts (*shape) around which they are drawn.
        background: with which they are compared, (*shape), if there is no `refit`.
        refit: estimates the background of toys.
        n_toys: how many.
        n_threads: None: as many as there are processors.
        rng: generator or seed.
    """
    sizes = [min(TOYS_AT_ONCE, n_toys - start) for start in range(0, n_toys, TOYS_AT_ONCE)]
    generators = checked_rng(rng).spawn(len(sizes))

    def scanned(part: int) -> np.ndarray:
        toys = generators[part].poisson(source, (sizes[part], *source.shape)).astype(float)
        return scan.smallest_p(toys, background if refit is None else refit(toys))

    with ThreadPoolExecutor(n_threads or os.cpu_count()) as pool:
        return np.concatenate(list(pool.map(scanned, range(len(sizes)))))


def _scale_outside(counts: np.ndarray, background: np.ndarray, window: tuple[slice, ...]) -> float:
    """Events of the data over those expected, outside of a window."""
    expected = background.sum() - background[window].sum()
    if expected == 0:
        return 1.0
    return float((counts.sum() - counts[window].sum()) / expected)


def _checked_bins(bins: Any) -> Edges:
    if isinstance(bins, tuple | list) and len(bins) == 2 and np.ndim(bins[0]) == 1:
        return tuple(checked_edges("bins", axis) for axis in bins)
    return (checked_edges("bins", bins),)


def _histogram(mass: ArrayLike, edges: Edges) -> np.ndarray:
    """Counts (*shape) of masses (N,) or (N, axes)."""
    masses = checked_finite("mass", mass)
    wanted = "(N,)" if len(edges) == 1 else f"(N, {len(edges)})"
    is_line = len(edges) == 1 and masses.ndim == 1
    is_plane = masses.ndim == 2 and masses.shape[1] == len(edges) > 1
    if not (is_line or is_plane):
        raise ValueError(
            f"mass has shape {masses.shape} and bins are edges along {len(edges)} axes: give "
            f"{wanted}"
        )
    return np.histogramdd(masses[:, None] if is_line else masses, edges)[0]


def _checked_background(background: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    expected = checked_not_negative("background", background)
    if expected.shape != shape:
        raise ValueError(
            f"background has shape {expected.shape} and the bins are {shape}: give the expected "
            "counts of each bin; a bin has two edges, so it is one number less than edges"
        )
    if expected.sum() == 0:
        raise ValueError("background is zero in all bins: give the expected counts of each bin")
    return expected


def _checked_widths(widths: tuple[int, int], shape: tuple[int, ...]) -> tuple[int, int]:
    if np.shape(widths) != (2,):
        raise ValueError(f"widths is {widths!r}: give (smallest, largest) in bins, as (2, 6)")
    smallest = checked_count("smallest width", widths[0])
    largest = checked_count("largest width", widths[1], smallest, "widths=(smallest, largest)")
    if largest > min(shape):
        raise ValueError(
            f"widths is {widths!r} and the spectrum has {min(shape)} bins: give smaller widths, "
            "or more bins"
        )
    return smallest, largest


def _as_window(edges: np.ndarray) -> Window:
    """A pair for one axis, a pair of pairs for two."""
    pairs = tuple((float(low), float(high)) for low, high in np.atleast_2d(edges))
    return pairs[0] if len(pairs) == 1 else pairs
