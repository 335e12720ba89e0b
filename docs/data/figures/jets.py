"""What a selection or a detector would distort first in a sample of jets."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.jets import Jets

PANELS = {
    "pt": "jet $p_T$ [GeV]",
    "eta": "jet $\\eta$",
    "mass": "jet mass [GeV]",
    "n_constituents": "number of constituents",
}


def draw(rows: Jets) -> Figure:
    """Momentum, direction, mass and multiplicity of the jets."""
    fig, axes = plt.subplots(2, 2, figsize=(12, 8))
    for ax, (observable, label) in zip(axes.flat, PANELS.items(), strict=True):
        values = getattr(rows, observable)
        by_class = {name: values[rows.label == k] for k, name in enumerate(rows.names)}
        plotting.histogram(ax, by_class, bins=bin_edges(values), xlabel=label, density=True)
        ax.get_legend().remove()
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=6)
    return fig


def bin_edges(values: np.ndarray) -> np.ndarray:
    """About forty bins over all but the last 0.5 %; counts get bins of equally many integers."""
    low, high = np.quantile(values, [0.0005, 0.995])
    if np.issubdtype(values.dtype, np.integer):
        step = max(1, round((high - low) / 40))
        return np.arange(low - 0.5, high + step, step)
    return np.linspace(low, high, 41)
