"""Distances between jets, and the geometry that follows from them."""

from hepml_lite.jet_physics.distances import (
    embedding,
    energy_movers_distance,
    event_isotropy,
    hyperbolic,
    spectral_distance,
    tree_likeness,
)

__all__ = [
    "embedding",
    "energy_movers_distance",
    "event_isotropy",
    "hyperbolic",
    "spectral_distance",
    "tree_likeness",
]
