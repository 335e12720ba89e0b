"""The dijet mass with its resonance, and the jets' masses and prongs, background against signal."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.events import Events

SIGNAL_REGION = (3300.0, 3700.0)  # GeV
PANELS = {
    "m1": (np.linspace(0, 800, 41), "mass of the lighter jet [GeV]"),
    "m2": (np.linspace(0, 1200, 41), "mass of the heavier jet [GeV]"),
    "tau21_1": (np.linspace(0, 1, 41), r"$\tau_{21}$ of the lighter jet"),
    "tau21_2": (np.linspace(0, 1, 41), r"$\tau_{21}$ of the heavier jet"),
    "delta_r": (np.linspace(2, 5, 41), r"$\Delta R$ between the jets"),
}


def draw(rows: Events) -> Figure:
    """Dijet mass, jet masses, N-subjettiness ratios and distance of QCD and signal events."""
    fig, axes = plt.subplots(2, 3, figsize=(14, 8))
    _spectrum(axes[0, 0], rows)
    for ax, (quantity, (bins, xlabel)) in zip(axes.flat[1:], PANELS.items(), strict=True):
        by_class = {name: rows.of_class(name)[quantity] for name in rows.names}
        plotting.histogram(ax, by_class, bins, xlabel, density=True)
        ax.get_legend().remove()
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return fig


def _spectrum(ax: Axes, rows: Events) -> None:
    bins = np.linspace(2500, 5000, 51)
    by_class = {name: rows.of_class(name)["mjj"] for name in rows.names}
    plotting.histogram(ax, by_class, bins, "dijet mass $m_{jj}$ [GeV]", counted="events")
    ax.set_yscale("log")
    ax.axvspan(*SIGNAL_REGION, color="0.9", zorder=0)
    ax.get_legend().remove()
