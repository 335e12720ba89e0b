"""The four figures of "Cut or learn?" and their columns."""

from functools import lru_cache

import numpy as np
from bokeh.models import ColumnDataSource, Whisker
from bokeh.plotting import figure as Figure

from hepml_lite.containers.scored_jets import ScoredJets
from hepml_lite.statistics.metrics import roc_band
from hepml_lite.statistics.working_point import WorkingPoint
from widgets.shared.base import Display
from widgets.shared.style import (
    BLUE,
    CUT,
    GREY,
    NETWORK,
    ORANGE,
    VERMILLION,
    figure,
    legend_above,
    px,
    zoomed,
)

TOP_MASS = 172.5  # GeV, as in the simulation
MASS_EDGES = np.arange(0, 305, 5.0)
SCORE_RANGE = (-10.0, 10.0)
SCORE_EDGES = np.arange(SCORE_RANGE[0], SCORE_RANGE[1] + 0.25, 0.5)
RADIUS = 0.8  # of the jets
X = "signal_efficiency"
MIN_BACKGROUND = 10  # background jets above a threshold; with fewer a ROC point says nothing
COLOURS = {"cut": CUT, "network": NETWORK, "both": ORANGE}
MARKERS = {"cut": "square", "network": "circle", "both": "triangle"}


@lru_cache(maxsize=8)
def roc_columns(results: ScoredJets, training: int) -> dict[str, np.ndarray]:
    """ROC curve with its 68 % bootstrap band; training 0 is the cut |m - m_top| < w."""
    cut = training == 0
    scores = -np.abs(results.mass - TOP_MASS) if cut else results.trainings()[training - 1]
    band = roc_band(results.label, scores, n_bootstrap=100, rng=1)
    enough = band.background_rejection <= (results.label == 0).sum() / MIN_BACKGROUND
    names = ("signal_efficiency", "background_rejection", "low", "high")
    return {name: getattr(band, name)[enough] for name in names}


@lru_cache(maxsize=8)
def score_columns(results: ScoredJets, training: int) -> dict[str, np.ndarray]:
    """Fraction of jets in each bin of the score, as steps."""
    columns = {"x": np.repeat(SCORE_EDGES, 2)}
    scores = results.trainings()[training - 1]
    for label, name in enumerate(("qcd", "top")):
        columns[name] = _steps(scores[results.label == label], SCORE_EDGES)
    return columns


@lru_cache(maxsize=8)
def beyond_columns(results: ScoredJets, training: int) -> dict[str, list[str]]:
    """Text with the share of both classes to the left of the figure."""
    left = results.trainings()[training - 1] < SCORE_RANGE[0]
    qcd, top = (100 * left[results.label == label].mean() for label in (0, 1))
    return {"text": [f"← {qcd:.0f} % of QCD, {top:.0f} % of top"]}


def _steps(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    fraction = np.histogram(values, edges)[0] / len(values)
    return np.concatenate([[0.0], np.repeat(fraction, 2), [0.0]])


_NOTHING: dict[str, dict[str, list]] = {
    "roc": {n: [] for n in ("signal_efficiency", "background_rejection", "low", "high")},
    "score": {"x": [], "qcd": [], "top": []},
    "beyond": {"text": []},
}


def network_columns(results: ScoredJets, training: int) -> dict[str, dict]:
    """Curves of one training; nothing for training 0, while the network is hidden."""
    if training == 0:
        return _NOTHING
    return {
        "roc": roc_columns(results, training),
        "score": score_columns(results, training),
        "beyond": beyond_columns(results, training),
    }


def accepted_columns(threshold: float | None) -> dict[str, list]:
    """The part of the score axis that is accepted; none while the network is hidden."""
    if threshold is None:
        return {"left": [], "right": []}
    return {"left": [threshold], "right": [SCORE_EDGES[-1]]}


def point_columns(points: dict[str, WorkingPoint]) -> dict[str, list]:
    """Thresholds in the ROC plane; if no background passes, a point is at its lower limit."""
    rejections = [p.background_rejection for p in points.values()]
    values = [r.value if np.isfinite(r.value) else r.low for r in rejections]
    highs = [r.high if np.isfinite(r.high) else r.low for r in rejections]
    return {
        "x": [p.signal_efficiency.value for p in points.values()],
        "y": values,
        "low": [r.low for r in rejections],
        "high": highs,
        "colour": [COLOURS[name] for name in points],
        "marker": [MARKERS[name] for name in points],
    }


@lru_cache(maxsize=256)
def jet_columns(results: ScoredJets, position: int) -> dict[str, np.ndarray]:
    """Constituents of a stored jet; the area of a point grows with its share of the pT."""
    fraction, eta, phi = results.constituents[position].T
    colour = (BLUE, VERMILLION)[results.label[results.shown[position]]]
    size = 4 + 70 * np.sqrt(fraction)
    return {"eta": eta, "phi": phi, "size": size, "colour": [colour] * len(eta)}


def mass(display: Display, results: ScoredJets, jet: bool = True) -> Figure:
    """Jet mass of both classes, the window shaded, the displayed jet as a line."""
    columns = {"x": np.repeat(MASS_EDGES, 2)}
    for label, name in enumerate(("qcd", "top")):
        columns[name] = _steps(results.mass[results.label == label], MASS_EDGES)
    ranges = {"x_range": (0, 300), "y_range": (0, _headroom(columns))}
    f = figure("Cut on the jet mass", "jet mass [GeV]", "fraction / 5 GeV", **ranges)
    f.vstrip("left", "right", source=display.source("window"), color=CUT, fill_alpha=0.2)
    this = display.source("jet_mass") if jet else None
    return _histogram(f, ColumnDataSource(columns), this)


def score(display: Display, results: ScoredJets, jet: bool = True) -> Figure:
    """Score of both classes, the accepted part shaded."""
    every = [score_columns(results, k + 1) for k in range(len(results.trainings()))]
    top = max(map(_headroom, every))
    ranges = {"x_range": SCORE_RANGE, "y_range": (0, top)}
    f = figure("Learn: the network", "score ln p(top) / p(QCD)", "fraction / 0.5", **ranges)
    shade = {"color": NETWORK, "fill_alpha": 0.25}
    f.vstrip("left", "right", source=display.source("threshold"), **shade)
    hint = {"text_font_size": px(24), "text_align": "center", "text_color": GREY}
    f.text(0, top / 2, "text", source=display.source("hint"), **hint)
    beyond = {"text_font_size": px(15), "text_color": GREY, "source": display.source("beyond")}
    f.text(SCORE_RANGE[0] + 0.3, 0.9 * top, "text", **beyond)
    return _histogram(f, display.source("score"), display.source("jet_score") if jet else None)


def _headroom(columns: dict[str, np.ndarray]) -> float:
    return 1.08 * max(columns["qcd"].max(), columns["top"].max())


def _histogram(f: Figure, source: ColumnDataSource, jet: ColumnDataSource | None) -> Figure:
    style = {"source": source, "line_width": 3}
    qcd = f.line("x", "qcd", color=BLUE, line_dash="dashed", **style)
    top = f.line("x", "top", color=VERMILLION, **style)
    entries = {"top": [top], "QCD": [qcd]}
    if jet:
        style = {"line_color": GREY, "line_width": 3, "line_dash": "dotted"}
        entries["this jet"] = [f.vspan("x", source=jet, **style)]
    legend_above(f, entries)
    return f


def roc(display: Display, results: ScoredJets) -> Figure:
    """Background rejection against signal efficiency, both selections marked."""
    highest = (results.label == 0).sum() / MIN_BACKGROUND * 1.5
    ranges = {"x_range": (0, 1.02), "y_range": (0.9, highest), "y_axis_type": "log"}
    f = figure("Which one is better?", "signal efficiency εS", "rejection 1/εB", **ranges)
    around = ColumnDataSource(roc_columns(results, 0))
    curves = {
        "mass window": (around, CUT, "dashed"),
        "network": (display.source("roc"), NETWORK, "solid"),
    }
    entries = {}
    for label, (source, colour, dash) in curves.items():
        f.varea(X, "low", "high", source=source, color=colour, fill_alpha=0.3)
        style = {"color": colour, "line_width": 3, "line_dash": dash}
        entries[label] = [f.line(X, "background_rejection", source=source, **style)]
    points = display.source("points")
    errors = {"base": "x", "lower": "low", "upper": "high", "source": points}
    f.add_layout(Whisker(**errors, line_width=2, level="overlay"))
    style = {"size": zoomed(16), "color": "colour", "line_color": "white", "line_width": 2}
    f.scatter("x", "y", source=points, marker="marker", **style)
    legend_above(f, entries)
    return f


def jet(display: Display) -> Figure:
    """One jet seen along its axis, in a square frame: its circle is a circle."""
    side = {"width": zoomed(275), "sizing_mode": "fixed"}  # beside axes and title: a square
    ranges = {"x_range": (-0.9, 0.9), "y_range": (-0.9, 0.9)}
    f = figure("This jet: area ∝ pT", "Δη", "Δφ [rad]", **ranges, **side)
    angle = np.linspace(0, 2 * np.pi, 100)
    f.line(RADIUS * np.cos(angle), RADIUS * np.sin(angle), color=GREY, line_dash="dotted")
    style = {"fill_color": "colour", "line_color": None, "fill_alpha": 0.65}
    f.scatter("eta", "phi", size="size", source=display.source("jet"), **style)
    return f
