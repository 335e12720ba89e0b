"""The six figures of "Find the bump"."""

from typing import Any

from bokeh.models import CustomJSTickFormatter, FixedTicker, Span
from bokeh.plotting import figure as Figure

from widgets.anomaly_detection.columns import (
    EFFICIENCY,
    IMPROVEMENT,
    P_VALUE,
    PULL,
    SMALLEST_SHARE,
    TICKS,
)
from widgets.anomaly_detection.stored import (
    BACKGROUND_EFFICIENCIES,
    KEPT,
    N_BINS,
    SCORE_EDGES,
)
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

HEIGHT = 270  # pixels
HIGHEST_SHARE = 3.0  # events over the highest bin, on a logarithmic axis
# The axes count bins, so that their ranges are the same for both samples; labels have the units
LABEL = "return labels.data.text[Math.round(tick / 5)]"
THREE_SIGMA = 1.35e-3  # one-sided p-values
FIVE_SIGMA = 2.87e-7
BAR = {"line_width": 2}


def every(display: Display) -> list[Figure]:
    """All six figures."""
    return [
        scores(display),
        improvement(display),
        spectrum(display),
        pulls(display),
        p_values(display),
        sculpting(display),
    ]


def scores(display: Display) -> Figure:
    """The score of background and signal of the test in the region, and the cut."""
    x_range = (SCORE_EDGES[0], SCORE_EDGES[-1])
    f = _figure(
        "Score in the region",
        "score [spreads of the background]",
        "share of the events",
        x_range=x_range,
        y_range=(SMALLEST_SHARE, 1.0),
        y_axis_type="log",
    )
    background = display.source("score_background")
    width = SCORE_EDGES[1] - SCORE_EDGES[0]
    bars = {"color": GREY, "fill_alpha": 0.35, "line_color": None}
    f.vbar("x", top="y", width=width, bottom=SMALLEST_SHARE, source=background, **bars)
    signal = {"color": ORANGE, "mode": "center", "line_width": 3}
    f.step("x", "y", source=display.source("score_signal"), **signal)
    f.vspan("x", source=display.source("cut"), color=GREEN, line_width=3, line_dash="dashed")
    return f


def improvement(display: Display) -> Figure:
    """Significance improvement against background efficiency."""
    x_range = (BACKGROUND_EFFICIENCIES[0], BACKGROUND_EFFICIENCIES[-1])
    f = _figure(
        "Improvement by a cut",
        "background efficiency εB",
        "SIC = εS / √εB",
        x_range=x_range,
        y_range=IMPROVEMENT,
        x_axis_type="log",
        y_axis_type="log",
    )
    f.yaxis.ticker = FixedTicker(ticks=[0.3, 1, 3, 10, 30])
    strip = {"color": GREY, "fill_alpha": 0.25, "line_color": None}
    f.vstrip("left", "right", source=display.source("floor"), **strip)
    f.line("x", "y", source=display.source("perfect"), color=GREY, line_width=2, line_dash="dotted")
    f.hspan([1], color=GREY, line_width=1)
    f.line("x", "y", source=display.source("exact"), color=GREEN, line_width=4, line_dash="dashed")
    rival = {"color": PURPLE, "line_width": 3, "line_dash": "dotdash"}
    f.line("x", "y", source=display.source("rival_curve"), **rival)
    curve = display.source("curve")
    f.varea("x", "low", "high", source=curve, fill_color=BLUE, fill_alpha=0.25)
    f.line("x", "y", source=curve, color=BLUE, line_width=3)
    point = display.source("point")
    f.segment("x", "low", "x", "high", source=point, color=VERMILLION, **BAR)
    f.scatter("x", "y", source=point, color=VERMILLION, size=zoomed(10))
    return f


def spectrum(display: Display) -> Figure:
    """What passes the cut, with the background that is fitted beside the region."""
    y_range = (SMALLEST_SHARE * 10, HIGHEST_SHARE)
    f = _in_bins(display, "Mass after the cut", "events / highest bin", y_range, y_axis_type="log")
    bars = {"width": 1, "color": ORANGE, "fill_alpha": 0.6, "line_color": None}
    f.vbar("x", top="y", bottom=SMALLEST_SHARE, source=display.source("signal"), **bars)
    fit = display.source("fit")
    f.varea("x", "low", "high", source=fit, fill_color=BLUE, fill_alpha=0.25)
    f.line("x", "y", source=fit, color=BLUE, line_width=3)
    data = display.source("data")
    f.segment("x", "low", "x", "high", source=data, color=VERMILLION, **BAR)
    f.scatter("x", "y", source=data, color=VERMILLION, size=zoomed(6))
    return f


def pulls(display: Display) -> Figure:
    """Data less fit in units of the Poisson error, and the window of the largest excess."""
    f = _in_bins(display, "Data − fit, best window", "(data − fit) / √fit", PULL)
    window = {"color": GREEN, "fill_alpha": 0.25, "line_color": None}
    f.vstrip("left", "right", source=display.source("window"), **window)
    bars = {"width": 0.8, "bottom": 0, "color": VERMILLION, "fill_alpha": 0.8}
    f.vbar("x", top="pull", source=display.source("fit"), **bars)
    return f


def p_values(display: Display) -> Figure:
    """Local and global p-value at every cut."""
    f = _figure(
        "p-values at all cuts",
        "share of the region kept",
        "p-value",
        x_range=(1.6, KEPT[-1] / 1.6),
        y_range=P_VALUE,
        x_axis_type="log",
        y_axis_type="log",
    )
    f.vstrip(
        "left", "right", source=display.source("chosen"), color=GREEN, fill_alpha=0.25,
        line_color=None,
    )  # fmt: skip
    for level in (THREE_SIGMA, FIVE_SIGMA):
        line = {"line_color": GREY, "line_dash": "dashed", "line_width": 1}
        f.add_layout(Span(location=level, dimension="width", **line))
    rival = display.source("rival_p")
    dashed = {"color": PURPLE, "line_width": 2, "line_dash": "dotdash"}
    f.line("x", "global", source=rival, **dashed)
    hollow = {"line_color": PURPLE, "fill_color": "white", "line_width": 2, "size": zoomed(8)}
    f.scatter("x", "global", source=rival, marker="marker", **hollow)
    own = display.source("p")
    f.line("x", "local", source=own, color=SKY, line_width=3, line_dash="dashed")
    f.line("x", "global", source=own, color=VERMILLION, line_width=3)
    f.scatter("x", "global", source=own, color=VERMILLION, marker="marker", size=zoomed(9))
    return f


def sculpting(display: Display) -> Figure:
    """The efficiency of the cut on background, in bins of the mass."""
    f = _in_bins(display, "Sculpting of background", "efficiency / mean", EFFICIENCY)
    f.hspan([1], color=GREY, line_width=2)
    points = display.source("efficiency")
    f.segment("x", "low", "x", "high", source=points, color=BLUE, **BAR)
    f.scatter("x", "y", source=points, color=BLUE, size=zoomed(7))
    return f


def _figure(title: str, x: str, y: str, **options: Any) -> Figure:
    return figure(title, x, y, height=zoomed(HEIGHT), **options)


def _in_bins(
    display: Display, title: str, y: str, y_range: tuple[float, float], **options: Any
) -> Figure:
    """A figure whose x axis counts bins of the mass; the region is shaded."""
    f = _figure(title, "mass", y, x_range=(0, N_BINS), y_range=y_range, **options)
    f.xaxis.ticker = FixedTicker(ticks=list(TICKS))
    labels = {"labels": display.source("labels")}
    f.xaxis.formatter = CustomJSTickFormatter(code=LABEL, args=labels)
    strip = {"color": GREY, "fill_alpha": 0.15, "line_color": None}
    f.vstrip("left", "right", source=display.source("region"), **strip)
    return f
