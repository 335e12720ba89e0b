"""The eight figures of "Which tagger, and at what price?"."""

from collections.abc import Sequence

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, FixedTicker, Legend, LegendItem
from bokeh.plotting import figure as Figure

from hepml_lite.statistics.tagger_rates import TaggerRates
from widgets.shared.base import Display
from widgets.shared.style import BLUE, GREY, VERMILLION, figure, px, zoomed
from widgets.tagging.columns import HIGHEST_RATIO, LOWEST_FRACTION, LOWEST_RATIO, highest

HEIGHT = 255  # pixels
MIN_COLUMN_WIDTH = 300  # pixels
SCORES = (-10, 10)


def grid(*figures: Figure) -> pn.Column:
    """Figures in up to four columns, as many as fit."""
    columns = f"repeat(auto-fit, minmax(max({px(MIN_COLUMN_WIDTH)}, 24%), 1fr))"
    styles = {"display": "grid", "grid-template-columns": columns}
    panes = (pn.panel(f, sizing_mode="stretch_width") for f in figures)
    return pn.Column(*panes, sizing_mode="stretch_width", styles=styles)


def every(display: Display, sample: TaggerRates, variations: Sequence[str]) -> list[Figure]:
    """All eight figures."""
    return [
        roc(display, sample),
        scores(display),
        spectrum(display),
        shifts(display, variations),
        against(display, "mass", "jet mass [GeV]", (0, 300)),
        against(display, "pt", "jet pT [GeV]", (550, 650)),
        landscape(display, sample),
        curves(display, sample),
    ]


def roc(display: Display, sample: TaggerRates) -> Figure:
    """Background rejection against signal efficiency, with bands and working points."""
    ranges = {"x_range": (0, 1.02), "y_range": (0.9, 1.5 * highest(sample)), "y_axis_type": "log"}
    f = _figure("ROC curves", "signal efficiency εS", "rejection 1/εB", **ranges)
    bands = {"fill_color": "colour", "fill_alpha": 0.3, "line_color": None}
    f.patches("xs", "ys", source=display.source("bands"), **bands)
    _lines(f, display.source("roc"))
    thin = f.multi_line("xs", "ys", source=display.source("roc_varied"), color="colour")
    thin.glyph.line_width = 1.5
    _points(f, display.source("points"), 15)
    return f


def scores(display: Display) -> Figure:
    """Scores of both classes for the first tagger, thin after the variation."""
    ranges = {"x_range": SCORES, "y_range": (LOWEST_FRACTION, 1.2), "y_axis_type": "log"}
    f = _figure("Scores of tagger 1", "ln p(top) / p(QCD)", "fraction / 0.5", **ranges)
    accepted = {"color": GREY, "fill_alpha": 0.2}
    f.vstrip("left", "right", source=display.source("accepted"), **accepted)
    entries = {}
    for column, name, colour, dash in (
        ("top", "top", VERMILLION, "solid"),
        ("qcd", "QCD", BLUE, "dashed"),
    ):
        style = {"color": colour, "line_dash": dash}
        varied = display.source("scores_varied")
        f.line("x", column, source=varied, line_width=1.5, line_alpha=0.8, **style)
        line = f.line("x", column, source=display.source("scores"), line_width=3, **style)
        entries[name] = [line]
    _legend(f, entries)
    return f


def spectrum(display: Display) -> Figure:
    """Mass of one class before and after the cut, each of unit area."""
    ranges = {"x_range": (0, 300), "y_range": (0, 1.02)}
    f = _figure("Does the cut sculpt?", "jet mass [GeV]", "fraction / 20 GeV", **ranges)
    before = {"fill_color": GREY, "fill_alpha": 0.35}
    f.varea("x", 0, "y", source=display.source("before"), **before)
    f.xaxis.ticker = FixedTicker(ticks=[0, 100, 200, 300])
    _lines(f, display.source("after"))
    _text(f, display.source("kind"), 8, 0.9)
    return f


def against(display: Display, name: str, label: str, x_range: tuple[float, float]) -> Figure:
    """Efficiency of one class in bins of mass or pT."""
    ranges = {"x_range": x_range, "y_range": (5 * LOWEST_FRACTION, 2), "y_axis_type": "log"}
    title = {"mass": "Efficiency against mass", "pt": "Efficiency against pT"}[name]
    f = _figure(title, label, "efficiency", **ranges)
    f.xaxis.ticker = FixedTicker(ticks=np.linspace(*x_range, 4 if name == "mass" else 5))
    source = display.source(f"against_{name}")
    f.segment("x", "low", "x", "high", source=source, color="colour", line_width=2)
    _points(f, source, 9)
    low, high = x_range
    _text(f, display.source("kind"), low + 0.027 * (high - low), 0.9)
    return f


def shifts(display: Display, variations: Sequence[str]) -> Figure:
    """Efficiency of one class after each variation over that before, at fixed thresholds."""
    y_range = (len(variations) - 0.5, -0.5)
    ranges = {
        "x_range": (LOWEST_RATIO * 0.95, HIGHEST_RATIO * 1.05),
        "y_range": y_range,
        "x_axis_type": "log",
    }
    f = _figure("What moves it?", "ε after / before", "", **ranges)
    f.xaxis.ticker = FixedTicker(ticks=[0.5, 1, 2])
    f.yaxis.ticker = FixedTicker(ticks=list(range(len(variations))))
    f.yaxis.major_label_overrides = dict(enumerate(variations))
    f.ygrid.grid_line_color = None
    band = {"color": GREY, "fill_alpha": 0.2, "line_color": None}
    f.hstrip("bottom", "top", source=display.source("highlight"), **band)
    f.vspan([1], color=GREY, line_dash="dashed", line_width=2)
    source = display.source("shifts")
    f.segment("low", "y", "high", "y", source=source, color="colour", line_width=2)
    _points(f, source, 9)
    return f


def landscape(display: Display, sample: TaggerRates) -> Figure:
    """Rejection of all taggers at the first one's signal efficiency, against their size."""
    ranges = {"x_range": (10, 1e6), "y_range": (0.9, 1.5 * highest(sample))}
    logarithmic = {"x_axis_type": "log", "y_axis_type": "log"}
    f = _figure("All taggers, same εS", "parameters", "rejection 1/εB", **ranges, **logarithmic)
    source = display.source("landscape")
    style = {"size": "size", "marker": "marker", "color": "colour", "line_color": "white"}
    f.scatter("x", "y", source=source, **style)
    return f


def curves(display: Display, sample: TaggerRates) -> Figure:
    """Area under the ROC curve against the number of training jets."""
    areas = [curve[:, 1] for curve in sample.curves.values()] or [np.array([0.9, 1.0])]
    low, high = min(map(np.min, areas)), max(map(np.max, areas))
    room = 0.1 * (high - low)
    ranges = {"x_range": (200, 1.5e6), "y_range": (low - room, high + room), "x_axis_type": "log"}
    f = _figure("Jets to learn from", "training jets", "AUC", **ranges)
    _lines(f, display.source("curves"), 2)
    points = display.source("curve_points")
    f.segment("x", "low", "x", "high", source=points, color="colour", line_width=2)
    _points(f, points, 9)
    names = {"text_color": "colour", "text_font_size": px(14), "text_baseline": "middle"}
    f.text("x", "y", "text", source=display.source("curve_names"), **names)
    return f


def _figure(title: str, x: str, y: str, **ranges) -> Figure:
    # long labels in one figure must not make the figures above and below it narrow
    return figure(title, x, y, height=zoomed(HEIGHT), frame_align=False, **ranges)


def _lines(f: Figure, source: ColumnDataSource, width: float = 3) -> None:
    style = {"color": "colour", "line_dash": "dash", "line_width": width}
    f.multi_line("xs", "ys", source=source, **style)


def _points(f: Figure, source: ColumnDataSource, size: float) -> None:
    style = {"marker": "marker", "color": "colour", "line_color": "white", "size": zoomed(size)}
    f.scatter("x", "y", source=source, **style)


def _text(f: Figure, source: ColumnDataSource, x: float, y: float) -> None:
    style = {"text_font_size": px(15), "text_color": GREY}
    f.text(x, y, "text", source=source, **style)


def _legend(f: Figure, entries: dict[str, list]) -> None:
    """Inside, at the top left, where scores of tops are rare."""
    items = [LegendItem(label=label, renderers=glyphs) for label, glyphs in entries.items()]
    look = {"label_text_font_size": px(15), "background_fill_alpha": 0.6, "border_line_color": None}
    f.add_layout(Legend(items=items, location="top_left", padding=2, margin=2, **look))
