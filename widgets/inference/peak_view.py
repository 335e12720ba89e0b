"""The first screen: a peak over a background, where the exact answer is known."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from bokeh.models import FixedTicker
from bokeh.plotting import figure as Figure
from scipy.interpolate import CubicSpline

from hepml_lite.inference.classical.nuisances import Curve
from hepml_lite.inference.results import read_results, trainings
from widgets.inference import peak, plots
from widgets.inference import text as words
from widgets.shared.base import Display, Outputs
from widgets.shared.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, zoomed

SHOWN_BINS = 20
SMOOTH = 51  # slopes of a contour
SHARE = 32  # of the page that a figure takes at least [%]
COSTS = {  # colour and dash of each method in the figure of the cost
    "carl": (GREY, "solid"),
    "rolr": (ORANGE, "dashed"),
    "alice": (SKY, "dotted"),
    "rascal": (PURPLE, "dotdash"),
    "alices": (GREEN, "solid"),
}
SIMULATIONS = {
    peak.EXACT: "none",
    peak.HISTOGRAM: "none",
    peak.COUNTING: "none",
    peak.RATIO: "30 000",
    peak.SMALL_RATIO: "3000",
    peak.FLOW: "10 000 sets",
    peak.ABC: "10 000 sets",
}


class PeakState(NamedTuple):
    """The controls of this screen; see `peak`."""

    method: str
    fraction: float
    events: int
    width: float
    ignored: bool
    treatment: str
    data_set: int

    @property
    def assumed(self) -> float:
        """Width of the slope's prior in the fit."""
        return 0.0 if self.ignored else self.width

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Of the data set in the stored answers."""
        return (
            peak.SETTINGS.index((self.assumed, self.width)),
            peak.TRUE_FRACTIONS.index(self.fraction),
            peak.EVENTS.index(self.events),
            self.data_set - 1,
        )


@lru_cache(maxsize=64)  # of all visitors of a server
def outputs(state: PeakState) -> Outputs:
    """The columns and texts of this screen."""
    one = peak.data(state.fraction, state.events, state.width, state.data_set)
    found = curve(state, state.method, one)
    exact = curve(state, peak.EXACT, one)
    low, high = interval(state, found)
    return {
        **_histogram(one),
        "peak_nature": _density(one.fraction, one.change),
        "peak_fit": _density(*_best(state, found, one)),
        "peak_curve": plots.curve_columns(found),
        "peak_reference": plots.curve_columns(exact),
        "peak_interval": plots.interval_columns(low, high),
        "peak_truth": {"x": [one.fraction], "nuisance": [peak.MIXTURE.slope * (1 + one.change)]},
        "peak_contour": _contour(state, state.method, one),
        "peak_reference_contour": _contour(state, peak.EXACT, one),
        "peak_coverage": plots.coverage_columns(coverage(state, state.method)),
        "peak_band": plots.band_columns(peak.N_EXPERIMENTS),
        "peak_widths": _widths(state, state.method),
        "peak_reference_widths": _widths(state, peak.EXACT),
        "peak_line": words.peak_line(state, found, (low, high), coverage(state, state.method)),
        "peak_table": words.peak_table(_rows(state, one), SIMULATIONS),
    }


def curve(state: PeakState, method: str, one: peak.Data) -> Curve:
    """The curve of one method for these data."""
    return peak.curve(method, one, state.assumed, state.treatment, state.place)


def coverage(state: PeakState, method: str, events: int | None = None) -> peak.Coverage:
    """Of one method, with the numbers of this state."""
    n_events = events or state.events
    return peak.coverage(method, n_events, state.assumed, state.width, state.treatment)


def interval(state: PeakState, found: Curve) -> tuple[float, float]:
    """The 68 % interval of the fraction."""
    if state.treatment == peak.PROFILED and state.method in peak.OF_TABLES:
        return found.interval(0.68)
    return found.credible_interval(0.68)


def _rows(state: PeakState, one: peak.Data) -> list[words.MethodRow]:
    rows = []
    for method in peak.METHODS:
        found = curve(state, method, one)
        of_method = state._replace(method=method)
        rows.append(words.MethodRow(method, interval(of_method, found), coverage(state, method)))
    return rows


def _histogram(one: peak.Data) -> Outputs:
    """The masses as a density, with Poisson errors."""
    counts = one.counts.reshape(SHOWN_BINS, -1).sum(1)
    edges = np.linspace(0, peak.MIXTURE.end, SHOWN_BINS + 1)
    unit = one.counts.sum() * (edges[1] - edges[0])
    error = np.sqrt(counts) / unit
    y = counts / unit
    return {
        "peak_data": {
            "x": (edges[1:] + edges[:-1]) / 2,
            "y": y,
            "low": y - error,
            "high": y + error,
        }
    }


def _density(fraction: float, change: float) -> plots.Columns:
    """Of the mass, for a fraction and a slope."""
    chance = peak.chances(np.array([fraction]), np.array([change]))[0]
    return {"x": peak.CENTRES, "y": chance * peak.N_BINS / peak.MIXTURE.end}


def _best(state: PeakState, found: Curve, one: peak.Data) -> tuple[float, float]:
    """The best fraction and slope; methods that see sets say nothing of the slope."""
    if state.method in peak.OF_SETS:
        return found.best, 0.0
    tables = peak.log_likelihoods(state.method, one.counts[None], state.assumed)[0]
    row, column = np.unravel_index(tables.argmax(), tables.shape)
    return float(peak.FRACTIONS[row]), float(peak.CHANGES[column])


def _contour(state: PeakState, method: str, one: peak.Data) -> plots.Columns:
    """In fraction and slope; none for a known slope, or for methods that see sets."""
    if method in peak.OF_SETS or not state.assumed:
        return {"xs": [], "ys": []}
    tables = peak.log_likelihoods(method, one.counts[None], state.assumed)[0]
    changes = np.linspace(peak.CHANGES[0], peak.CHANGES[-1], SMOOTH)
    smooth = CubicSpline(peak.CHANGES, tables, axis=1)(changes)
    return plots.contour_columns(peak.FRACTIONS, peak.MIXTURE.slope * (1 + changes), smooth)


def _widths(state: PeakState, method: str) -> plots.Columns:
    half_widths = [coverage(state, method, n).half_width for n in peak.EVENTS]
    return {"x": peak.EVENTS, "y": half_widths}


@lru_cache(maxsize=1)
def costs() -> dict[str, plots.Columns]:
    """1 − R² of the log ratio against the number of simulations, mean over seeds."""
    table = trainings(read_results(), "gold")
    table = table[table["case"] == "SignalMixture"]
    missing = 1 - table.groupby(["method", "n_simulations"])["R2"].mean()
    return {
        method: {"x": missing[method].index.to_numpy(), "y": missing[method].to_numpy()}
        for method in COSTS
    }


def every(display: Display) -> list[Figure]:
    """The six figures of this screen."""
    fractions = (0, peak.MIXTURE.largest_fraction)
    labels = ("signal fraction", "slope of the background")
    return [
        data(display),
        plots.curves(display, "peak", "Signal fraction", "signal fraction", fractions),
        plots.contours(display, "peak", labels, fractions, (2, 6)),
        plots.coverages(display, "peak", "Coverage: fraction", "level of the interval"),
        plots.widths(display, "peak", "Half width: fraction", peak.EVENTS, (0.01, 0.03, 0.1, 0.2)),
        cost(),
    ]


def data(display: Display) -> Figure:
    """The masses, nature's density and that of the best fit."""
    f = plots.framed("Data", "mass", "density", x_range=(0, peak.MIXTURE.end), y_range=(0, 0.6))
    nature = display.source("peak_nature")
    f.line("x", "y", source=nature, color=BLUE, line_width=3, line_dash="dotted")
    f.line("x", "y", source=display.source("peak_fit"), color=VERMILLION, line_width=3)
    source = display.source("peak_data")
    f.segment("x", "low", "x", "high", source=source, color=GREY, line_width=2)
    f.scatter("x", "y", source=source, color="black", size=zoomed(6))
    return f


def cost() -> Figure:
    """How many simulations a ratio needs, with and without mined gold; stored."""
    f = plots.framed(
        "Cost of a ratio (stored)",
        "simulated events",
        "1 − R² of the log ratio",
        x_axis_type="log",
        y_axis_type="log",
        x_range=(250, 36_000),
        y_range=(0.005, 2),
    )
    f.xaxis.ticker = FixedTicker(ticks=[1000, 10_000])
    for method, (colour, dash) in COSTS.items():
        columns = costs()[method]
        f.line(columns["x"], columns["y"], color=colour, line_width=3, line_dash=dash)
    return f
