"""Patches of a time projection chamber: clusters of a track or noise, with an exact likelihood.

A patch has some pads in one direction and time bins in the other. A track leaves a cluster that is
a Gaussian in both. Noise is a spike of one pad that falls exponentially in time. Position and
amplitude are drawn from a grid, and each bin has Gaussian noise. So the density of a patch is a sum
over the grid, and the likelihood ratio, the best possible filter (Neyman, Pearson, Phil. Trans. R.
Soc. A 231 (1933) 289), can be computed. Both classes have the same charges: only the shape tells.

The task is, in small, that of the noise filter for the chambers of NA61/SHINE (*Deep learning
methods for noise filtering in the NA61/SHINE experiment*, indico.cern.ch/event/1330797).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logsumexp

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

PADS, TIMES = 6, 8
CHARGES = (8.0, 12.0, 18.0)  # of a whole cluster, in units of the noise of a bin
ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class TpcPatches:
    """Patches (6, 8) of tracks (label 1) and noise (label 0).

    Attributes:
        noise: standard deviation of each bin.
        pad_width, time_width: of a track's cluster, in bins.
        fall: bins over which a spike falls by e.

    Raises:
        ValueError: for numbers that are not positive.
    """

    noise: float = 1.0
    pad_width: float = 0.8
    time_width: float = 1.2
    fall: float = 1.5

    def __post_init__(self) -> None:
        for name in ("noise", "pad_width", "time_width", "fall"):
            checked_number(name, getattr(self, name), 0, np.inf, "()", "1.0")

    @cached_property
    def tracks(self) -> np.ndarray:
        """Shapes of all tracks on the grid, (T, 48), each with its charge."""
        pad, time = np.arange(PADS), np.arange(TIMES)
        shapes = []
        for at in np.arange(1.5, PADS - 2.4, 0.5):
            for when in np.arange(2.0, TIMES - 2.9, 0.5):
                across = np.exp(-0.5 * ((pad - at) / self.pad_width) ** 2)
                along = np.exp(-0.5 * ((time - when) / self.time_width) ** 2)
                shapes.append(np.outer(across, along).ravel())
        return _with_charges(shapes)

    @cached_property
    def spikes(self) -> np.ndarray:
        """Shapes of all spikes on the grid, (T, 48), each with its charge."""
        time = np.arange(TIMES)
        shapes = []
        for at in range(1, PADS - 1):
            for begin in range(TIMES - 4):
                along = np.where(time >= begin, np.exp(-(time - begin) / self.fall), 0)
                shape = np.zeros((PADS, TIMES))
                shape[at] = along
                shapes.append(shape.ravel())
        return _with_charges(shapes)

    def sample(self, n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
        """Patches (n, 6, 8) and labels (n,), half of each class on average."""
        n = checked_count("n", n)
        generator = checked_rng(rng)
        label = generator.integers(0, 2, n)
        shapes = np.where(
            label[:, None] == 1,
            self.tracks[generator.integers(len(self.tracks), size=n)],
            self.spikes[generator.integers(len(self.spikes), size=n)],
        )
        patches = shapes + generator.normal(0, self.noise, shapes.shape)
        return patches.reshape(n, PADS, TIMES), label

    def log_ratio(self, patches: np.ndarray) -> np.ndarray:
        """ln p(patch | track) - ln p(patch | noise), (N,) of patches (N, 6, 8).

        Raises:
            ValueError: for another shape, or numbers that are not finite.
        """
        x = checked_finite("patches", patches, 3)
        if x.shape[1:] != (PADS, TIMES):
            raise ValueError(f"patches have shape {x.shape}: give (N, {PADS}, {TIMES})")
        flat = x.reshape(len(x), -1)
        starts = range(0, max(len(flat), 1), ROWS_AT_ONCE)
        parts = [flat[start : start + ROWS_AT_ONCE] for start in starts]
        return np.concatenate(
            [self._log_density(p, self.tracks) - self._log_density(p, self.spikes) for p in parts]
        )

    def _log_density(self, x: np.ndarray, shapes: np.ndarray) -> np.ndarray:
        """ln of the mean Gaussian density around the shapes, up to a constant, (N,)."""
        distance = (x**2).sum(1)[:, None] - 2 * x @ shapes.T + (shapes**2).sum(1)
        found: np.ndarray = logsumexp(-distance / (2 * self.noise**2), axis=1)
        return found - np.log(len(shapes))


def _with_charges(shapes: list[np.ndarray]) -> np.ndarray:
    """Each shape with each of the charges."""
    normalised = np.array([shape / shape.sum() for shape in shapes])
    return np.concatenate([charge * normalised for charge in CHARGES])
