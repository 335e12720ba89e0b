"""Rates in Hz: of a menu, of a score, against pile-up, and what a mixture of events can say."""

from hepml_lite.trigger.rates import (
    item,
    menu_rates,
    menus,
    pile_up,
    rate_comparison,
    rate_curve,
    turn_on,
    working_points,
)
from hepml_lite.trigger.rates.item import Item
from hepml_lite.trigger.rates.menu_rates import MenuRates, kept_by_any
from hepml_lite.trigger.rates.rate_curve import RateCurve, threshold_for_rate

__all__ = [
    "Item",
    "MenuRates",
    "RateCurve",
    "item",
    "kept_by_any",
    "menu_rates",
    "menus",
    "pile_up",
    "rate_comparison",
    "rate_curve",
    "threshold_for_rate",
    "turn_on",
    "working_points",
]
