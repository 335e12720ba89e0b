"""Figures and tables in one style, readable from the last row; a module for each kind."""

from hepml_lite.plotting import (
    histograms,
    jets,
    losses,
    reliability,
    roc,
    spectra,
    style,
    tables,
    unfolded,
)
from hepml_lite.plotting.histograms import histogram
from hepml_lite.plotting.jets import jet_display
from hepml_lite.plotting.losses import LiveLoss, loss_curves
from hepml_lite.plotting.reliability import reliability_diagram
from hepml_lite.plotting.roc import roc_curves
from hepml_lite.plotting.spectra import spectrum_and_pull
from hepml_lite.plotting.style import COLOURS, class_style, use_style
from hepml_lite.plotting.tables import styled
from hepml_lite.plotting.unfolded import coverage_against_error, ratio_and_pull

__all__ = [
    "COLOURS",
    "LiveLoss",
    "class_style",
    "coverage_against_error",
    "histogram",
    "histograms",
    "jet_display",
    "jets",
    "loss_curves",
    "losses",
    "ratio_and_pull",
    "reliability",
    "reliability_diagram",
    "roc",
    "roc_curves",
    "spectra",
    "spectrum_and_pull",
    "style",
    "styled",
    "tables",
    "unfolded",
    "use_style",
]
