"""One jet, many views: image, sequence, graph, Lund plane, invariants, trees."""

from hepml_lite.jet_physics.views import (
    graphs,
    images,
    invariants,
    sequences,
    seven_views,
    trees,
)

__all__ = [
    "graphs",
    "images",
    "invariants",
    "sequences",
    "seven_views",
    "trees",
]
