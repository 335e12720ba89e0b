"""Unfolded spectra beside the truth: ratios, pulls, and what coverage costs."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hepml_lite.plotting.style import class_style

PULL_RANGE = 6.0  # a pull outside is drawn as a triangle at the edge
RATIO_RANGE = (0.7, 1.3)


def ratio_and_pull(
    ratio: Axes,
    pull: Axes,
    edges: ArrayLike,
    truth: ArrayLike,
    unfolded: Mapping[str, tuple[ArrayLike, ArrayLike]],
) -> None:
    """Draw unfolded / truth and (unfolded − truth) / error of each method, bin by bin.

    The grey bands are 5 % in the ratio and one error in the pull.

    Args:
        ratio: frame of the ratios.
        pull: frame of the pulls.
        edges: (B + 1,) of the true bins.
        truth: (B,); its bins are not empty.
        unfolded: spectrum (B,) and errors (B,) of each method, by its name.

    Raises:
        ValueError: a spectrum or its errors have another number of bins, or a true bin is empty.
    """
    bins = np.asarray(edges, float)
    expected = np.asarray(truth, float)
    if len(bins) != len(expected) + 1 or expected.min() <= 0:
        raise ValueError(
            f"truth has {len(expected)} bins with at least {expected.min():g} events for "
            f"{len(bins)} edges: give one filled bin between two edges, and merge empty ones"
        )
    for number, (name, (values, errors)) in enumerate(unfolded.items()):
        spectrum = np.asarray(values, float)
        sigma = np.asarray(errors, float)
        if spectrum.shape != expected.shape or sigma.shape != expected.shape:
            raise ValueError(
                f"{name} has shapes {spectrum.shape} and {sigma.shape} for a truth of shape "
                f"{expected.shape}: give one value and one error a bin"
            )
        shift = (number + 1) / (len(unfolded) + 1)  # points of several methods side by side
        x = bins[:-1] + shift * np.diff(bins)
        style = class_style(name)
        points = {"color": style["color"], "marker": style["marker"], "ls": "", "label": name}
        height = np.clip(spectrum / expected, *RATIO_RANGE)
        ratio.errorbar(x, height, sigma / expected, ms=4, lw=1, **points)
        pulls = (spectrum - expected) / np.where(sigma > 0, sigma, np.inf)
        pull.plot(x, np.clip(pulls, -PULL_RANGE, PULL_RANGE), ms=5, **points)
    ratio.axhline(1, color="grey", lw=1)
    ratio.axhspan(0.95, 1.05, color="grey", alpha=0.2, lw=0)
    pull.axhspan(-1, 1, color="grey", alpha=0.2, lw=0)
    ratio.set(ylim=RATIO_RANGE)
    pull.set(ylim=(-PULL_RANGE - 0.5, PULL_RANGE + 0.5))


def coverage_against_error(
    ax: Axes, name: str, price: ArrayLike, covered: ArrayLike, mean: ArrayLike, default: int
) -> None:
    """Draw the mean coverage over bins and that of the worst bin against the size of the errors.

    Args:
        ax: frame.
        name: of the method.
        price: (S,), size of the errors at each strength.
        covered: (S, B), coverage of each bin.
        mean: (S,), coverage over all bins.
        default: the row of the usual strength; it gets a ring.
    """
    x = np.asarray(price, float)
    order = np.argsort(x)
    style = class_style(name)
    middle = np.asarray(mean, float)
    worst = np.asarray(covered, float).min(axis=1)
    ax.plot(x[order], middle[order], color=style["color"], marker=style["marker"], ms=5, label=name)
    ax.plot(x[order], worst[order], color=style["color"], ls=":", lw=1.5)
    ax.plot(x[default], middle[default], "o", ms=15, mfc="none", mec=style["color"], mew=2)
