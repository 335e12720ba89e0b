"""From plain arrays and a data card back to the container that they were taken from."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hepml_lite.containers.events import Events
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.rows import Rows
from hepml_lite.containers.showers import Geometry, Showers
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.containers.unfolding_pair import UnfoldingPair

CONTAINERS = {c.__name__: c for c in (Jets, Events, UnfoldingPair, TriggerEvents, Showers)}


def restore(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> Rows:
    """The container that the card names, around these arrays.

    Raises:
        ValueError: if the card names no container of the course.
    """
    if card["container"] not in CONTAINERS:
        known = ", ".join(CONTAINERS)
        raise ValueError(f"unknown container {card['container']!r}; choose one of: {known}")
    fields: dict[str, Any] = {**arrays, "names": tuple(card["classes"]), "card": card}
    if "quantities" in card:
        fields["quantities"] = tuple(card["quantities"])
    if "processes" in card:
        fields["processes"] = tuple(card["processes"])
    if "geometry" in card:
        fields["geometry"] = Geometry.regular(**card["geometry"])
    return CONTAINERS[card["container"]](**fields)
