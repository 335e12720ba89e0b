"""The six figures of "Undo the detector" and their columns."""

from typing import Any

import numpy as np
from bokeh.models import CustomJSTickFormatter, FixedTicker, LinearColorMapper
from bokeh.palettes import Cividis256, RdBu11
from bokeh.plotting import figure as Figure

from hepml_lite.unfolding.binned.result import BinnedResult
from widgets.shared.base import Display
from widgets.shared.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    figure,
    zoomed,
)
from widgets.unfolding.methods import N_STEPS, BiasVariance
from widgets.unfolding.samples import N_BINS, Observable

HEIGHT = 270  # pixels
TICKS = range(0, N_BINS + 1, 5)  # edges of bins with a label
RATIO = (0.5, 1.5)
PULL = (-5.0, 5.0)
SMALLEST = 0.01  # of bias and variance
LARGEST = 1000.0
RIVAL_SHIFT = 0.3  # bins, so that the points of two methods stand side by side
CENTRES = np.arange(N_BINS) + 0.5
# The axes count bins, so that their ranges are the same for all observables; labels have the units
LABEL = "return labels.data.text[Math.round(tick / 5)]"

Columns = dict[str, Any]


def label_columns(observable: Observable) -> Columns:
    """The labels of the ticks of the axes that count bins; the last one has the unit."""
    values = observable.edges[list(TICKS)]
    text = [f"{value:.3g}".replace("-", "−") for value in values]
    text[-1] = f"{text[-1]} {observable.unit}".strip()
    return {"text": text}


def spectrum_columns(spectrum: np.ndarray, truth: np.ndarray) -> Columns:
    """A spectrum (N_BINS,) in units of the highest true bin, and over the true one."""
    ratio = spectrum / truth
    return {"x": CENTRES, "y": spectrum / truth.max(), "ratio": np.clip(ratio, *RATIO)}


def unfolded_columns(result: BinnedResult, truth: np.ndarray, shift: float = 0.0) -> Columns:
    """The unfolded points with error bars, as spectrum, ratio and pull; shifted in x by bins."""
    value = result.unfolded
    error = result.errors
    ratio = value / truth
    ratio_error = error / truth
    pull = (value - truth) / np.maximum(error, 1e-12)
    return {
        "x": CENTRES + shift,
        "y": value / truth.max(),
        "low": (value - error) / truth.max(),
        "high": (value + error) / truth.max(),
        "ratio": np.clip(ratio, *RATIO),
        "ratio_low": np.clip(ratio - ratio_error, *RATIO),
        "ratio_high": np.clip(ratio + ratio_error, *RATIO),
        "marker": [_marker(one) for one in ratio],
        "pull": np.clip(pull, *PULL),
    }


def no_points() -> Columns:
    """The columns of `unfolded_columns` where a method has no answer."""
    names = ("x", "y", "low", "high", "ratio", "ratio_low", "ratio_high", "marker", "pull")
    return {name: [] for name in names}


def scan_columns(scan: BiasVariance | None) -> Columns:
    """Bias², variance and their sum at each step; empty where a method has no answer."""
    if scan is None:
        return {"step": [], "bias": [], "variance": [], "sum": []}
    total = scan.bias_squared + scan.variance
    return {
        "step": np.arange(1, N_STEPS + 1),
        "bias": np.clip(scan.bias_squared, SMALLEST, LARGEST),
        "variance": np.clip(scan.variance, SMALLEST, LARGEST),
        "sum": np.clip(total, SMALLEST, LARGEST),
    }


def _marker(ratio: float) -> str:
    """A point outside the frame is a triangle at its edge."""
    if ratio > RATIO[1]:
        return "triangle"
    return "inverted_triangle" if ratio < RATIO[0] else "circle"


def every(display: Display) -> list[Figure]:
    """All six figures."""
    return [
        spectrum(display),
        ratio(display),
        pulls(display),
        response(display),
        correlation(display),
        bias_and_variance(display),
    ]


def spectrum(display: Display) -> Figure:
    """Truth of nature, truth of the simulation, measured data, and what the method unfolds."""
    f = _in_bins(display, "Spectra", "true or measured value", "events / highest bin", (0, 1.3))
    _steps(display, f, "y")
    points = display.source("unfolded")
    f.segment("x", "low", "x", "high", source=points, color=VERMILLION, line_width=2)
    f.scatter("x", "y", source=points, color=VERMILLION, size=zoomed(7))
    rival = display.source("rival")
    f.segment("x", "low", "x", "high", source=rival, color=ORANGE, line_width=2)
    f.scatter("x", "y", source=rival, **_hollow())
    return f


def ratio(display: Display) -> Figure:
    """The same over the truth of nature."""
    f = _in_bins(display, "Ratio to the truth", "value", "ratio to nature's truth", RATIO)
    _steps(display, f, "ratio")
    points = display.source("unfolded")
    bars = {"color": VERMILLION, "line_width": 2}
    f.segment("x", "ratio_low", "x", "ratio_high", source=points, **bars)
    f.scatter("x", "ratio", source=points, color=VERMILLION, marker="marker", size=zoomed(8))
    rival = display.source("rival")
    f.segment("x", "ratio_low", "x", "ratio_high", source=rival, color=ORANGE, line_width=2)
    f.scatter("x", "ratio", source=rival, **_hollow())
    return f


def pulls(display: Display) -> Figure:
    """Unfolded minus true, in units of the quoted error; the band is one error."""
    f = _in_bins(display, "Pulls", "true value", "(unfolded − truth) / error", PULL)
    f.hstrip([-1], [1], color=GREY, fill_alpha=0.2, line_color=None)
    bars = {"width": 0.8, "bottom": 0, "color": VERMILLION, "fill_alpha": 0.8}
    f.vbar("x", top="pull", source=display.source("unfolded"), **bars)
    f.scatter("x", "pull", source=display.source("rival"), **_hollow())
    return f


def _hollow() -> dict[str, Any]:
    """The points of the method that is compared: open squares."""
    return {
        "marker": "square",
        "line_color": ORANGE,
        "fill_color": "white",
        "line_width": 2,
        "size": zoomed(8),
    }


def response(display: Display) -> Figure:
    """P(measured bin | true bin) of the simulation: bright is likely."""
    f = _matrix(display, "Response", "true value", "measured value")
    colours = LinearColorMapper(palette=Cividis256, low=0, high=0.6)
    _image(display, f, "response", colours)
    return f


def correlation(display: Display) -> Figure:
    """Correlations of the unfolded bins: blue is positive, red negative."""
    f = _matrix(display, "Correlation of errors", "true value", "true value")
    colours = LinearColorMapper(palette=RdBu11[::-1], low=-1, high=1)
    _image(display, f, "correlation", colours)
    return f


def bias_and_variance(display: Display) -> Figure:
    """Bias² and variance at each step of the strength."""
    ranges = {"x_range": (0.5, N_STEPS + 0.5), "y_range": (SMALLEST, LARGEST)}
    title = "Bias² and variance"
    f = _figure(title, "step: strong to weak", "perfect detector = 1", y_axis_type="log", **ranges)
    f.xaxis.ticker = FixedTicker(ticks=list(range(2, N_STEPS + 1, 2)))
    f.hspan([1], color=GREY, line_dash="dashed", line_width=1)
    f.vstrip("left", "right", source=display.source("chosen"), color=GREY, fill_alpha=0.25)
    source = display.source("scan")
    f.line("step", "sum", source=source, color=GREY, line_width=3)
    f.line("step", "bias", source=source, color=PURPLE, line_width=3, line_dash="dashed")
    f.line("step", "variance", source=source, color=GREEN, line_width=3, line_dash="dotted")
    return f


def _figure(title: str, x: str, y: str, **options) -> Figure:
    return figure(title, x, y, height=zoomed(HEIGHT), **options)


def _in_bins(display: Display, title: str, x: str, y: str, y_range: tuple[float, float]) -> Figure:
    """A figure whose x axis counts bins; its labels are values of the observable."""
    f = _figure(title, x, y, x_range=(0, N_BINS), y_range=y_range)
    _label(display, f.xaxis)
    return f


def _matrix(display: Display, title: str, x: str, y: str) -> Figure:
    f = _figure(title, x, y, x_range=(0, N_BINS), y_range=(0, N_BINS))
    _label(display, f.xaxis)
    _label(display, f.yaxis)
    f.grid.visible = False
    return f


def _label(display: Display, axis) -> None:
    axis.ticker = FixedTicker(ticks=list(TICKS))
    axis.formatter = CustomJSTickFormatter(code=LABEL, args={"labels": display.source("labels")})


def _image(display: Display, f: Figure, name: str, colours: LinearColorMapper) -> None:
    place = {"x": 0, "y": 0, "dw": N_BINS, "dh": N_BINS}
    f.image("image", source=display.source(name), color_mapper=colours, **place)


def _steps(display: Display, f: Figure, column: str) -> None:
    """Truth as bars; simulation and data as steps."""
    bars = {"width": 1, "color": GREY, "fill_alpha": 0.3, "line_color": None}
    if column == "y":
        f.vbar("x", top="y", source=display.source("truth"), **bars)
    else:
        f.hspan([1], color=GREY, line_width=3)
    style = {"mode": "center", "line_width": 3}
    simulation = display.source("simulation")
    f.step("x", column, source=simulation, color=BLUE, line_dash="dashed", **style)
    measured = display.source("measured")
    f.step("x", column, source=measured, color=SKY, line_dash="dotted", **style)
