"""The four figures of "Fill the budget" and their columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.plotting import figure as Figure

from hepml_lite.statistics.metrics import roc_curve
from hepml_lite.trigger.rates import MenuRates, RateCurve
from hepml_lite.trigger.rates.working_points import clopper_pearson
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

HEIGHT = 290  # pixels
MOST_KHZ = 40.0
LOWEST_HZ, HIGHEST_HZ = 100.0, 3e7
SHARES = np.geomspace(1e-4, 0.3, 40)  # of the mixture, in the ROC curves
FEWEST = 10  # background events
SCORES = ("network", "rarity", "sum pT", "lepton count")
STYLES = ((ORANGE, "solid"), (GREEN, "dashed"), (BLUE, "dotdash"), (PURPLE, "dotted"))

Columns = dict[str, Any]


def rate_columns(names: Sequence[str], rates: MenuRates | None) -> Columns:
    """Rates and pure rates of the items in kHz; zero where an item is off."""
    on = {} if rates is None else {item.name: item for item in rates.items}
    whole = [rates.rate(name).value / 1e3 if rates and name in on else 0.0 for name in names]
    pure = [rates.pure_rate(name).value / 1e3 if rates and name in on else 0.0 for name in names]
    return {
        "item": list(names),
        "rate": np.minimum(whole, MOST_KHZ),
        "pure": np.minimum(pure, MOST_KHZ),
    }


def efficiency_columns(menu: Mapping[str, float], added: Mapping[str, float]) -> Columns:
    """The shares of each signal that the menu keeps, and that the network adds."""
    names = [*menu]
    base = np.array([menu[name] for name in names])
    return {"signal": names, "menu": base, "all": base + [added[name] for name in names]}


def curve_columns(
    curve: RateCurve, highest: float, threshold: float | None
) -> tuple[Columns, Columns]:
    """The rate as a function of the threshold up to the highest one, and the present threshold."""
    x = np.linspace(0, 1, 120)
    y = np.clip(curve.rate(highest * x), LOWEST_HZ, HIGHEST_HZ)
    here: Columns = {"x": [], "y": []}
    if threshold is not None:
        rate = float(np.clip(curve.rate(threshold), LOWEST_HZ, HIGHEST_HZ))
        here = {"x": [threshold / highest], "y": [rate]}
    return {"x": x, "y": y}, here


def roc_columns(background: np.ndarray, signal: np.ndarray) -> Columns:
    """True positives at fixed shares of the mixture, with the ends of the share's interval."""
    labels = np.repeat([0, 1], [len(background), len(signal)])
    false_positive, true_positive, _ = roc_curve(labels, np.concatenate([background, signal]))
    share = SHARES[SHARES * len(background) >= FEWEST]
    y = np.interp(share, false_positive, true_positive)
    counts = np.round(share * len(background)).astype(int)
    ends = [clopper_pearson(int(count), len(background)) for count in counts]
    low = np.array([end.low for end in ends])
    high = np.array([end.high for end in ends])
    return {
        "x": share,
        "y": np.maximum(y, 1e-4),
        "xs": np.concatenate([low, high[::-1]]),
        "ys": np.maximum(np.concatenate([y, y[::-1]]), 1e-4),
    }


def every(display: Display, items: Sequence[str], signals: Sequence[str]) -> list[Figure]:
    """All four figures."""
    return [
        rates(display, items),
        efficiencies(display, signals),
        curve(display),
        roc(display),
    ]


def rates(display: Display, items: Sequence[str]) -> Figure:
    """Rate and pure rate of each item, and the budget."""
    f = _figure("Rates", "rate [kHz]", "", x_range=(0, MOST_KHZ), y_range=[*items][::-1])
    source = display.source("rates")
    f.hbar("item", 0.8, "rate", source=source, color=SKY)
    f.hbar("item", 0.4, "pure", source=source, color=BLUE)
    limit = display.source("budget")
    f.segment("x", "low", "x", "high", source=limit, color=GREY, line_dash="dashed", line_width=3)
    return f


def efficiencies(display: Display, signals: Sequence[str]) -> Figure:
    """What is kept of each signal."""
    labels = {"x_range": (0, 1), "y_range": [*signals][::-1]}
    f = _figure("Kept of each signal", "efficiency", "", **labels)
    source = display.source("efficiencies")
    f.hbar("signal", 0.7, "all", source=source, color=ORANGE)
    f.hbar("signal", 0.7, "menu", source=source, color=GREEN)
    return f


def curve(display: Display) -> Figure:
    """The rate of one item alone against its threshold."""
    ranges = {"x_range": (0, 1), "y_range": (LOWEST_HZ, HIGHEST_HZ), "y_axis_type": "log"}
    f = _figure(
        "The chosen item alone", "threshold / right end of the slider", "rate [Hz]", **ranges
    )
    f.line("x", "y", source=display.source("curve"), color=SKY, line_width=3)
    f.scatter("x", "y", source=display.source("here"), color=VERMILLION, size=zoomed(12))
    return f


def roc(display: Display) -> Figure:
    """True positives at small shares of the mixture, of four scores."""
    ranges: dict[str, Any] = {"x_range": (1e-4, 0.3), "y_range": (1e-3, 1)}
    kinds = {"x_axis_type": "log", "y_axis_type": "log"}
    f = _figure("ROC of the scores", "share of the mixture", "signal efficiency", **ranges, **kinds)
    for score, (colour, dash) in zip(SCORES, STYLES, strict=True):
        source = display.source(f"roc {score}")
        f.line("x", "y", source=source, color=colour, line_dash=dash, line_width=3)
        band = display.source(f"band {score}")
        f.patch("xs", "ys", source=band, color=colour, fill_alpha=0.2, line_color=None)
    return f


def _figure(title: str, x: str, y: str, **options: Any) -> Figure:
    return figure(title, x, y, height=zoomed(HEIGHT), **options)
