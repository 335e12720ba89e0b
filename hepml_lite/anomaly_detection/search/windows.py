"""The windows of a scan, and how surprising the counts in them are.

G. Choudalakis, "On hypothesis testing, trials factor, hypertests and the BumpHunter",
arXiv:1101.0390: every window of neighbouring bins is tested with the Poisson probability of at
least as many events as were seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import gammainc

Edges = tuple[np.ndarray, ...]  # of the bins along each axis, (B + 1,) each


@dataclass(frozen=True)
class Windows:
    """All windows of neighbouring bins with allowed widths: intervals, or rectangles of a plane.

    Attributes:
        shape: numbers of bins along each axis.
        widths: smallest and largest width in bins, both included, along each axis.
    """

    shape: tuple[int, ...]
    widths: tuple[int, int]

    def sums(self, counts: np.ndarray) -> np.ndarray:
        """Contents of the windows (..., n_windows) of histograms (..., *shape)."""
        n_before = counts.ndim - len(self.shape)
        parts = []
        for widths in self._widths_of_each_axis():
            inside = counts
            for axis, width in enumerate(widths):
                inside = _moving_sum(inside, width, n_before + axis)
            parts.append(inside.reshape(*counts.shape[:n_before], -1))
        return np.concatenate(parts, axis=-1)

    def bins(self, window: int) -> tuple[slice, ...]:
        """The bins of a window, given by its place among the sums: a slice along each axis."""
        for widths in self._widths_of_each_axis():
            places = [n - width + 1 for n, width in zip(self.shape, widths, strict=True)]
            n_windows = int(np.prod(places))
            if window < n_windows:
                first = np.unravel_index(window, places)
                return tuple(
                    slice(int(start), int(start) + width)
                    for start, width in zip(first, widths, strict=True)
                )
            window -= n_windows
        raise IndexError("there is no such window")

    def edges(self, window: int, edges: Edges) -> tuple[tuple[float, float], ...]:
        """Lower and upper edge of a window along each axis, in the units of the edges."""
        return tuple(
            (float(axis[chosen.start]), float(axis[chosen.stop]))
            for axis, chosen in zip(edges, self.bins(window), strict=True)
        )

    def _widths_of_each_axis(self) -> Iterator[tuple[int, ...]]:
        smallest, largest = self.widths
        return product(range(smallest, largest + 1), repeat=len(self.shape))


@dataclass(frozen=True)
class Scan:
    """How histograms are scanned.

    Attributes:
        windows: which are tested.
        sideband_scale: scale the background of each window to the data outside of it.
    """

    windows: Windows
    sideband_scale: bool = False

    def local_p(self, counts: np.ndarray, background: np.ndarray) -> np.ndarray:
        """Poisson p-values (..., n_windows) of all windows; 1 where no background is expected.

        Args:
            counts: (..., *shape).
            background: expected counts (..., *shape), or (*shape,) for all histograms.
        """
        seen, expected = self.contents(counts, background)
        return np.where(expected > 0, poisson_tail(seen, expected), 1.0)

    def smallest_p(self, counts: np.ndarray, background: np.ndarray) -> np.ndarray:
        """The smallest local p-value of each histogram (...,): `local_p(...).min(-1)`."""
        return self.local_p(counts, background).min(-1)

    def contents(self, counts: np.ndarray, background: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Events seen and expected in the windows, (..., n_windows) each."""
        seen = self.windows.sums(counts)
        expected = self.windows.sums(background)
        if not self.sideband_scale:
            return seen, np.broadcast_to(expected, seen.shape)
        axes = tuple(range(-len(self.windows.shape), 0))
        outside = counts.sum(axes)[..., None] - seen
        expected_outside = background.sum(axes)[..., None] - expected
        no_scale = np.zeros(seen.shape)
        scale = np.divide(outside, expected_outside, out=no_scale, where=expected_outside > 0)
        return seen, scale * expected


def poisson_tail(seen: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """P(N >= seen) of a Poisson number with this expectation; 1 where nothing is seen.

    It is the regularised incomplete gamma function P(seen, expected).
    """
    tail = gammainc(np.maximum(seen, 1), expected)
    return np.where(seen > 0, tail, 1.0)


def _moving_sum(counts: np.ndarray, width: int, axis: int) -> np.ndarray:
    """Sums of `width` neighbours along an axis, which becomes shorter by width - 1."""
    along = np.moveaxis(counts, axis, -1)
    no_bins = np.zeros((*along.shape[:-1], 1))
    cumulative = np.concatenate([no_bins, np.cumsum(along, axis=-1)], axis=-1)
    return np.moveaxis(cumulative[..., width:] - cumulative[..., :-width], -1, axis)
