"""Particles of true and measured jets: their number, where their momentum is, and the jet mass."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables import jet_shapes

PANELS = (
    (jet_shapes.multiplicity, np.arange(-0.5, 32), "particles, at most 30"),
    (lambda jets: jet_shapes.width(jets, radius=0.4), np.linspace(0, 0.6, 31), "jet width $w$"),
    (jet_shapes.mass, np.linspace(0, 75, 31), "jet mass $m$ [GeV]"),
)


def draw(rows: Jets) -> Figure:
    """Number of particles, width and mass of the true and the measured jets of both classes."""
    fig, axes = plt.subplots(1, 3, figsize=(15, 5))
    parts = {"truth": rows[0::2], "measured": rows[1::2]}
    for ax, (observable, bins, xlabel) in zip(axes, PANELS, strict=True):
        spectra = {
            f"{name}, {level}": observable(jets.of_class(name))
            for name in rows.names
            for level, jets in parts.items()
        }
        plotting.histogram(ax, spectra, bins, xlabel, density=True)
        ax.get_legend().remove()
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return fig
