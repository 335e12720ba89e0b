"""The screen "compression": bits and pruning against AUC, look-up tables and nanoseconds."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from bokeh.plotting import figure as Figure

from hepml_lite.trigger.compression.cost import nanoseconds
from hepml_lite.trigger.results import read_results
from widgets.shared.base import Display
from widgets.shared.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILLION,
    figure,
    swatch,
    table,
    zoomed,
)

NETWORKS = {"anomaly trigger 57-28-15-8": "anomaly", "jet tagger 12-16-12-5": "tagger"}
WAYS = {
    "rounded afterwards": "rounded",
    "trained with few bits": "trained",
    "pruned": "pruned",
    "bits of their own": "own bits",
}
STYLES = ((BLUE, "circle"), (GREEN, "square"), (PURPLE, "triangle"), (ORANGE, "diamond"))
STRONGEST = 5  # steps of the slider; a way with fewer settings stays at its last one
LUTS = (300.0, 2e5)
OPERATIONS = (300.0, 2e6)
LOSS = (-1.0, 8.0)  # per cent; what loses more lies on the upper edge
REFERENCE = ("rounded", "16")
NAMES = {"rounded": "bits", "trained": "bits", "pruned": "bits", "own bits": "price"}

Columns = dict[str, Any]


class View(NamedTuple):
    """What is chosen: a network, a way to compress it, and how far, from 1."""

    network: str
    way: str
    strength: int


@lru_cache(maxsize=len(NETWORKS))
def stored(part: str) -> pd.DataFrame:
    """Means over the seeds of all ways and settings, the loss in per cent with its error."""
    results = read_results()
    means = results.table(part)
    errors = [
        100 * results.mean(part, method, setting, "loss").error for method, setting in means.index
    ]
    means = means.assign(
        error=errors,
        loss=100 * means["loss"],
        ns=[nanoseconds(levels) for levels in means["levels"]],
    )
    return means


def settings(view: View) -> list[str]:
    """The settings of a way, from mild to strong."""
    means = stored(NETWORKS[view.network])
    rows = means.loc[WAYS[view.way]].sort_values("luts_da4ml", ascending=False)
    return list(rows.index)


def chosen(view: View) -> tuple[str, str]:
    """Method and setting of a view."""
    found = settings(view)
    return WAYS[view.way], found[min(view.strength, len(found)) - 1]


def outputs(view: View) -> dict[str, Any]:
    """All outputs of the screen."""
    means = stored(NETWORKS[view.network])
    found: dict[str, Any] = {
        "compression line": _line(view, means),
        "compression table": _table(view, means),
        "compression key": KEY,
        "compression about": ABOUT,
        "compression here": _columns(means.loc[[chosen(view)]]),
    }
    for method in WAYS.values():
        found[f"compression {method}"] = _columns(means.loc[[method]])
    return found


def _columns(rows: pd.DataFrame) -> Columns:
    loss = rows["loss"].to_numpy()
    error = rows["error"].to_numpy()
    return {
        "luts": rows["luts_da4ml"].to_numpy(),
        "operations": rows["ebops"].to_numpy(),
        "bits": rows["mean_bits"].to_numpy(),
        "ns": rows["ns"].to_numpy(),
        "loss": np.clip(loss, *LOSS),
        "low": np.clip(loss - error, *LOSS),
        "high": np.clip(loss + error, *LOSS),
    }


def every(display: Display) -> list[Figure]:
    """The four figures."""
    loss = "loss of AUC [%]"
    luts = {"x_axis_type": "log", "x_range": LUTS}
    figures = [
        _figure("What it costs, what it loses", "look-up tables", loss, y_range=LOSS, **luts),
        _figure("Bits of a weight", "bits, mean with zeros", loss, x_range=(0, 16), y_range=LOSS),
        _figure("Bit operations", "EBOPs", "look-up tables", x_axis_type="log",
                x_range=OPERATIONS, y_axis_type="log", y_range=LUTS),
        _figure("Time", "look-up tables", "time [ns]", y_range=(0, 50), **luts),
    ]  # fmt: skip
    axes = (("luts", "loss"), ("bits", "loss"), ("operations", "luts"), ("luts", "ns"))
    for f, (x, y) in zip(figures, axes, strict=True):
        for method, (colour, marker) in zip(WAYS.values(), STYLES, strict=True):
            source = display.source(f"compression {method}")
            f.scatter(x, y, source=source, color=colour, marker=marker, size=zoomed(10))
            if y == "loss":
                f.segment(x, "low", x, "high", source=source, color=colour, line_width=2)
        here = display.source("compression here")
        ring = {"fill_color": None, "line_color": VERMILLION, "line_width": 3}
        f.scatter(x, y, source=here, size=zoomed(20), **ring)
    return figures


def _figure(title: str, x: str, y: str, **options: Any) -> Figure:
    return figure(title, x, y, height=zoomed(290), **options)


def words(method: str, setting: str) -> str:
    """A setting in words: "8 bits", "8 bits, 50 % zero", "price 0.3"."""
    if method == "own bits":
        return f"price {setting}"
    first, *rest = setting.split(", ")
    return ", ".join([f"{first} bits", *rest]).replace("%", " %")


def _line(view: View, means: pd.DataFrame) -> str:
    method, setting = chosen(view)
    row = means.loc[(method, setting)]
    less = means.loc[REFERENCE, "luts_da4ml"] / row["luts_da4ml"]
    n_settings = len(settings(view))
    last = " (the last setting of this way)" if view.strength > n_settings else ""
    return (
        f"<b>Stored result. {view.way.capitalize()}, {words(method, setting)}{last}: "
        f"{_loss(row)} of the AUC lost, mean of {row['seeds']:.0f} trainings.</b> About "
        f"{row['luts_da4ml']:,.0f} look-up tables, "
        f"{less:.1f} times fewer than with 16 bits everywhere, and about {row['ns']:.0f} ns; "
        f"{row['zeros']:.0%} of the weights are zero."
    ).replace("%", " %")


def _loss(row: pd.Series) -> str:
    return f"{row['loss']:.2f} ± {row['error']:.2f}%"


def _table(view: View, means: pd.DataFrame) -> str:
    """All settings of the way."""
    rows = []
    method, here = chosen(view)
    for setting in settings(view):
        row = means.loc[(method, setting)]
        cells = (
            f"{row['loss']:.2f} ± {row['error']:.2f}",
            f"{row['ebops']:,.0f}",
            f"{row['luts_da4ml']:,.0f}",
            f"{row['luts']:,.0f}" if np.isfinite(row.get("luts", np.nan)) else "–",
            f"{row['ns']:.0f}",
        )
        name = words(method, setting)
        rows.append((f"<b>{name}</b>" if setting == here else name, *cells))
    return table(HEADER, rows)


HEADER = ("setting", "loss [%]", "EBOPs", "LUTs", "Yosys", "ns")
KEY = (
    " &ensp; ".join(
        f"{swatch(colour, symbol)} {way}"
        for (colour, _), symbol, way in zip(STYLES, "●■▲◆", WAYS, strict=True)
    )
    + f" &ensp; {swatch(VERMILLION, '○')} your choice &ensp; {swatch(GREY, '|')} error: spread "
    "over the trainings"
)
ABOUT = (
    "Stored results of benchmarks/trigger.py; nothing is trained here. Loss: "
    "against the float network of the same seed, on the same test events, as a share of its AUC; "
    "background of the anomaly trigger counts by its rate. EBOPs: bits of a weight times bits of "
    "its input, summed over all weights. LUTs: look-up tables by the estimate of da4ml, which "
    "shares additions. Yosys: those of our own Verilog, synthesised for one seed, where it was "
    "done. ns: levels of additions times 1 ns, a guess without placement. 16 bits: inputs as well."
)
