"""The text of "Fill the budget": the live line, the table and the key of the figures."""

from collections.abc import Mapping

from hepml_lite.statistics.intervals import Interval
from hepml_lite.trigger.rates import MenuRates
from widgets.shared.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, swatch, table

HEADER = ("item", "≥ GeV", "kHz", "pure", "events")  # a phone has no room for more
KEY = (
    f"{swatch(SKY, '■')} rate of an item &ensp; {swatch(BLUE, '■')} pure: no other item keeps it "
    f"&ensp; {swatch(GREEN, '■')} the menu without the network &ensp; {swatch(ORANGE, '■')} what "
    f"the network adds &ensp; {swatch(VERMILLION, '●')} where your threshold is &ensp; "
    f"{swatch(GREY, '╌╌')} the budget &ensp; ROC: {swatch(ORANGE, '━')} network &ensp; "
    f"{swatch(GREEN, '╌╌')} rarity &ensp; {swatch(BLUE, '╍')} sum of pT &ensp; "
    f"{swatch(PURPLE, '┈┈')} number of leptons"
)
ABOUT = (
    "Table: thresholds in GeV, rates and pure rates in kHz. "
    "28.6 million crossings a second with one collision in each, no pile-up. A slider at its right "
    "end switches its item off. Rates: weighted means over {} simulated background events, with "
    "68 % intervals of the gamma method; events: the effective number, how many of "
    "equal weight would know the rate as well; the upper ends allow for one event of the largest "
    "weight, an empty crossing, that could have passed. The network is a variational encoder "
    "57-28-15-8 in whole "
    "numbers, trained on other background events; it keeps what has the largest sum of squared "
    "means. ROC: the "
    "share of the mixture is a number of this sample and not a rate; bands are Clopper-Pearson "
    "(background) at shares with at least ten events."
)


def line(total: Interval, budget: float, of_signals: Mapping[str, float]) -> str:
    """The total rate against the budget, and the signal that fares worst."""
    value = f"{_khz(total.value)} kHz [{_khz(total.low)}, {_khz(total.high)}]"
    if total.value > budget:
        verdict = (
            f'<b style="color:{VERMILLION}">OVER the budget: {value} of {_khz(budget)} kHz.</b>'
        )
    else:
        free = (budget - total.value) / budget
        verdict = f"<b>Within the budget: {value} of {_khz(budget)} kHz, {free:.0%} free.</b>"
    worst = min(of_signals, key=lambda name: of_signals[name])
    best = max(of_signals, key=lambda name: of_signals[name])
    return (
        f"{verdict} Of {best}, {of_signals[best]:.1%} are kept; of {worst}, only "
        f"{of_signals[worst]:.1%}."
    ).replace("%", " %")


def nothing_on(budget: float) -> str:
    """The line without any item."""
    return f"<b>All items are off: nothing is kept of {_khz(budget)} kHz.</b> Move a slider left."


def items(rates: MenuRates) -> str:
    """The table of the items that are on, and of all together."""
    frame = rates.table()
    rows = []
    for item in rates.items:
        row = frame.loc[item.name]
        (cut,) = item.thresholds.values()
        cells = (_interval(row["rate [Hz]"]), _interval(row["pure rate [Hz]"]))
        rows.append((item.name, f"{cut:g}", *cells, f"{row['effective events']:,.0f}"))
    rows.append(("all together", "", _interval(rates.total), "", ""))
    return table(HEADER, rows)


def _interval(rate: Interval) -> str:
    """The interval on a line of its own: a phone has no room for it beside the rate."""
    digits = 1 if rate.high >= 10_000 else 2
    value, low, high = (f"{one / 1000:.{digits}f}" for one in (rate.value, rate.low, rate.high))
    return f"{value}<br>[{low}, {high}]"


def _khz(hertz: float) -> str:
    return f"{hertz / 1000:.2f}"
