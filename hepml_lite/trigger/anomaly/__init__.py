"""Anomaly triggers on objects, regions and hits, with their floors and ceilings."""

from hepml_lite.trigger.anomaly import (
    baselines,
    graph_autoencoder,
    on_chip,
    region_baselines,
    regions,
    variational,
)

__all__ = [
    "baselines",
    "graph_autoencoder",
    "on_chip",
    "region_baselines",
    "regions",
    "variational",
]
