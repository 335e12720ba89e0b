"""Unfolding pairs packed into small integers: both tables in the steps that the card states."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_fetch.packing.events import columns, precision, table
from data_fetch.packing.integers import labels
from hepml_lite.containers.unfolding_pair import UnfoldingPair

LEVELS = ("truth", "measured")


def pack(pairs: UnfoldingPair) -> dict[str, np.ndarray]:
    """Each quantity of both levels in steps of `card["precision"]`; see `unpack`.

    Raises:
        ValueError: if the card gives no step for a quantity, or a value needs more than 16 bits.
    """
    steps = precision(pairs.card, pairs.quantities)
    packed = {"label": labels(pairs.label)}
    for level in LEVELS:
        packed |= columns(f"{level}_", getattr(pairs, level), steps)
    return packed


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of the pairs that `pack` stored."""
    steps = precision(card, card["quantities"])
    levels = {level: table(f"{level}_", arrays, steps) for level in LEVELS}
    return levels | {"label": arrays["label"]}
