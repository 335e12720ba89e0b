"""Fill the budget: thresholds of a menu, rates with overlaps, and what is kept of each signal."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import panel as pn
import param

from hepml_lite.trigger.menus import kept
from hepml_lite.trigger.rates import Item, MenuRates, RateCurve
from widgets.shared.base import Dashboard, Display, Outputs
from widgets.shared.style import px, side_by_side, two_by_two
from widgets.trigger import figures, samples
from widgets.trigger import text as words


class Slider(NamedTuple):
    """An item of the menu and the ends of its slider; at the right end it is off."""

    name: str
    quantity: str
    low: int
    high: int
    default: int


SLIDERS = {
    "muon": Slider("muon", "muons 1", 3, 60, 4),
    "two_muons": Slider("two muons", "muons 2", 3, 40, 3),
    "electron": Slider("e/gamma", "egamma 1", 3, 60, 11),
    "two_electrons": Slider("two e/gamma", "egamma 2", 3, 40, 6),
    "jet": Slider("jet", "jets 1", 15, 200, 58),
    "missing": Slider("missing momentum", "met", 5, 120, 25),
    "sum_of_jets": Slider("HT", "HT", 30, 300, 90),
}
OFF = 0.0  # kHz of the network


def _slider(key: str) -> param.Integer:
    one = SLIDERS[key]
    return param.Integer(one.default, bounds=(one.low, one.high), label=f"{one.name} [GeV]")


@lru_cache(maxsize=64)
def _curve(quantity: str) -> RateCurve:
    background = samples.groups()["background"]
    return RateCurve.of_events(background.columns[quantity], background.weight)


@lru_cache(maxsize=16)
def _roc(signal: str) -> dict[str, figures.Columns]:
    """Curves and bands of all scores for one signal."""
    groups = samples.groups()
    outputs = {}
    for score in figures.SCORES:
        columns = [groups[name].columns[score] for name in ("background", signal)]
        found = figures.roc_columns(*columns)
        outputs[f"roc {score}"] = {"x": found["x"], "y": found["y"]}
        outputs[f"band {score}"] = {"xs": found["xs"], "ys": found["ys"]}
    return outputs


def signals() -> list[str]:
    """The names of the signals."""
    return [name for name in samples.groups() if name != "background"]


class Trigger(Dashboard):
    """Move thresholds until the rate fits the budget, and see what you keep.

    Args:
        state: start values of the controls (muon, jet, budget, ...), and `hide=("budget", ...)`.
    """

    title = "Fill the budget"
    sentence = (
        "Some ten thousand of 28.6 million crossings a second can be kept. Set thresholds, let a "
        "network have its share, and see what is lost of four new particles."
    )

    budget = param.Number(30.0, bounds=(5, 40), step=1, label="Budget [kHz]")
    muon = _slider("muon")
    two_muons = _slider("two_muons")
    electron = _slider("electron")
    two_electrons = _slider("two_electrons")
    jet = _slider("jet")
    missing = _slider("missing")
    sum_of_jets = _slider("sum_of_jets")
    network = param.Number(2.0, bounds=(OFF, 20), step=0.5, label="Network alone [kHz], 0: off")
    item: "param.Selector[str]" = param.Selector(
        default="jet", objects=list(SLIDERS), label="Item in the third figure"
    )
    signal: "param.Selector[str]" = param.Selector(
        default="A -> 4l",
        objects=["A -> 4l", "h0 -> tau tau", "h+- -> tau nu", "LQ -> b tau"],
        label="Signal of the ROC curves",
    )

    def menu(self) -> tuple[Item, ...]:
        """The items that are on, without the network."""
        found = []
        for key, one in SLIDERS.items():
            threshold = getattr(self, key)
            if threshold < one.high:
                found.append(Item(one.name, {one.quantity: threshold}))
        return tuple(found)

    def with_network(self) -> tuple[Item, ...]:
        """The items that are on, and the network if it has a share."""
        if self.network == OFF:
            return self.menu()
        threshold = _curve(samples.NETWORK).threshold(1000 * self.network)
        return (*self.menu(), Item(samples.NETWORK, {samples.NETWORK: threshold}))

    def rates(self) -> MenuRates | None:
        """The rates of the present menu; None if all items are off."""
        items = self.with_network()
        background = samples.groups()["background"]
        return MenuRates.of_events(items, background.columns, background.weight) if items else None

    def efficiencies(self, items: tuple[Item, ...]) -> dict[str, float]:
        """The share of each signal that some item keeps."""
        groups = samples.groups()
        return {
            name: float(np.mean(kept(items, groups[name].columns))) if items else 0.0
            for name in signals()
        }

    def compute(self) -> Outputs:
        """All outputs; the line is red when the rate is over the budget."""
        rates = self.rates()
        names = [one.name for one in SLIDERS.values()] + [samples.NETWORK]
        by_menu = self.efficiencies(self.menu())
        by_all = self.efficiencies(self.with_network())
        added = {name: by_all[name] - by_menu[name] for name in by_all}
        one = SLIDERS[self.item]
        cut = getattr(self, self.item)
        on = None if cut >= one.high else float(cut)
        curve, here = figures.curve_columns(_curve(one.quantity), float(one.high), on)
        hertz = 1000 * self.budget
        if rates is None:
            told = {"line": words.nothing_on(hertz), "table": ""}
        else:
            told = {
                "line": words.line(rates.total, hertz, by_all),
                "table": words.items(rates),
            }
        n_background = len(samples.groups()["background"].weight)
        return {
            **told,
            "key": words.KEY,
            "about": words.ABOUT.format(f"{n_background:,}".replace(",", " ")),
            "rates": figures.rate_columns(names, rates),
            "budget": {"x": [self.budget], "low": [0], "high": [len(names)]},
            "efficiencies": figures.efficiency_columns(by_menu, added),
            "curve": curve,
            "here": here,
            **_roc(self.signal),
        }

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The page: controls on the left; line, table and four figures on the right."""
        left = pn.Column(
            self.controls("budget"),
            self.controls(*SLIDERS),
            self.controls("network"),
            self.controls("item", "signal"),
        )
        line = display.text("line", 19)
        line.object.styles = {**line.object.styles, "min-height": px(56)}  # what is below stays
        names = [one.name for one in SLIDERS.values()] + [samples.NETWORK]
        right = pn.Column(
            line,
            display.text("key", 15),
            two_by_two(*figures.every(display, names, signals())),
            display.text("table", 17),
            display.text("about", 15),
            sizing_mode="stretch_width",
        )
        return side_by_side(left, right, 270)
