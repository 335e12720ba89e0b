"""Layers that several architectures share."""

from hepml_lite.networks.layers import (
    minkowski,
    mlp,
)

__all__ = [
    "minkowski",
    "mlp",
]
