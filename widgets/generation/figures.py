"""The six figures of "From noise to showers" and their columns."""

from typing import Any

import numpy as np
from bokeh.models import ColorBar, FixedTicker, LinearColorMapper
from bokeh.palettes import Cividis256
from bokeh.plotting import figure as Figure

from hepml_lite.containers.showers import Geometry
from hepml_lite.generation.showers.features import middles
from widgets.generation.stored import (
    GENERATORS,
    MASS_EDGES,
    METHODS,
    METRIC_NAMES,
    N_GENERATED,
    N_TRAINING,
    StoredFrames,
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

HEIGHT = 280  # pixels
STRETCH = 2.2  # of the depth against the radius, so that the cylinder fills the frame
TILT = np.radians(12)
LOG_RANGE = (0.0, 4.0)  # decades above the threshold
LARGEST_POINT = 22.0  # pixels
SMALLEST_POINT = 1.5
SIGNIFICANCE = (-3.0, 30.0)
COLOURS = (GREY, VERMILLION, BLUE)  # of the generators
DASHES = ("dashed", "solid", "dotdash")

Columns = dict[str, Any]


def positions(geometry: Geometry) -> np.ndarray:
    """Depth, x and y of the middle of each voxel, (V, 3)."""
    found = []
    for layer in geometry.layers:
        x, y, _ = middles(layer)
        depth = np.full_like(x, sum(layer.depth) / 2)
        found.append(np.stack([depth, x, y], axis=1))
    return np.concatenate(found)


def projected(places: np.ndarray, turn: float) -> np.ndarray:
    """Places (V, 3) as a viewer sees them who walks around the shower by `turn` degrees, (V, 3).

    The columns are right, up, and nearness to the viewer.
    """
    depth = (places[:, 0] - places[:, 0].mean()) / STRETCH
    angle = np.radians(turn)
    right = depth * np.cos(angle) + places[:, 1] * np.sin(angle)
    near = -depth * np.sin(angle) + places[:, 1] * np.cos(angle)
    up = places[:, 2] * np.cos(TILT) + near * np.sin(TILT)
    return np.stack([right, up, near], axis=1)


def shower_columns(logs: np.ndarray, places: np.ndarray, turn: float) -> Columns:
    """Voxels with energy as points, the nearest last.

    Args:
        logs: log(energy / threshold) (V,); below zero there is no energy.
        places: (V, 3), as `positions`.
        turn: of the viewer [degrees].
    """
    seen = projected(places, turn)
    filled = np.flatnonzero(logs >= 0)
    order = filled[np.argsort(seen[filled, 2])]
    decades = logs[order] / np.log(10)
    size = (
        LARGEST_POINT * (np.clip(decades, 0.1, LOG_RANGE[1]) / LOG_RANGE[1]) ** 2 + SMALLEST_POINT
    )
    return {"x": seen[order, 0], "y": seen[order, 1], "decades": decades, "size": size}


def profile_columns(shares: np.ndarray) -> Columns:
    """Shares of the energy in each layer (L,), in per cent."""
    return {"x": np.arange(len(shares)) + 0.5, "y": 100 * shares}


def mass_columns(shares: np.ndarray) -> Columns:
    """Shares of the events in each bin (B,), in per cent."""
    return {"x": (MASS_EDGES[1:] + MASS_EDGES[:-1]) / 2, "y": 100 * shares}


def metric_columns(significances: np.ndarray) -> Columns:
    """Bars (M,): positive is worse; what leaves the frame ends at its edge."""
    return {
        "x": np.arange(len(significances)) + 0.5,
        "top": np.clip(significances, *SIGNIFICANCE),
    }


def every(display: Display, stored: StoredFrames) -> list[Figure]:
    """All six figures."""
    return [
        shower(display),
        profile(display),
        peak(display),
        quality(display, stored),
        metrics(display),
        amplification(display, stored),
    ]


def shower(display: Display) -> Figure:
    """The voxels of one shower in three dimensions; the electron comes from the left."""
    f = _figure("A shower on its way", "along the shower", "across", x_range=(-7.5, 7.5),
                y_range=(-5.5, 5.5))  # fmt: skip
    colours = LinearColorMapper(palette=Cividis256, low=LOG_RANGE[0], high=LOG_RANGE[1])
    f.scatter(
        "x", "y", size="size", source=display.source("shower"), line_color=None, fill_alpha=0.8,
        fill_color={"field": "decades", "transform": colours},
    )  # fmt: skip
    bar = ColorBar(color_mapper=colours, width=10, title="log₁₀ E / 0.5 MeV", padding=2)
    bar.ticker = FixedTicker(ticks=[0, 1, 2, 3, 4])
    f.add_layout(bar, "right")
    return f


def profile(display: Display) -> Figure:
    """Mean energy of the layers of 300 showers on the way, and of cascades."""
    f = _figure("Mean depth profile", "layer (1.2 X₀ each)", "share of the energy [%]",
                x_range=(0, 20), y_range=(0, 20))  # fmt: skip
    bars = {"width": 1, "color": GREY, "fill_alpha": 0.35, "line_color": None}
    f.vbar("x", top="y", source=display.source("true_profile"), **bars)
    f.step("x", "y", source=display.source("profile"), color=VERMILLION, mode="center",
           line_width=3)  # fmt: skip
    return f


def peak(display: Display) -> Figure:
    """The mass of muon pairs on the way, and the exact one."""
    f = _figure("The Z peak", "mass of the muon pair [GeV]", "share of the events [%]",
                x_range=(MASS_EDGES[0], MASS_EDGES[-1]), y_range=(0, 26))  # fmt: skip
    bars = {"width": 1, "color": GREY, "fill_alpha": 0.35, "line_color": None}
    f.vbar("x", top="y", source=display.source("true_mass"), **bars)
    f.step("x", "y", source=display.source("mass"), color=BLUE, mode="center", line_width=3)
    return f


def quality(display: Display, stored: StoredFrames) -> Figure:
    """Area of the strongest judge against the time of a shower, for all numbers of steps."""
    times = np.append(stored.milliseconds.ravel(), stored.one_step[2])
    x_range = (times.min() / 2, times.max() * 2)
    f = _figure("Steps: quality and time", "CPU time of a shower [ms]", "AUC of the judge",
                x_range=x_range, y_range=(0.48, 1.01), x_axis_type="log")  # fmt: skip
    real, error = stored.real
    f.hstrip([real - error], [real + error], color=GREY, fill_alpha=0.3, line_color=None)
    for number, (_, dash) in enumerate(zip(METHODS, ("dashed", "solid"), strict=True)):
        colour = (SKY, BLUE)[number]
        auc = stored.auc[number]
        place = stored.milliseconds[number]
        low = auc - stored.auc_error[number]
        high = auc + stored.auc_error[number]
        f.line(place, auc, color=colour, line_width=3, line_dash=dash)
        f.segment(place, low, place, high, color=colour, line_width=2)
        f.scatter(place, auc, color=colour, size=zoomed(6))
    auc, error, place = stored.one_step
    f.segment([place], [auc - error], [place], [auc + error], color=GREEN, line_width=2)
    f.scatter([place], [auc], color=GREEN, marker="star", size=zoomed(16))
    f.scatter("x", "y", source=display.source("chosen"), fill_color=None, line_color=VERMILLION,
              line_width=3, size=zoomed(16))  # fmt: skip
    return f


def metrics(display: Display) -> Figure:
    """How far each metric is from its floor, for the chosen fault."""
    f = _figure("What each metric sees", "", "spreads above the floor",
                x_range=(0, len(METRIC_NAMES)), y_range=SIGNIFICANCE)  # fmt: skip
    f.hstrip([-2], [2], color=GREY, fill_alpha=0.3, line_color=None)
    f.vbar("x", top="top", bottom=0, width=0.8, source=display.source("metrics"), color=PURPLE)
    centres = [number + 0.5 for number in range(len(METRIC_NAMES))]
    f.xaxis.ticker = FixedTicker(ticks=centres)
    f.xaxis.major_label_overrides = dict(zip(centres, METRIC_NAMES, strict=True))
    f.xaxis.major_label_orientation = 0.9
    return f


def amplification(display: Display, stored: StoredFrames) -> Figure:
    """What samples of a generator are worth, over its training sample of a hundred events."""
    f = _figure("Worth of the sample", "generated events",
                f"worth / {N_TRAINING} training events", x_range=(35, 45_000), y_range=(0, 6),
                x_axis_type="log")  # fmt: skip
    f.hspan([1], color=GREY, line_width=1)
    f.line("x", "y", source=display.source("all_true"), color=GREY, line_width=2,
           line_dash="dotted")  # fmt: skip
    for number, _ in enumerate(GENERATORS):
        style = {"color": COLOURS[number], "line_width": 3, "line_dash": DASHES[number]}
        factor = stored.factors[number]
        low = factor - stored.factor_errors[number]
        high = factor + stored.factor_errors[number]
        f.varea(N_GENERATED, low, high, fill_color=COLOURS[number], fill_alpha=0.2)
        f.line(N_GENERATED, factor, **style)
    f.scatter("x", "y", source=display.source("worth"), fill_color=None, line_color=ORANGE,
              line_width=3, size=zoomed(14))  # fmt: skip
    return f


def _figure(title: str, x: str, y: str, **options: Any) -> Figure:
    return figure(title, x, y, height=zoomed(HEIGHT), **options)
