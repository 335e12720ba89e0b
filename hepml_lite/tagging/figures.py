"""Figures of the tagging lessons."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from hepml_lite.plotting import COLOURS, class_style
from hepml_lite.statistics.efficiency_shift import EfficiencyShift
from hepml_lite.tagging.landscape import Row

# Kinds of taggers by what they use of a jet; taggers of one kind share a colour and a marker.
KINDS = {
    "observables": ("mass", "trees", "N-subjettiness 6", "N-subjettiness 8", "EFP", "LDA"),
    "lists": ("TopoDNN", "P-CNN"),
    "images": ("CNN", "ResNet"),
    "four-vectors": ("LoLa", "LBN"),
    "sets, trees": ("by hand", "EFN", "PFN", "TreeNiN", "LundNet"),
    "pairs": ("ParticleNet", "ParT", "ParT, IRC safe"),
    "relativity": ("LorentzNet", "PELICAN", "L-GATr-slim"),
    "all of them": ("GoaT",),
}
_COLOURS = (*COLOURS.values(), "0.35", "black")
_MARKERS = ("o", "s", "D", "v", "^", "P", "X", "*")


def kind_of(name: str) -> str:
    """The kind of tagger of a row of the landscape."""
    return next((kind for kind, names in KINDS.items() if name in names), "lists")


def rejection_against_parameters(ax: Axes, rows: Iterable[Row], efficiency: float = 0.3) -> Axes:
    """Draw background rejection against the number of parameters, both on log axes.

    An arrow is a 95 % lower limit: so few background jets pass that they give no more.

    Raises:
        ValueError: an efficiency that rows do not have.
    """
    if efficiency not in (0.3, 0.5):
        raise ValueError(f"efficiency={efficiency}: choose 0.3 or 0.5.")
    style = dict(zip(KINDS, zip(_COLOURS, _MARKERS, strict=True), strict=True))
    points = {}
    for row in rows:
        figure = row.rejection_30 if efficiency == 0.3 else row.rejection_50
        kind = kind_of(row.name)
        look: dict[str, Any] = {"fmt": style[kind][1], "color": style[kind][0], "ms": 9, "lw": 1.5}
        y = figure.value if figure.limit is None else figure.limit
        if figure.limit is None:
            ax.errorbar(row.parameters, y, np.transpose([figure.interval.errors]), **look)
        else:  # an arrow: at least so much
            ax.errorbar(row.parameters, y, 0.3 * y, lolims=True, **look)
        points[row.name] = (row.parameters, y)
    for kind in dict.fromkeys(map(kind_of, points)):
        ax.plot([], [], style[kind][1], color=style[kind][0], ms=9, label=kind)
    ax.set(xscale="log", yscale="log", xlabel="parameters")
    _label(ax, points)
    ax.set_ylabel(rf"background rejection $1/\varepsilon_B$ at $\varepsilon_S = {efficiency}$")
    ax.legend(loc="lower left", bbox_to_anchor=(1, 0), title="what it is built on")
    return ax


def _label(ax: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write a name beside each point, at a place that covers no other name and no point."""
    scale = 72 / ax.figure.dpi
    at = {name: scale * ax.transData.transform(xy) for name, xy in points.items()}  # points
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in at.values()]
    for name, (x, y) in sorted(at.items(), key=lambda item: -item[1][1]):
        width = 6.2 * len(name)
        places = [(dx, dy) for dy in (-3, 6, -13, 16, -23, 26, -33) for dx in (9, -9 - width)]
        boxes = [(x + dx, y + dy, x + dx + width, y + dy + 10) for dx, dy in places]
        free = (k for k, box in enumerate(boxes) if not any(_overlap(box, t) for t in taken))
        chosen = next(free, 0)
        taken.append(boxes[chosen])
        far = {"arrowstyle": "-", "lw": 0.7, "color": "0.5"} if chosen > 1 else None
        ax.annotate(
            name, points[name], xytext=places[chosen], textcoords="offset points",
            fontsize="x-small", arrowprops=far,
        )  # fmt: skip


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def shifts(ax: Axes, broken: Mapping[str, Mapping[str, EfficiencyShift]], what: str) -> Axes:
    """Draw the effect of each change on each tagger: one field of `EfficiencyShift` with interval.

    Args:
        ax: axes to draw on; the changes go from top to bottom.
        broken: change → tagger → shift.
        what: field of `EfficiencyShift`; differences are compared with 0, ratios with 1.
    """
    changes, taggers = list(broken), list(next(iter(broken.values())))
    for k, tagger in enumerate(taggers):
        intervals = [getattr(broken[change][tagger], what) for change in changes]
        y = np.arange(len(changes)) + (k - (len(taggers) - 1) / 2) * 0.7 / len(taggers)
        # with few jets the value may lie outside of its bootstrap interval
        errors = np.maximum(np.transpose([i.errors for i in intervals]), 0)  # (2, C)
        style = class_style(tagger) | {"linestyle": "", "ms": 8}
        ax.errorbar([i.value for i in intervals], y, xerr=errors, label=tagger, **style)
    ax.axvline(1 if what.endswith("ratio") else 0, color="0.4", lw=1.5, ls=":")
    ax.set_yticks(range(len(changes)), changes)
    ax.set_ylim(len(changes) - 0.5, -0.5)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax
