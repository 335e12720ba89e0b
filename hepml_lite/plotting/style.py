"""The style of all figures: colours, dashes and markers of classes, large type."""

from typing import Any

import matplotlib as mpl
from cycler import cycler

# Okabe and Ito (2008), distinct for any colour vision; without yellow and black, poor for lines.
COLOURS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "orange": "#E69F00",
}
_DASHES = ("-", (0, (5, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1)), (0, (8, 2, 1, 2, 1, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Places of classes that occur in many lessons; other names get the next place when first drawn.
_PLACES = dict(QCD=0, background=0, Higgs=0, top=1, signal=1, quark=2, gluon=3, W=4, Z=5)
# Methods that the dashboards show, too, in the colours that they have there.
_PLACES |= {"mass cut": 2, "Particle Flow Network": 3}
_PLACES |= {"ParticleNet": 3, "LorentzNet": 2, "L-GATr-slim": 2, "trees": 5, "mass": 4}
_PLACES |= {"by hand": 0, "ParT": 1}


def use_style() -> None:
    """Make this style the default of all later Matplotlib figures."""
    dashes = [class_style(i)["linestyle"] for i in range(len(COLOURS))]
    mpl.rcParams.update(
        {
            "figure.figsize": (8, 5),
            "figure.constrained_layout.use": True,
            "font.size": 15,
            "axes.titlesize": "medium",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycler(color=COLOURS.values(), linestyle=dashes),
            "legend.fontsize": "small",
            "legend.title_fontsize": "small",
            "legend.frameon": False,
            "legend.handlelength": 2.6,
            "lines.linewidth": 2.2,
        }
    )


def class_style(which: int | str) -> dict[str, Any]:
    """Colour, linestyle and marker of a class or method, as keywords for `plot` and `errorbar`.

    A name looks the same in every figure of a session; QCD and top (background and signal) do
    so in all sessions. A number is a place in the cycle of styles, which repeats after 30.
    """
    if isinstance(which, str):
        which = _PLACES.setdefault(which, len(set(_PLACES.values())))
    return {
        "color": list(COLOURS.values())[which % len(COLOURS)],
        "linestyle": _DASHES[which % len(_DASHES)],
        "marker": _MARKERS[which % len(_MARKERS)],
    }
