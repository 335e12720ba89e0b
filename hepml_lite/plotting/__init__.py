"""Figures in one style that reads from the last row: histograms, ROC curves, jets, losses."""

from hepml_lite.plotting.figures import (
    COLOURS,
    LiveLoss,
    class_style,
    histogram,
    jet_display,
    loss_curves,
    roc_curves,
    use_style,
)
from hepml_lite.plotting.reliability import reliability_diagram

__all__ = [
    "COLOURS",
    "LiveLoss",
    "class_style",
    "histogram",
    "jet_display",
    "loss_curves",
    "reliability_diagram",
    "roc_curves",
    "use_style",
]
