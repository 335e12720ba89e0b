"""Figures and tables in one style that reads from the last row, a module for each kind."""

from hepml_lite.plotting import histograms, jets, losses, reliability, roc, style, tables
from hepml_lite.plotting.histograms import histogram
from hepml_lite.plotting.jets import jet_display
from hepml_lite.plotting.losses import LiveLoss, loss_curves
from hepml_lite.plotting.reliability import reliability_diagram
from hepml_lite.plotting.roc import roc_curves
from hepml_lite.plotting.style import COLOURS, class_style, use_style
from hepml_lite.plotting.tables import styled

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
    "styled",
    "tables",
    "use_style",
]
