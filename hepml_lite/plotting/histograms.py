"""Outline histograms with their statistical errors."""

import re
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from hepml_lite.plotting.style import class_style
from hepml_lite.statistics.two_sample import effective_sample_size


def histogram(
    ax: Axes,
    values_by_name: Mapping[str, ArrayLike],
    bins: int | str | ArrayLike,
    xlabel: str,
    density: bool = False,
    weights_by_name: Mapping[str, ArrayLike] | None = None,
    counted: str = "jets",
) -> Axes:
    """Outline histograms on common bins, each with its statistical error as a band.

    The error is sqrt(N), or sqrt(sum w^2) for the names that have weights; the legend gives the
    effective number, (sum w)^2 / sum w^2, of all their values. With `density` each
    histogram, errors included, is scaled to unit area over the bins; values outside do not count.
    `xlabel` has its unit in brackets, as in "mass [GeV]"; the y label repeats this unit.

    Raises:
        ValueError: if there is nothing to draw: no values, or with `density` none in the bins.
    """
    samples = {name: np.ravel(np.asarray(v, dtype=float)) for name, v in values_by_name.items()}
    if not samples or not all(v.size for v in samples.values()):
        raise ValueError(
            f"nothing to draw for {list(samples)}: give at least one value for each name"
        )
    edges = np.histogram_bin_edges(np.concatenate(list(samples.values())), bins)  # (B + 1,)
    for name, values in samples.items():
        w = np.broadcast_to((weights_by_name or {}).get(name, 1.0), values.shape)
        content = np.histogram(values, edges, weights=w)[0]  # (B,)
        error = np.sqrt(np.histogram(values, edges, weights=w**2)[0])
        scale = content.sum() * np.diff(edges) if density else 1.0
        if not np.all(scale):
            raise ValueError(f"no {name} in [{edges[0]:g}, {edges[-1]:g}]: choose other bins")
        top = (content + error) / scale
        bottom = (content - error) / scale
        style = class_style(name)
        color = style["color"]
        label = name
        if name in (weights_by_name or {}):
            label = f"{name} (effective number {effective_sample_size(w):.4g})"
        ax.stairs(content / scale, edges, label=label, color=color, ls=style["linestyle"], lw=2.2)
        ax.stairs(top, edges, baseline=bottom, fill=True, color=color, alpha=0.3, lw=0)
    ax.set(xlabel=xlabel, ylabel=_histogram_label(edges, xlabel, density, counted))
    ax.set_xlim(
        edges[0], edges[-1]
    )  # y stays automatic: it starts at 0, and the caller may choose a log
    ax.legend()
    return ax


def _histogram_label(edges: np.ndarray, xlabel: str, density: bool, counted: str) -> str:
    unit = "".join(re.findall(r"\[(.+)\]", xlabel))
    if density:
        return "probability density" + (f" [1/{unit}]" if unit else "")
    widths = np.diff(edges)
    uniform = np.allclose(widths, widths[0])
    return f"{counted} / {widths[0]:.3g} {unit}".rstrip() if uniform else f"{counted} per bin"
