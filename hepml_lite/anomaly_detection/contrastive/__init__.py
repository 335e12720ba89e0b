"""Contrastive anomaly detection: representations in which strange views of background are far."""

from hepml_lite.anomaly_detection.contrastive import (
    anomaly_clr,
    dark_clr,
    event_augmentations,
    loss,
    semivisible,
)
from hepml_lite.anomaly_detection.contrastive.anomaly_clr import AnomalyCLR
from hepml_lite.anomaly_detection.contrastive.dark_clr import DarkCLR

__all__ = [
    "AnomalyCLR",
    "DarkCLR",
    "anomaly_clr",
    "dark_clr",
    "event_augmentations",
    "loss",
    "semivisible",
]
