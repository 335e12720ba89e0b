"""Typed tables of physics data: jets, events, showers, trigger events, unfolding pairs,
scored jets."""

from hepml_lite.containers.events import Events
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.rows import Rows
from hepml_lite.containers.scored_jets import ScoredJets
from hepml_lite.containers.showers import Geometry, Layer, Showers
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.containers.unfolding_pair import UnfoldingPair

__all__ = [
    "Events",
    "Geometry",
    "Jets",
    "Layer",
    "Rows",
    "ScoredJets",
    "Showers",
    "TriggerEvents",
    "UnfoldingPair",
]
