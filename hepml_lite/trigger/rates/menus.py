"""Thresholds of a menu whose total rate meets a budget, overlaps included.

Each item gets a share of the budget. The shares add up to one, but events that pass several items
count once, so the total comes out below the budget. The same factor on all shares brings it back.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_not_negative
from hepml_lite.statistics.settings_checks import checked_by_name, checked_number
from hepml_lite.trigger.rates.item import Item
from hepml_lite.trigger.rates.menu_rates import MenuRates
from hepml_lite.trigger.rates.rate_curve import RateCurve

BISECTIONS = 20


def thresholds_within(
    shares: Mapping[str, float],
    columns: Mapping[str, np.ndarray],
    weight: ArrayLike,
    budget: float,
) -> tuple[Item, ...]:
    """One item for each quantity, with thresholds whose OR stays within a budget [Hz].

    Args:
        shares: of the budget, by the name of a quantity; only their ratios matter.
        columns: quantities of the background events, by name, each (N,).
        weight: (N,) Hz.
        budget: Hz, of all items together.

    Raises:
        ValueError: no quantity, an unknown one, shares that are not positive, or a share so small
            that one event exceeds it.
    """
    checked_number("budget", budget, 0, np.inf, "()", "1000")
    checked_by_name("shares", shares, "{'met': 1, 'HT': 2}")
    checked_by_name("columns", columns, "quantities(events)")
    unknown = [name for name in shares if name not in columns]
    if unknown or not shares:
        raise ValueError(f"shares of {unknown or 'nothing'}: there are: {', '.join(columns)}")
    for name, share in shares.items():
        checked_number(f"the share of {name!r}", share, 0, np.inf, "()", "1")
    whole = sum(shares.values())
    curves = {name: RateCurve.of_events(columns[name], weight) for name in shares}

    def items(factor: float) -> tuple[Item, ...]:
        found = []
        for name, share in shares.items():
            rate = factor * budget * share / whole
            found.append(Item(name, {name: curves[name].threshold(rate)}))
        return tuple(found)

    low, high = 1.0, float(len(shares))  # without overlaps, and if all items keep the same
    for _ in range(BISECTIONS):
        middle = np.sqrt(low * high)
        total = MenuRates.of_events(items(middle), columns, weight).total.value
        low, high = (middle, high) if total <= budget else (low, middle)
    return items(low)


def kept(items: Sequence[Item], columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Whether at least one item keeps each event, before prescales; (N,) bool.

    Raises:
        ValueError: without an item, or for an unknown quantity.
    """
    if not isinstance(items, Sequence) or not items or not all(isinstance(i, Item) for i in items):
        raise ValueError(f"there are no items in {items!r:.80}: give a list of Item, one or more")
    passed = [item.passes(columns) for item in items]
    if len({each.shape for each in passed}) > 1:
        raise ValueError(
            f"the items see {[len(each) for each in passed]} events: give quantities of the same "
            "events"
        )
    return np.logical_or.reduce(passed)


def efficiencies(
    items: Sequence[Item], columns: Mapping[str, np.ndarray], weight: ArrayLike
) -> dict[str, float]:
    """The share of the summed weights that each item keeps, and "all" for their OR.

    Raises:
        ValueError: as `kept`, or for weights that are all zero.
    """
    weights = checked_not_negative("weight", weight)
    if not weights.sum() > 0:
        raise ValueError("all weights are zero: give a positive weight to some events")
    together = kept(items, columns)
    names = [*(item.name for item in items), "all"]
    if weights.shape != together.shape or len(set(names)) < len(names):
        raise ValueError(
            f"weights {weights.shape} for {together.shape} events, items {names[:-1]}: give one "
            "weight an event, and each item its own name, other than 'all'"
        )
    shares = {item.name: item.passes(columns) for item in items} | {"all": together}
    return {name: float(weights @ passed / weights.sum()) for name, passed in shares.items()}
