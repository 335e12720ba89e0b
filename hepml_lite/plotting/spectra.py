"""A falling spectrum with the smooth background of a search, and the pull of each bin."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import ArrayLike

from hepml_lite.plotting.style import COLOURS
from hepml_lite.statistics.data_checks import checked_edges, checked_finite, checked_not_negative

PULL_RANGE = 6.0  # a pull outside ends at the edge


def spectrum_and_pull(
    spectrum: Axes,
    pull: Axes,
    edges: ArrayLike,
    counts: ArrayLike,
    expected: ArrayLike,
    error: ArrayLike,
    window: tuple[float, float] | None = None,
) -> None:
    """Draw counts with √N errors over the expected background, and (counts − expected) / √expected.

    Args:
        spectrum: frame of the counts, with a logarithmic axis.
        pull: frame of the pulls.
        edges: (B + 1,).
        counts: (B,).
        expected: background, (B,).
        error: its standard deviation, (B,), a band.
        window: edges of the window to be marked.

    Raises:
        ValueError: counts, background or its error have another number of bins, or are negative or
            NaN; edges that do not rise; a window that is no rising pair.
    """
    bins = checked_finite("edges", checked_edges("edges", edges))
    seen = checked_not_negative("counts", counts)
    background = checked_not_negative("expected", expected)
    sigma = checked_not_negative("error", error)
    if window is not None and (np.shape(window) != (2,) or not window[0] < window[1]):
        raise ValueError(f"window is {window!r}: give (low, high) in the units of the edges")
    for name, values in (("counts", seen), ("expected", background), ("error", sigma)):
        if values.shape != (len(bins) - 1,):
            raise ValueError(
                f"{name} has shape {values.shape} for {len(bins)} edges: give one number a bin, "
                f"({len(bins) - 1},)"
            )
    centres = (bins[1:] + bins[:-1]) / 2
    spectrum.errorbar(
        centres, seen, np.sqrt(seen), fmt="o", color="black", ms=5, lw=1.5, label="data"
    )
    colour = COLOURS["blue"]
    spectrum.stairs(background, bins, baseline=None, color=colour, lw=2.2, label="background fit")
    low = np.maximum(background - sigma, 1e-3)  # a logarithmic axis has no zero
    spectrum.stairs(
        background + sigma, bins, baseline=low, fill=True, color=colour, alpha=0.3, lw=0
    )
    lowest = max(0.5, 0.3 * background.min())
    spectrum.set(yscale="log", ylim=(lowest, None), ylabel="events / bin")
    spectrum.yaxis.set_minor_formatter(NullFormatter())  # their labels would overlap
    deviations = (seen - background) / np.sqrt(np.maximum(background, 1e-9))
    pull.stairs(np.clip(deviations, -PULL_RANGE, PULL_RANGE), bins, fill=True, color="grey")
    pull.axhline(0, color="black", lw=1)
    pull.set(ylim=(-PULL_RANGE, PULL_RANGE), ylabel="pull")
    if window is not None:
        for ax in (spectrum, pull):
            ax.axvspan(*window, color=COLOURS["vermilion"], alpha=0.2, lw=0)
    spectrum.legend()
