"""Functions of many events, a piece of the events at a time, so that memory stays small."""

from collections.abc import Callable

import numpy as np

from hepml_lite.containers.trigger_events import TriggerEvents

ROWS_AT_ONCE = 8192


def in_pieces(function: Callable[[TriggerEvents], np.ndarray], events: TriggerEvents) -> np.ndarray:
    """The values (N, ...) of a function that treats each event alone, of events (N)."""
    starts = range(0, max(len(events), 1), ROWS_AT_ONCE)
    return np.concatenate([function(events[k : k + ROWS_AT_ONCE]) for k in starts])
