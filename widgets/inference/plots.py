"""Figures that more than one screen of "Parameters without a likelihood" has, and their columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import panel as pn
from bokeh.models import FixedTicker, PrintfTickFormatter
from bokeh.plotting import figure as Figure
from contourpy import contour_generator
from scipy.stats import chi2

from hepml_lite.inference.classical.nuisances import Curve
from widgets.inference.peak import LEVELS, Coverage
from widgets.shared.base import Display
from widgets.shared.style import BLUE, GREY, VERMILLION, figure, px, zoomed

HEIGHT = 270  # pixels
MIN_COLUMN_WIDTH = 300  # pixels
CONTOURS = (0.68, 0.95)

Columns = dict[str, Any]


def framed(title: str, x: str, y: str, **options) -> Figure:
    """An empty figure of the height of all."""
    return figure(title, x, y, height=zoomed(HEIGHT), **options)


def grid(cells: Sequence[Figure], share: int) -> pn.Column:
    """Figures in as many columns as fit, each at least this share of the page [%]."""
    columns = f"repeat(auto-fit, minmax(max({px(MIN_COLUMN_WIDTH)}, {share}%), 1fr))"
    styles = {"display": "grid", "grid-template-columns": columns}
    panes = (pn.panel(cell, sizing_mode="stretch_width") for cell in cells)
    return pn.Column(*panes, sizing_mode="stretch_width", styles=styles)


def curve_columns(curve: Curve) -> Columns:
    """A likelihood or posterior over its largest value."""
    return {"x": curve.values, "y": np.exp(curve.log_likelihood)}


def interval_columns(low: float, high: float) -> Columns:
    """The 68 % interval, drawn as a strip."""
    return {"left": [low], "right": [high]}


def contour_columns(x: np.ndarray, y: np.ndarray, log_p: np.ndarray) -> Columns:
    """Lines around 68 and 95 % of a Gaussian likelihood of two parameters, from a table (X, Y)."""
    if not np.isfinite(log_p).all():  # one of the parameters is known
        return {"xs": [], "ys": []}
    found = contour_generator(x, y, (log_p - log_p.max()).T)
    lines = []
    for level in CONTOURS:
        for line in found.lines(-chi2.ppf(level, 2) / 2):
            lines.append(np.array(line, dtype=float))
    return {"xs": [line[:, 0] for line in lines], "ys": [line[:, 1] for line in lines]}


def coverage_columns(coverage: Coverage) -> Columns:
    """The share of truths inside intervals of each level."""
    return {"x": LEVELS, "y": coverage.inside}


def band_columns(n: int) -> Columns:
    """Two standard deviations of the binomial numbers of n experiments."""
    error = 2 * np.sqrt(LEVELS * (1 - LEVELS) / n)
    return {"x": LEVELS, "low": LEVELS - error, "high": LEVELS + error}


def curves(
    display: Display, prefix: str, title: str, x: str, x_range: tuple[float, float]
) -> Figure:
    """The curve of the method, that of the reference, the interval and the truth."""
    f = framed(title, x, "relative to the largest", x_range=x_range, y_range=(0, 1.1))
    strip = display.source(f"{prefix}_interval")
    f.vstrip("left", "right", source=strip, color=VERMILLION, fill_alpha=0.15, line_color=None)
    truth = display.source(f"{prefix}_truth")
    f.vspan("x", source=truth, color=BLUE, line_dash="dotted", line_width=3)
    reference = display.source(f"{prefix}_reference")
    f.line("x", "y", source=reference, color=GREY, line_width=5)
    f.line("x", "y", source=display.source(f"{prefix}_curve"), color=VERMILLION, line_width=3)
    return f


def contours(
    display: Display,
    prefix: str,
    labels: tuple[str, str],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
) -> Figure:
    """Contours of the parameter and the nuisance."""
    f = framed("Contours: 68 and 95 %", *labels, x_range=x_range, y_range=y_range)
    reference = display.source(f"{prefix}_reference_contour")
    f.multi_line("xs", "ys", source=reference, color=GREY, line_width=5)
    f.multi_line(
        "xs", "ys", source=display.source(f"{prefix}_contour"), color=VERMILLION, line_width=3
    )
    truth = display.source(f"{prefix}_truth")
    f.scatter("x", "nuisance", source=truth, color=BLUE, marker="x", size=zoomed(14), line_width=4)
    return f


def coverages(display: Display, prefix: str, title: str, x: str) -> Figure:
    """Coverage against level, with the diagonal and its band."""
    f = framed(title, x, "truths inside", x_range=(0, 1), y_range=(0, 1))
    band = display.source(f"{prefix}_band")
    f.varea("x", "low", "high", source=band, color=GREY, fill_alpha=0.25)
    f.line([0, 1], [0, 1], color=GREY, line_width=2)
    source = display.source(f"{prefix}_coverage")
    f.line("x", "y", source=source, color=VERMILLION, line_width=3)
    return f


def widths(
    display: Display, prefix: str, title: str, x_ticks: Sequence[float], y_ticks: Sequence[float]
) -> Figure:
    """Mean half width of the 68 % interval against the number of events; ticks from end to end."""
    f = framed(
        title,
        "events in the data",
        "mean half width",
        x_axis_type="log",
        y_axis_type="log",
        x_range=(0.8 * x_ticks[0], 1.25 * x_ticks[-1]),
        y_range=(0.8 * y_ticks[0], 1.25 * y_ticks[-1]),
    )
    f.xaxis.ticker = FixedTicker(ticks=list(x_ticks))
    f.yaxis.ticker = FixedTicker(ticks=list(y_ticks))
    f.axis.formatter = PrintfTickFormatter(format="%g")
    reference = display.source(f"{prefix}_reference_widths")
    f.line("x", "y", source=reference, color=GREY, line_width=5)
    source = display.source(f"{prefix}_widths")
    f.line("x", "y", source=source, color=VERMILLION, line_width=3)
    f.scatter("x", "y", source=source, color=VERMILLION, size=zoomed(8))
    return f
