"""The columns of the figures of "Which tagger, and at what price?"."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.scored_variation import SCORE_EDGES
from hepml_lite.statistics.tagger_rates import GRID, TaggerRates
from widgets.shared.style import GREEN, GREY, ORANGE, PURPLE, SKY, zoomed

COLOURS = (PURPLE, GREEN, ORANGE, SKY)  # of chosen taggers; blue and vermilion mark the classes
DASHES = ("solid", "dashed", "dotdash", "dotted")
MARKERS = ("circle", "square", "triangle", "diamond")
MIN_BACKGROUND = 10  # background jets above a threshold; with fewer a ROC point says nothing
SPECTRUM_EDGES = np.arange(0, 301, 20.0)  # GeV
MASS_EDGES = np.array([0, 40, 60, 80, 100, 120, 140, 160, 180, 200, 300.0])
PT_EDGES = np.arange(550, 651, 12.5)
LOWEST_FRACTION = 1e-4  # fraction of jets at the lower end of a logarithmic axis
# Ratios of efficiencies beyond these are drawn at the end of the axis
LOWEST_RATIO = 0.4
HIGHEST_RATIO = 2.5
NAME_HEIGHT = 0.007  # of a curve's name, in AUC
Columns = dict[str, list | np.ndarray]


class Chosen(NamedTuple):
    """A tagger on display."""

    slot: int  # 0 to 3: its colour
    row: int  # in the sample

    @property
    def style(self) -> dict[str, str]:
        """Colour and dash."""
        return {"colour": COLOURS[self.slot], "dash": DASHES[self.slot]}


def columns(rows: Sequence[dict], *names: str) -> Columns:
    """Rows turned into columns; all `names` are present, even without rows."""
    return {name: [row[name] for row in rows] for name in names}


@lru_cache(maxsize=64)
def roc_columns(sample: TaggerRates, chosen: tuple[Chosen, ...]) -> dict[str, Columns]:
    """ROC curves and their bands."""
    most, lines, bands = highest(sample), [], []
    for one in chosen:
        rejection, low, high = sample.bands[one.row]
        x, y, low, high = (
            a[(rejection <= most) & (high < np.inf)] for a in (GRID, rejection, low, high)
        )
        lines.append({"xs": x, "ys": y, **one.style})
        bands.append({"xs": np.r_[x, x[::-1]], "ys": np.r_[low, high[::-1]], **one.style})
    names = ("xs", "ys", "colour", "dash")
    return {"roc": columns(lines, *names), "bands": columns(bands, *names)}


@lru_cache(maxsize=64)
def varied_roc_columns(
    sample: TaggerRates, chosen: tuple[Chosen, ...], variation: str | None, strength: int
) -> Columns:
    """ROC curves after a variation."""
    lines: list[dict] = []
    if variation is None:
        return columns(lines, "xs", "ys", "colour", "dash")
    varied = sample.variations[variation]
    for one in chosen:
        background, signal = varied.passed[one.row, min(strength, len(varied.strengths) - 1)]
        keep = background >= MIN_BACKGROUND  # also drops a tagger without scores, -1
        y = varied.total[0] / background[keep]
        lines.append({"xs": signal[keep] / varied.total[1], "ys": y, **one.style})
    return columns(lines, "xs", "ys", "colour", "dash")


@lru_cache(maxsize=64)
def score_columns(sample: TaggerRates, row: int) -> Columns:
    """Fraction of jets in each bin of the score, as steps."""
    scores = np.clip(sample.scores[row], SCORE_EDGES[0], SCORE_EDGES[-1])
    counts = [np.histogram(scores[sample.jets.label == label], SCORE_EDGES)[0] for label in (0, 1)]
    return _score_steps(*counts)


@lru_cache(maxsize=64)
def varied_score_columns(
    sample: TaggerRates, row: int, variation: str | None, strength: int
) -> Columns:
    """The same after a variation; empty for a tagger without scores for it."""
    if variation is None:
        return {"x": [], "qcd": [], "top": []}
    varied = sample.variations[variation]
    counts = varied.histograms[row, min(strength, len(varied.strengths) - 1)]
    return _score_steps(*counts) if counts.any() else {"x": [], "qcd": [], "top": []}


def _score_steps(qcd: np.ndarray, top: np.ndarray) -> Columns:
    return {"qcd": _steps(qcd), "top": _steps(top), "x": np.repeat(SCORE_EDGES, 2)[1:-1]}


def _steps(counts: np.ndarray) -> np.ndarray:
    """Fractions, each twice, because a step has two ends."""
    return np.repeat(np.maximum(counts / counts.sum(), LOWEST_FRACTION / 10), 2)


@lru_cache(maxsize=8)
def _places(sample: TaggerRates, label: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Jets of a class, and the bin of each in every histogram."""
    own = np.flatnonzero(sample.jets.label == label)
    values = {
        "spectrum": (sample.jets.mass, SPECTRUM_EDGES),
        "mass": (sample.jets.mass, MASS_EDGES),
    }
    if sample.jets.pt is not None:
        values["pt"] = (sample.jets.pt, PT_EDGES)
    bins = {}
    for name, (value, edges) in values.items():
        inside = np.clip(value[own], edges[0], edges[-1] - 1e-6)
        bins[name] = np.digitize(inside, edges) - 1
    return own, bins


@lru_cache(maxsize=8)
def before_columns(sample: TaggerRates, label: int) -> Columns:
    """Mass spectrum before the cut."""
    bins = _places(sample, label)[1]["spectrum"]
    counts = np.bincount(bins, minlength=len(SPECTRUM_EDGES) - 1)
    return {"x": np.repeat(SPECTRUM_EDGES, 2)[1:-1], "y": np.repeat(counts / counts.sum(), 2)}


def after_columns(
    sample: TaggerRates, label: int, selected: Sequence[tuple[Chosen, np.ndarray]]
) -> dict[str, Columns]:
    """Mass spectra after the cut, efficiencies against mass and pT; `selected` as (N,) bool."""
    own, bins = _places(sample, label)
    spectra: list[dict] = []
    found: dict[str, list[dict]] = {"mass": [], "pt": []}
    x = np.repeat(SPECTRUM_EDGES, 2)[1:-1]
    for one, passed in selected:
        passed = passed[own]
        counts = np.bincount(bins["spectrum"][passed], minlength=len(SPECTRUM_EDGES) - 1)
        y = np.repeat(counts / max(counts.sum(), 1), 2)
        spectra.append({"xs": x, "ys": y, **one.style})
        for name, edges in (("mass", MASS_EDGES), ("pt", PT_EDGES)):
            found[name] += _efficiencies(one, bins[name], passed, edges)
    names = ("x", "y", "low", "high", "colour", "marker")
    return {
        "after": columns(spectra, "xs", "ys", "colour", "dash"),
        **{f"against_{name}": columns(rows, *names) for name, rows in found.items()},
    }


def _efficiencies(
    one: Chosen, bins: np.ndarray, passed: np.ndarray, edges: np.ndarray
) -> list[dict]:
    """A point for each bin in which jets pass, shifted from those of the other taggers."""
    all_counts = np.bincount(bins, minlength=len(edges) - 1)
    counts = np.bincount(bins[passed], minlength=len(edges) - 1)
    shift = (one.slot - 1.5) * 0.13
    rows = []
    for k, (n, total) in enumerate(zip(counts.tolist(), all_counts.tolist(), strict=True)):
        if total < MIN_BACKGROUND or n == 0:
            continue
        value, low, high = efficiency_interval(n, total)
        middle = (edges[k] + edges[k + 1]) / 2 + shift * (edges[k + 1] - edges[k])
        ends = {"low": max(low, LOWEST_FRACTION), "high": high}
        look = {"colour": COLOURS[one.slot], "marker": MARKERS[one.slot]}
        rows.append({"x": middle, "y": value, **ends, **look})
    return rows


def point_columns(points: Sequence[tuple[Chosen, Interval, Interval]]) -> Columns:
    """Working points in the ROC plane: signal efficiency and background rejection."""
    rows = []
    for one, signal, rejection in points:
        y = rejection.value if np.isfinite(rejection.value) else rejection.low
        look = {"colour": COLOURS[one.slot], "marker": MARKERS[one.slot]}
        rows.append({"x": signal.value, "y": y, **look})
    return columns(rows, "x", "y", "colour", "marker")


def landscape_columns(sample: TaggerRates, efficiency: float, chosen: Sequence[Chosen]) -> Columns:
    """Rejection of every tagger at one signal efficiency, over its number of parameters."""
    rejection = sample.bands[:, 0, round(efficiency * len(GRID)) - 1]
    colours, markers, sizes = ([v] * len(sample.jets.taggers) for v in (GREY, "circle", zoomed(7)))
    for one in chosen:
        colours[one.row], markers[one.row] = COLOURS[one.slot], MARKERS[one.slot]
        sizes[one.row] = zoomed(15)
    order = np.argsort(sizes, kind="stable")  # chosen taggers are drawn on top
    return {
        "x": np.maximum(sample.parameters, 1)[order],
        "y": np.minimum(rejection, (sample.jets.label == 0).sum())[order],
        "colour": [colours[k] for k in order],
        "marker": [markers[k] for k in order],
        "size": [sizes[k] for k in order],
    }


def shift_columns(shifts: Sequence[tuple[Chosen, int, Interval]]) -> Columns:
    """Efficiency after a variation over that before, at the variation's place in the list."""
    rows = []
    for one, place, ratio in shifts:
        value, low, high = (min(max(v, LOWEST_RATIO), HIGHEST_RATIO) for v in ratio)
        look = {"colour": COLOURS[one.slot], "marker": MARKERS[one.slot]}
        y = place + (one.slot - 1.5) * 0.2
        rows.append({"x": value, "y": y, "low": low, "high": high, **look})
    return columns(rows, "x", "y", "low", "high", "colour", "marker")


@lru_cache(maxsize=64)
def curve_columns(sample: TaggerRates, chosen: tuple[Chosen, ...]) -> dict[str, Columns]:
    """AUC against training jets: the chosen taggers in their colours, the others grey."""
    slots = {one.row: one for one in chosen}
    lines, points, ends = [], [], []
    heights = _apart([curve[-1, 1] for curve in sample.curves.values()], NAME_HEIGHT)
    for (name, curve), height in zip(sample.curves.items(), heights, strict=True):
        one = slots.get(sample.jets.taggers.index(name)) if name in sample.jets.taggers else None
        style = one.style if one else {"colour": GREY, "dash": "solid"}
        jets, area, error = curve.T
        lines.append({"xs": jets, "ys": area, **style})
        ends.append({"x": jets[-1] * 1.3, "y": height, "text": name, "colour": style["colour"]})
        marker = MARKERS[one.slot] if one else "circle"
        for x, y, e in zip(jets, area, error, strict=True):
            look = {"colour": style["colour"], "marker": marker}
            points.append({"x": x, "y": y, "low": y - e, "high": y + e, **look})
    return {
        "curves": columns(lines, "xs", "ys", "colour", "dash"),
        "curve_points": columns(points, "x", "y", "low", "high", "colour", "marker"),
        "curve_names": columns(ends, "x", "y", "text", "colour"),
    }


def _apart(heights: Sequence[float], least: float) -> np.ndarray:
    """Heights of names near these heights; each name is below the one before."""
    places = np.array(heights)
    order = np.argsort(-places, kind="stable")
    for above, below in pairwise(order):
        places[below] = min(places[below], places[above] - least)
    return places


def highest(sample: TaggerRates) -> float:
    """Largest rejection that can be measured with the background of the sample."""
    return (sample.jets.label == 0).sum() / MIN_BACKGROUND
