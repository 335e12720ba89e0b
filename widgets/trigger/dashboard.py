"""Fill the budget: a menu's rates and what it keeps; and what a network costs in a chip."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import panel as pn
import param

from hepml_lite.trigger.rates import Item, MenuRates, RateCurve
from hepml_lite.trigger.rates.menus import kept
from widgets.shared.base import Dashboard, Display, Outputs
from widgets.shared.style import px, side_by_side, two_by_two
from widgets.trigger import compression, figures, samples
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
MENU, COMPRESSION = "menu", "compression"


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
    """Move thresholds until the rate fits the budget; on the other screen, compress a network.

    Args:
        state: start values of the controls (screen, muon, jet, budget, ...), and
            `hide=("budget", ...)`.
    """

    title = "Fill the budget"
    sentence = (
        "Some ten thousand of 28.6 million crossings a second can be kept. Set thresholds, let a "
        "network have its share, and see what is lost of four new particles. Then take bits from "
        "the network."
    )

    screen: "param.Selector[str]" = param.Selector(
        default=MENU, objects=[MENU, COMPRESSION], label="Screen"
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
    compressed: "param.Selector[str]" = param.Selector(
        default=next(iter(compression.NETWORKS)), objects=[*compression.NETWORKS], label="Network"
    )
    way: "param.Selector[str]" = param.Selector(
        default="trained with few bits", objects=[*compression.WAYS], label="Way"
    )
    strength = param.Integer(
        1, bounds=(1, compression.STRONGEST), label="How far: 1 mild, 5 strong"
    )

    widgets = {"screen": {"type": pn.widgets.RadioButtonGroup}}  # noqa: RUF012

    def __init__(self, **state: Any) -> None:
        self._pages: list[dict[str, pn.Column]] = []
        super().__init__(**state)

    def settle(self, changed: set[str]) -> None:
        """Show the chosen screen."""
        for page in self._pages:
            for name, part in page.items():
                part.visible = name == self.screen

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
            **compression.outputs(compression.View(self.compressed, self.way, self.strength)),
        }

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The choice of the screen, and both screens, of which one is visible."""
        page = {MENU: self._menu_page(display), COMPRESSION: self._compression_page(display)}
        self._pages = [*self._pages, page][-self.MAX_DISPLAYS :]
        for name, part in page.items():
            part.visible = name == self.screen
        return pn.Column(self.controls("screen"), *page.values(), sizing_mode="stretch_width")

    def _menu_page(self, display: Display) -> pn.Column:
        """Controls on the left; line, table and four figures on the right."""
        left = pn.Column(
            self.controls("budget"),
            self.controls(*SLIDERS),
            self.controls("network"),
            self.controls("item", "signal"),
        )
        names = [one.name for one in SLIDERS.values()] + [samples.NETWORK]
        right = pn.Column(
            _line(display, "line"),
            display.text("key", 15),
            two_by_two(*figures.every(display, names, signals())),
            display.text("table", 17),
            display.text("about", 15),
            sizing_mode="stretch_width",
        )
        return pn.Column(side_by_side(left, right, 270), sizing_mode="stretch_width")

    def _compression_page(self, display: Display) -> pn.Column:
        """The same for stored results of compressed networks."""
        left = pn.Column(self.controls("compressed", "way", "strength"))
        right = pn.Column(
            _line(display, "compression line"),
            display.text("compression key", 15),
            two_by_two(*compression.every(display)),
            display.text("compression table", 17),
            display.text("compression about", 15),
            sizing_mode="stretch_width",
        )
        return pn.Column(side_by_side(left, right, 270), sizing_mode="stretch_width")


def _line(display: Display, name: str) -> pn.pane.Bokeh:
    """The live line; what is below it stays where it is."""
    line = display.text(name, 19)
    line.object.styles = {**line.object.styles, "min-height": px(56)}
    return line
