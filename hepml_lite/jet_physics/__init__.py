"""Physics of jets: observables, distances, views, and variations of jets."""

from hepml_lite.jet_physics import (
    centred,
    chunks,
    distances,
    observables,
    substructure,
    variations,
    views,
)

__all__ = [
    "centred",
    "chunks",
    "distances",
    "observables",
    "substructure",
    "variations",
    "views",
]
