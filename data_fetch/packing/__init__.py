"""Samples packed into small integers, one module a container: how the bundled files are made small.

Each module has `pack(rows)`, which gives arrays of integers, and `unpack(arrays, card)`, which
gives the container's own arrays.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from data_fetch.packing import containers, events, jets, showers, trigger_events, unfolding_pair
from hepml_lite.containers.rows import Rows

MODULES = {
    "Jets": jets,
    "Events": events,
    "UnfoldingPair": unfolding_pair,
    "TriggerEvents": trigger_events,
    "Showers": showers,
}


def pack(rows: Rows) -> dict[str, np.ndarray]:
    """Arrays of small integers that hold the rows to the precision that their module or card says.

    Raises:
        ValueError: if a value does not fit; the message says which.
    """
    return _module(type(rows).__name__).pack(rows)


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> Rows:
    """The rows that `pack` stored; the card says in which container."""
    return containers.restore(_module(card["container"]).unpack(arrays, card), card)


def _module(container: str) -> ModuleType:
    if container not in MODULES:
        raise ValueError(f"no packing for {container!r}; there is one for: {', '.join(MODULES)}")
    return MODULES[container]
