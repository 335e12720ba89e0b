"""Packing of samples into small integers, which makes the bundled files small.

There is one module for each container. Its `pack(rows)` returns arrays of integers. Its
`unpack(arrays, card)` returns the container's own arrays.
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
PARTS = {"Jets": jets.part, "TriggerEvents": trigger_events.part}


def pack(rows: Rows) -> dict[str, np.ndarray]:
    """The rows as arrays of small integers, in the precision that their module or card states.

    Raises:
        ValueError: if a value is too large; the message says which.
    """
    return _module(type(rows).__name__).pack(rows) | _packed_weights(rows)


def unpack(
    arrays: Mapping[str, np.ndarray],
    card: Mapping[str, Any],
    start: int = 0,
    stop: int | None = None,
) -> Rows:
    """The rows `start` to `stop` that `pack` stored, in the container that the card names.

    Of jets and of trigger events, which are the largest, no other row takes memory.
    """
    if card["container"] in PARTS:
        first, last, _ = slice(start, stop).indices(len(arrays["label"]))
        arrays = PARTS[card["container"]](arrays, first, max(first, last))
        start, stop = 0, None
    rows = _all_rows(arrays, card)
    wanted = np.arange(len(rows))[start:stop]  # a slice would keep all rows in memory
    return rows if len(wanted) == len(rows) else rows[wanted]


def _all_rows(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> Rows:
    """All rows of these arrays."""
    unpacked = _module(card["container"]).unpack(arrays, card)
    if "weight_values" in arrays:
        unpacked["weight"] = arrays["weight_values"][arrays["weight_code"]]
    return containers.restore(unpacked, card)


def _packed_weights(rows: Rows) -> dict[str, np.ndarray]:
    """The list of different weights, and for each row its position in that list."""
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
