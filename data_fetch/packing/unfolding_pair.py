"""Unfolding pairs packed into small integers: both tables in the steps that the card states."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data_fetch.packing.events import columns, precision, table
from data_fetch.packing.integers import labels
from hepml_lite.containers.unfolding_pair import UnfoldingPair

LEVELS = {"truth": "true_ok", "measured": "measured_ok"}  # and whether they are there


def pack(pairs: UnfoldingPair) -> dict[str, np.ndarray]:
    """Each quantity of both levels in steps of `card["precision"]`; see `unpack`.

    Raises:
        ValueError: if the card gives no step for a quantity, or a value needs more than 16 bits.
    """
    steps = precision(pairs.card, pairs.quantities)
    packed = {"label": labels(pairs.label)}
    for level, flag in LEVELS.items():
        there = getattr(pairs, flag)
        if not there.all():
            packed[flag] = np.packbits(there)
        packed |= columns(f"{level}_", getattr(pairs, level)[there], steps)
    return packed


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of the pairs that `pack` stored."""
    steps = precision(card, card["quantities"])
    n = len(arrays["label"])
    unpacked = {"label": arrays["label"]}
    for level, flag in LEVELS.items():
        there = np.ones(n, bool)
        if flag in arrays:
            there = np.unpackbits(arrays[flag], count=n).astype(bool)
        values = np.full((n, len(steps)), np.nan, np.float32)
        values[there] = table(f"{level}_", arrays, steps)
        unpacked |= {level: values, flag: there}
    return unpacked
