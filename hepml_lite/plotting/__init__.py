"""Figures in one style that reads from the last row, a module for each kind of figure."""

from hepml_lite.plotting import histograms, jets, losses, reliability, roc, style
from hepml_lite.plotting.histograms import histogram
from hepml_lite.plotting.jets import jet_display
from hepml_lite.plotting.losses import LiveLoss, loss_curves
from hepml_lite.plotting.reliability import reliability_diagram
from hepml_lite.plotting.roc import roc_curves
from hepml_lite.plotting.style import COLOURS, class_style, use_style

__all__ = [
    "COLOURS",
    "LiveLoss",
    "class_style",
    "histogram",
    "histograms",
    "jet_display",
    "jets",
    "loss_curves",
    "losses",
    "reliability",
    "reliability_diagram",
    "roc",
    "roc_curves",
    "style",
    "use_style",
]
