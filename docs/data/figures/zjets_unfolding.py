"""Six substructure observables: three true spectra, and what the detector makes of one of them."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.unfolding_pair import UnfoldingPair

PANELS = {
    "mass": (np.linspace(0, 75, 31), "jet mass $m$ [GeV]"),
    "multiplicity": (np.arange(-0.5, 81, 2), "constituents $M$"),
    "width": (np.linspace(0, 0.6, 31), "jet width $w$"),
    "ln_rho": (np.linspace(-14, -2, 31), r"$\ln \rho = \ln(m_{SD}^2/p_T^2)$"),
    "tau21": (np.linspace(0, 1.1, 34), r"$\tau_{21}$"),
    "zg": (np.linspace(0, 0.5, 26), "groomed momentum fraction $z_g$"),
}
LABELS = {"nature_a14": "nature_a14 (A14)", "nature_vincia": "nature_vincia (Vincia)"}


def draw(rows: UnfoldingPair) -> Figure:
    """The true spectra of all classes, and the measured one of the simulation."""
    fig, axes = plt.subplots(2, 3, figsize=(13, 8))
    for ax, (quantity, (bins, xlabel)) in zip(axes.flat, PANELS.items(), strict=True):
        plotting.histogram(ax, spectra(rows, quantity), bins, xlabel, density=True)
        ax.get_legend().remove()
        ax.set_ylim(0, 1.08 * ax.get_ylim()[1])
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return fig


def spectra(rows: UnfoldingPair, quantity: str) -> dict[str, np.ndarray]:
    """One quantity of the four samples to draw, by their names in the legend."""
    found = {}
    for name in rows.names:
        truth, measured = (level[:, 0] for level in rows.of_class(name).columns(quantity))
        found[f"{LABELS.get(name, name)}, truth"] = truth
        if name == "simulation":
            found["simulation, measured"] = measured
    return found
