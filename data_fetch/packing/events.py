"""Events packed into small integers: every quantity in whole steps, which its data card states."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from data_fetch.packing.integers import byte_planes, joined, labels, rounded
from hepml_lite.containers.events import Events


def pack(events: Events) -> dict[str, np.ndarray]:
    """Each quantity in steps of `card["precision"]`; see `unpack`.

    Raises:
        ValueError: if the card gives no step for a quantity, or a value needs more than 16 bits.
    """
    steps = precision(events.card, events.quantities)
    return {"label": labels(events.label), **columns("", events.values, steps)}


def unpack(arrays: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of the events that `pack` stored."""
    steps = precision(card, card["quantities"])
    return {"values": table("", arrays, steps), "label": arrays["label"]}


def precision(card: Mapping[str, Any], quantities: Sequence[str]) -> dict[str, float]:
    """The step of each quantity.

    Raises:
        ValueError: if the card gives none.
    """
    steps = card.get("precision", {})
    missing = [name for name in quantities if name not in steps]
    if missing:
        raise ValueError(f"the card gives no precision for {', '.join(missing)}")
    return {name: steps[name] for name in quantities}


def columns(prefix: str, values: np.ndarray, steps: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Byte planes of the columns of `values` (N, F), named with a prefix."""
    whole = {
        f"{prefix}{name}": rounded(column, step, name)
        for column, (name, step) in zip(values.T, steps.items(), strict=True)
    }
    return byte_planes(whole)


def table(prefix: str, arrays: Mapping[str, np.ndarray], steps: Mapping[str, float]) -> np.ndarray:
    """The values (N, F) that `columns` packed, float32."""
    found = [joined(arrays, f"{prefix}{name}") * step for name, step in steps.items()]
    return np.stack(found, axis=-1).astype(np.float32)
