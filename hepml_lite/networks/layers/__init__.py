"""Layers that several architectures share."""

from hepml_lite.networks.layers import (
    four_vectors,
    kinematic_features,
    minkowski,
    mlp,
    padding,
    pair_slices,
    row_norm,
    settings,
)

__all__ = [
    "four_vectors",
    "kinematic_features",
    "minkowski",
    "mlp",
    "padding",
    "pair_slices",
    "row_norm",
    "settings",
]
