""" "Cut or learn?" as one HTML file: the same figures, counted in the browser."""

from pathlib import Path
from statistics import NormalDist

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import Checkbox, CustomJS, LayoutDOM, RangeSlider, Slider

from widgets.shared.base import Display
from widgets.shared.style import table, text_block
from widgets.start_here import figures
from widgets.start_here import text as words
from widgets.start_here.state import CutAndNetwork

CODE = Path(__file__).parent / "static.js"


def layout(dashboard: CutAndNetwork, title: str) -> LayoutDOM:
    """Three sliders over the stored results of one training; starts where the dashboard stands."""
    outputs, results = dashboard.compute(), dashboard.results
    points = dashboard.working_points()
    del points["both"]
    shown = {
        **outputs,
        "points": figures.point_columns(points),
        "table": words.efficiencies(points),
    }
    display = Display(shown)
    line, board = (text_block(shown["line"], 22), text_block(shown["table"], 18))
    steer = _sliders(dashboard)
    pictures = [
        figures.mass(display, results, jet=False),
        figures.score(display, results, jet=False),
        figures.roc(display, results),
    ]
    for f in pictures:
        f.height = 295
    script = CustomJS(
        code=CODE.read_text("utf8"),
        args={
            **_numbers(dashboard),
            **steer,
            "points": display.source("points"),
            "shade": display.source("window"),
            "accepted": display.source("threshold"),
            "line": line,
            "board": board,
        },
    )
    for name, widget in steer.items():
        widget.js_on_change("active" if name == "equal" else "value", script)
    wide = {"sizing_mode": "stretch_width"}
    upper, lower = row(*pictures[:2], **wide), row(pictures[2], board, **wide)
    headline = text_block(f"<b>{title}</b>", 26)
    return column(headline, row(*steer.values(), **wide), line, upper, lower, **wide)


def _sliders(dashboard: CutAndNetwork) -> dict[str, LayoutDOM]:
    window, threshold = dashboard.param.window, dashboard.param.threshold
    style = {"sizing_mode": "stretch_width", "styles": {"font-size": "18px"}}
    return {
        "mass_window": RangeSlider(
            **dict(zip(("start", "end"), window.bounds, strict=True)),
            **{"value": dashboard.window, "step": 1, "title": window.label, **style},
        ),
        "cut": Slider(
            **dict(zip(("start", "end"), threshold.bounds, strict=True)),
            **{"value": dashboard.threshold, "step": 0.001, "title": threshold.label, **style},
            tags=[dashboard.threshold],
        ),
        "equal": Checkbox(label=dashboard.param.equal.label, active=dashboard.equal, **style),
    }


def _numbers(dashboard: CutAndNetwork) -> dict:
    """What the script counts on: the test sample, and the words to say it in."""
    results, scores = dashboard.results, dashboard.scores
    return {
        "mass": results.mass,
        "scores": scores,
        "labels": results.label.astype(np.uint8),
        "top_scores": -np.sort(-scores[results.label == 1]),
        "level": NormalDist().inv_cdf(0.84),
        "words": {
            **words.WORDS,
            **words.SELECTIONS,
            "table": table(words.EFFICIENCIES, [["{}"] * len(words.EFFICIENCIES)] * 2),
        },
    }
