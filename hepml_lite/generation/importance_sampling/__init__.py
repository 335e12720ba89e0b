"""Integrals over the unit cube by importance sampling: VEGAS, normalizing flows, channels."""

from hepml_lite.generation.importance_sampling.channel_shares import best_shares
from hepml_lite.generation.importance_sampling.estimate import (
    Integral,
    combined,
    unweighting_efficiency,
)
from hepml_lite.generation.importance_sampling.flow_integration import FlowIntegrator, integrate
from hepml_lite.generation.importance_sampling.gaussian_channel import GaussianChannel
from hepml_lite.generation.importance_sampling.vegas import VegasGrid, vegas

__all__ = [
    "FlowIntegrator",
    "GaussianChannel",
    "Integral",
    "VegasGrid",
    "best_shares",
    "combined",
    "integrate",
    "unweighting_efficiency",
    "vegas",
]
