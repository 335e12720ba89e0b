"""Generation: events, showers and jets from noise, and how to trust them."""

from hepml_lite.generation import (
    evaluation,
    events,
    hadronisation,
    importance_sampling,
    jets,
    results,
    showers,
    trained,
    worth,
)

__all__ = [
    "evaluation",
    "events",
    "hadronisation",
    "importance_sampling",
    "jets",
    "results",
    "showers",
    "trained",
    "worth",
]
