"""Figures of the tagging lessons."""

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes

from hepml_lite.plotting import COLOURS, class_style
from hepml_lite.tagging.efficiency_shift import EfficiencyShift
from hepml_lite.tagging.landscape import Row

# What a tagger knows of a jet before it is trained; the kinds share a colour and a marker.
KINDS = {
    "observables": ("mass", "trees", "N-subjettiness 6", "N-subjettiness 8", "EFP", "LDA"),
    "lists": ("TopoDNN", "P-CNN"),
    "images": ("CNN", "ResNet"),
    "four-vectors": ("LoLa", "LBN"),
    "sets, trees": ("by hand", "EFN", "PFN", "TreeNiN"),
    "pairs": ("ParticleNet", "ParT", "ParT, IRC safe"),
    "relativity": ("LorentzNet", "PELICAN", "L-GATr"),
    "all of them": ("GoaT",),
}
_COLOURS = (*COLOURS.values(), "0.35", "black")
_MARKERS = ("o", "s", "D", "v", "^", "P", "X", "*")


def kind_of(name: str) -> str:
    """What kind of tagger a row of the landscape is."""
    return next((kind for kind, names in KINDS.items() if name in names), "lists")


def rejection_against_parameters(ax: Axes, rows: Iterable[Row], efficiency: float = 0.3) -> Axes:
    """Background rejection of each row against its number of parameters, both on log axes.

    Raises:
        ValueError: an efficiency that rows do not have.
    """
    if efficiency not in (0.3, 0.5):
        raise ValueError(f"efficiency={efficiency}: rows have 0.3 and 0.5.")
    style = dict(zip(KINDS, zip(_COLOURS, _MARKERS, strict=True), strict=True))
    points = {}
    for row in rows:
        figure = row.rejection_30 if efficiency == 0.3 else row.rejection_50
        colour, marker = style[kind_of(row.name)]
        known = kind_of(row.name) in points
        points.setdefault(kind_of(row.name), []).append(row.name)
        ax.errorbar(
            row.parameters, figure.value, figure.error, fmt=marker, color=colour, ms=9, lw=1.5,
            label=None if known else kind_of(row.name),
        )  # fmt: skip
        ax.annotate(
            row.name, (row.parameters, figure.value), xytext=(8, 4), fontsize="x-small",
            textcoords="offset points",
        )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="parameters")
    ax.set_ylabel(rf"background rejection $1/\varepsilon_B$ at $\varepsilon_S = {efficiency}$")
    ax.legend(loc="lower left", bbox_to_anchor=(1, 0), title="what it is built on")
    return ax


def shifts(ax: Axes, broken: Mapping[str, Mapping[str, EfficiencyShift]], what: str) -> Axes:
    """What each change does to each tagger: one number of `EfficiencyShift`, with its interval.

    Args:
        ax: axes to draw in; the changes run down.
        broken: change → tagger → shift.
        what: field of `EfficiencyShift`; differences are compared with 0, ratios with 1.
    """
    changes, taggers = list(broken), list(next(iter(broken.values())))
    for k, tagger in enumerate(taggers):
        intervals = [getattr(broken[change][tagger], what) for change in changes]
        y = np.arange(len(changes)) + (k - (len(taggers) - 1) / 2) * 0.7 / len(taggers)
        errors = np.transpose([interval.errors for interval in intervals])  # (2, C)
        style = class_style(tagger) | {"linestyle": "", "ms": 8}
        ax.errorbar([i.value for i in intervals], y, xerr=errors, label=tagger, **style)
    ax.axvline(1 if what.endswith("ratio") else 0, color="0.4", lw=1.5, ls=":")
    ax.set_yticks(range(len(changes)), changes)
    ax.set_ylim(len(changes) - 0.5, -0.5)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax
