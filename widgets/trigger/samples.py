"""The events behind "Fill the budget": quantities and scores of background and of four signals."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

import data_fetch
from data_fetch.files import read_arrays
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.trigger import fast_network
from hepml_lite.trigger.anomaly.baselines import Rarity, floors
from hepml_lite.trigger.emulation.integer_network import (
    BIAS,
    WEIGHT,
    IntegerNetwork,
    axol1tl_like,
    squared_score,
)
from hepml_lite.trigger.inputs import InputScaling
from hepml_lite.trigger.quantities import quantities
from widgets.shared.stored import verified

SAMPLE = "trigger_objects"
STORED = Path(__file__).parent / "stored.npz"
MAX_EVENTS = 150_000  # of the test split; more would make a move slow
NETWORK, RARITY = "network", "rarity"
LAYERS = range(3)


class Group(NamedTuple):
    """Events of one class.

    Attributes:
        columns: quantities and scores by name, each (N,).
        weight: (N,) Hz of background; ones for signals.
    """

    columns: dict[str, np.ndarray]
    weight: np.ndarray


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def groups() -> dict[str, Group]:
    """Background first, then each signal."""
    events = data_fetch.load(SAMPLE, split="test", rows=slice(0, MAX_EVENTS))
    practice = data_fetch.load(SAMPLE, split="train", rows=slice(0, MAX_EVENTS))
    rarity = Rarity.of_background(practice.of_class("background"))
    return {name: _group(events.of_class(name), rarity) for name in events.names}


def _group(events: TriggerEvents, rarity: Rarity) -> Group:
    scores = {NETWORK: network_score(events), RARITY: rarity.score(events)} | floors(events)
    columns = quantities(events)
    weight = np.ones(len(events))
    if events.weight is not None and not events.label.any():  # background has the label 0
        weight = events.weight
    return Group(columns | scores, weight)


@lru_cache(maxsize=1)
def network() -> tuple[InputScaling, IntegerNetwork]:
    """The stored anomaly trigger in whole numbers; widgets/trigger/make_stored.py trains it."""
    stored = read_arrays(verified(STORED))
    scaling = InputScaling(stored["offset"].astype(float), stored["shift"].astype(float))
    weights = [stored[f"weight_{layer}"] * WEIGHT.step for layer in LAYERS]
    biases = [stored[f"bias_{layer}"] * BIAS.step for layer in LAYERS]
    return scaling, axol1tl_like(weights, biases)


def network_score(events: TriggerEvents) -> np.ndarray:
    """What the chip computes for each event, (N,)."""
    scaling, whole = network()
    return squared_score(fast_network.codes(whole, scaling.codes(events)))
