"""The second screen: the strong coupling from hadronic Z decays."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from bokeh.models import FixedTicker
from bokeh.plotting import figure as Figure

from hepml_lite.inference.classical.nuisances import Curve
from widgets.inference import coupling, peak, plots
from widgets.inference import text as words
from widgets.inference.stored import stored_results
from widgets.shared.base import Display, Outputs
from widgets.shared.style import BLUE, VERMILLION, zoomed

LABELS = {"multiplicity": "charged particles", "one_minus_thrust": "1 − T"}
TITLES = {"multiplicity": "Multiplicity", "one_minus_thrust": "Thrust"}
TICKS = {"multiplicity": [10, 20, 30, 40, 50], "one_minus_thrust": [0, 0.1, 0.2, 0.3, 0.4]}
SHARE = 32  # of the page that a figure takes at least [%]
HIGHEST = {"multiplicity": 0.16, "one_minus_thrust": 0.4}  # share of the events in a bin
NOTHING: plots.Columns = {"x": [], "y": []}


class CouplingState(NamedTuple):
    """The controls of this screen; see `coupling`."""

    method: str
    alpha_s: float
    events: int
    width: str
    treatment: str
    data_set: int


@lru_cache(maxsize=64)  # of all visitors of a server
def outputs(state: CouplingState) -> Outputs:
    """The columns and texts of this screen; where a method has no answer, the line says why."""
    one = coupling.chosen(state.alpha_s, state.data_set, state.width)
    learned = curve(state, coupling.LEARNED, one)
    given: dict[str, Any] = {
        **{f"z_{name}": _histogram(name, one.row) for name in coupling.SHOWN},
        **{f"z_mean_{name}": _histogram(name, None) for name in coupling.SHOWN},
        "z_reference": plots.curve_columns(learned),
        "z_truth": {"x": [one.alpha_s], "nuisance": [one.a_lund]},
        "z_reference_contour": _contour(state, coupling.LEARNED, one),
        "z_band": plots.band_columns(len(stored_results()["theta"])),
        "z_reference_widths": _widths(state, coupling.LEARNED),
        "z_table": words.coupling_table(_rows(state, one)),
    }
    try:
        return {**given, **_answer(state, one)}
    except ValueError as error:
        nothing = {
            "z_curve": NOTHING,
            "z_interval": {"left": [], "right": []},
            "z_contour": {"xs": [], "ys": []},
            "z_coverage": NOTHING,
            "z_widths": NOTHING,
        }
        line = words.no_answer(state.method, str(error))
        return {**given, **nothing, "z_line": line}


def _answer(state: CouplingState, one: coupling.TestSet) -> Outputs:
    found = curve(state, state.method, one)
    low, high = interval(state, found)
    covered = _coverage(state, state.method)
    return {
        "z_curve": plots.curve_columns(found),
        "z_interval": plots.interval_columns(low, high),
        "z_contour": _contour(state, state.method, one),
        "z_coverage": plots.coverage_columns(covered),
        "z_widths": _widths(state, state.method),
        "z_line": words.coupling_line(state, one, found, (low, high), covered),
    }


def curve(state: CouplingState, method: str, one: coupling.TestSet) -> Curve:
    """The curve of one method for this set."""
    return coupling.curve(method, one, state.events, state.width, state.treatment)


def interval(state: CouplingState, found: Curve) -> tuple[float, float]:
    """The 68 % interval of the coupling."""
    if state.treatment == peak.PROFILED and state.method != coupling.FLOW:
        return found.interval(0.68)
    return found.credible_interval(0.68)


def _coverage(state: CouplingState, method: str) -> peak.Coverage:
    return coupling.coverage(method, state.events, state.width, state.treatment)


def _rows(state: CouplingState, one: coupling.TestSet) -> list[words.MethodRow]:
    """The rows of the table; a method without an answer has none."""
    rows = []
    for method in coupling.METHODS:
        try:
            found = curve(state, method, one)
        except ValueError:
            continue
        of_method = state._replace(method=method)
        rows.append(words.MethodRow(method, interval(of_method, found), _coverage(state, method)))
    return rows


def _histogram(name: str, row: int | None) -> plots.Columns:
    """Shares of the events of one test set, or of all of them, in bins; as steps."""
    counts = stored_results()[f"counts_of_{name}"].astype(float)
    shown = counts.mean(0) if row is None else counts[row]
    edges = coupling.SHOWN[name]
    error = np.sqrt(shown) / shown.sum()
    y = shown / shown.sum()
    return {"x": (edges[1:] + edges[:-1]) / 2, "y": y, "low": y - error, "high": y + error}


def _contour(state: CouplingState, method: str, one: coupling.TestSet) -> plots.Columns:
    """In coupling and nuisance; none for the flow, which has marginalised."""
    if method == coupling.FLOW:
        return {"xs": [], "ys": []}
    log_l = coupling.table(method, one.row, state.events)
    log_p = log_l + coupling.log_prior(one.measured_a, state.width)
    return plots.contour_columns(coupling.ALPHA, coupling.NUISANCE, log_p)


def _widths(state: CouplingState, method: str) -> plots.Columns:
    half_widths = coupling.half_widths(method, state.width, state.treatment)
    return {"x": coupling.EVENTS, "y": half_widths}


def every(display: Display) -> list[Figure]:
    """The six figures of this screen."""
    alphas = (coupling.LOW[0], coupling.HIGH[0])
    labels = ("αS of the shower", "a of the fragmentation")
    figures = [
        *(shape(display, name) for name in coupling.SHOWN),
        plots.curves(display, "z", "Strong coupling", "αS of the shower", alphas),
        plots.contours(display, "z", labels, alphas, (coupling.LOW[1], coupling.HIGH[1])),
        plots.coverages(display, "z", "Coverage: αS", "level of the interval"),
        plots.widths(display, "z", "Half width: αS", coupling.EVENTS, (0.002, 0.005, 0.01, 0.02)),
    ]
    for f in figures[2:4]:
        f.xaxis.ticker = FixedTicker(ticks=[0.10, 0.11, 0.12, 0.13, 0.14])
    return figures


def shape(display: Display, name: str) -> Figure:
    """One of the five shapes: the set, and the mean of all test sets."""
    edges = coupling.SHOWN[name]
    ranges = {"x_range": (edges[0], edges[-1]), "y_range": (0, HIGHEST[name])}
    label = LABELS[name]
    f = plots.framed(TITLES[name], label, "share of the events", **ranges)
    f.xaxis.ticker = FixedTicker(ticks=TICKS[name])
    mean = display.source(f"z_mean_{name}")
    f.step("x", "y", source=mean, color=BLUE, line_width=3, line_dash="dotted", mode="center")
    source = display.source(f"z_{name}")
    f.segment("x", "low", "x", "high", source=source, color=VERMILLION, line_width=2)
    f.scatter("x", "y", source=source, color=VERMILLION, size=zoomed(6))
    return f
