"""The third screen: the failure gallery."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from bokeh.plotting import figure as Figure

from hepml_lite.inference import failures
from widgets.inference import gallery, plots
from widgets.inference import text as words
from widgets.shared.base import Display, Outputs
from widgets.shared.style import BLUE, GREY, ORANGE, VERMILLION, zoomed

AXIS = (-2.0, 2.4)
RANKS = (0.0, 3.0)
SHARE = 45  # of the page that a figure takes at least [%]


class GalleryState(NamedTuple):
    """The controls of this screen; see `gallery`."""

    failure: str
    bias: float
    width: float


@lru_cache(maxsize=64)  # of all visitors of a server
def outputs(state: GalleryState) -> Outputs:
    """The columns and texts of this screen."""
    shown = gallery.shown(*state)
    judged = shown.judged
    observed = shown.estimate.observed
    return {
        "gallery_exact": {"x": shown.exact[:, 0], "y": shown.exact[:, 1]},
        "gallery_draws": {
            "x": np.clip(shown.draws[:, 0], *AXIS),
            "y": np.clip(shown.draws[:, 1], *AXIS),
        },
        "gallery_observed": {"x": [observed[0]], "y": [observed[1]]},
        "gallery_ranks": _ranks(judged.ranks.ranks, judged.ranks.n_draws),
        "gallery_expected": {"x": judged.expected.levels, "y": judged.expected.coverage},
        "gallery_tarp": {"x": judged.tarp.levels, "y": judged.tarp.coverage},
        "gallery_tarp_of_data": {"x": judged.tarp.levels, "y": judged.tarp_of_data.coverage},
        "gallery_band": plots.band_columns(gallery.N_OBSERVATIONS),
        "gallery_line": words.gallery_line(state, shown),
        "gallery_table": words.gallery_table(shown.findings),
    }


def _ranks(ranks: np.ndarray, n_draws: int) -> plots.Columns:
    """Histograms of the ranks (N, 2) over what uniform ranks would give."""
    edges = np.linspace(0, n_draws + 1, gallery.N_BINS + 1)
    expected = len(ranks) / gallery.N_BINS
    heights = [np.histogram(column, edges)[0] / expected for column in ranks.T]
    first, second = np.clip(heights, *RANKS)
    return {
        "x": np.arange(gallery.N_BINS + 1),
        "first": np.append(first, first[-1]),
        "second": np.append(second, second[-1]),
    }


def every(display: Display) -> list[Figure]:
    """The four figures of this screen."""
    return [draws(display), ranks(display), expected(display), tarp(display)]


def draws(display: Display) -> Figure:
    """Draws of the exact posterior and of the estimate; the square is the prior."""
    f = plots.framed("Draws at the data", "θ₁", "θ₂", x_range=AXIS, y_range=AXIS)
    end = failures.END
    sides = ([-end, end, end, -end, -end], [-end, -end, end, end, -end])
    f.line(*sides, color=BLUE, line_width=2, line_dash="dotted")
    exact = display.source("gallery_exact")
    f.scatter("x", "y", source=exact, color=GREY, size=zoomed(5), alpha=0.5)
    source = display.source("gallery_draws")
    options = {"marker": "triangle", "size": zoomed(5), "alpha": 0.5}
    f.scatter("x", "y", source=source, color=VERMILLION, **options)
    observed = display.source("gallery_observed")
    f.scatter("x", "y", source=observed, color=BLUE, marker="x", size=zoomed(16), line_width=4)
    return f


def ranks(display: Display) -> Figure:
    """Simulation-based calibration: both parameters."""
    ranges = {"x_range": (0, gallery.N_BINS), "y_range": RANKS}
    f = plots.framed("Ranks of the truths (SBC)", "tenth of the draws", "over uniform", **ranges)
    error = 2 * np.sqrt(gallery.N_BINS / gallery.N_OBSERVATIONS)
    f.hstrip([1 - error], [1 + error], color=GREY, fill_alpha=0.25, line_color=None)
    source = display.source("gallery_ranks")
    style = {"mode": "after", "line_width": 3, "source": source}
    f.step("x", "first", color=VERMILLION, **style)
    f.step("x", "second", color=ORANGE, line_dash="dashed", **style)
    return f


def expected(display: Display) -> Figure:
    """Expected coverage of the regions of highest density."""
    return _against_level(display, "Expected coverage", {"gallery_expected": (VERMILLION, "solid")})


def tarp(display: Display) -> Figure:
    """Coverage of balls around random points, and around points near the data."""
    lines = {
        "gallery_tarp": (ORANGE, "dashed"),
        "gallery_tarp_of_data": (VERMILLION, "solid"),
    }
    return _against_level(display, "TARP: balls", lines)


def _against_level(display: Display, title: str, lines: dict[str, tuple[str, str]]) -> Figure:
    f = plots.framed(title, "credibility", "truths inside", x_range=(0, 1), y_range=(0, 1))
    band = display.source("gallery_band")
    f.varea("x", "low", "high", source=band, color=GREY, fill_alpha=0.25)
    f.line([0, 1], [0, 1], color=GREY, line_width=2)
    for name, (colour, dash) in lines.items():
        source = display.source(name)
        f.line("x", "y", source=source, color=colour, line_width=3, line_dash=dash)
    return f
