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
    return _module(type(rows).__name__).pack(rows) | _packed_weights(rows)


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> Rows:
    """The rows that `pack` stored; the card says in which container."""
    unpacked = _module(card["container"]).unpack(arrays, card)
    if "weight_values" in arrays:
        unpacked["weight"] = arrays["weight_values"][arrays["weight_code"]]
    return containers.restore(unpacked, card)


def _packed_weights(rows: Rows) -> dict[str, np.ndarray]:
    """The weights, of which a sample has few different ones, as positions in a list of them."""
    if rows.weight is None:
        return {}
    values, code = np.unique(rows.weight, return_inverse=True)
    if len(values) > 256:
        raise ValueError(f"{len(values)} different weights; at most 256 can be packed")
    return {"weight_values": values, "weight_code": code.astype(np.uint8)}


def _module(container: str) -> ModuleType:
    if container not in MODULES:
        raise ValueError(f"no packing for {container!r}; there is one for: {', '.join(MODULES)}")
    return MODULES[container]
