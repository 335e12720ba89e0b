"""Event shapes at the Z pole: spectra at three couplings, and all means against the coupling."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.events import Events

PANELS = {
    "multiplicity": (np.arange(1, 52, 2), "charged particles", "charged particles"),
    "one_minus_thrust": (np.linspace(0, 0.35, 36), "$1 - T$", "$1 - T$"),
    "c_parameter": (np.linspace(0, 1, 41), "$C$ parameter", "$C$"),
    "ln_y23": (np.linspace(-9, -1, 33), r"$\ln y_{23}$ (Durham)", "$y_{23}$"),
    "heavy_jet_mass": (
        np.linspace(0, 0.6, 31),
        r"heavy jet mass $M_H / E_\mathrm{vis}$",
        "$M_H$",
    ),
}
SLICE = 0.005  # width in alpha_s of the events in a spectrum
N_POINTS = 12


def draw(rows: Events) -> Figure:
    """Five shapes at a low, a middle and a high alpha_s; the sixth panel has their means."""
    fig, axes = plt.subplots(2, 3, figsize=(13, 8))
    chosen = slices(rows)
    for ax, (quantity, (bins, xlabel, _)) in zip(axes.flat, PANELS.items(), strict=False):
        spectra = {name: events[quantity] for name, events in chosen.items()}
        plotting.histogram(ax, spectra, bins, xlabel, density=True)
        ax.get_legend().remove()
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    draw_means(axes[1, 2], rows)
    return fig


def slices(rows: Events) -> dict[str, Events]:
    """Events near the ends and the middle of the range of alpha_s, by a name for the legend."""
    alpha_s = rows["alpha_s"]
    ends = alpha_s.min(), alpha_s.max()
    low, high = ends[0] + SLICE / 2, ends[1] - SLICE / 2
    near = [rows[np.abs(alpha_s - x) <= SLICE / 2] for x in (low, (low + high) / 2, high)]
    return {rf"$\alpha_s \approx {e['alpha_s'].mean():.3f}$": e for e in near if len(e)}


def draw_means(ax: Axes, rows: Events) -> None:
    """Means in bins of alpha_s over the mean of all events, with statistical errors."""
    alpha_s = rows["alpha_s"]
    edges = np.linspace(alpha_s.min(), alpha_s.max(), N_POINTS + 1)
    place = np.clip(np.digitize(alpha_s, edges) - 1, 0, N_POINTS - 1)
    used = np.unique(place)
    x = [alpha_s[place == k].mean() for k in used]
    for style, (quantity, (_, _, label)) in enumerate(PANELS.items()):
        values = np.exp(rows[quantity]) if quantity == "ln_y23" else rows[quantity]
        groups = [values[place == k] for k in used]
        means = np.array([g.mean() for g in groups]) / values.mean()
        errors = np.array([g.std() / len(g) ** 0.5 for g in groups]) / values.mean()
        ax.errorbar(x, means, errors, label=label, ms=5, lw=1.5, **plotting.class_style(style))
    ax.set(xlabel=r"$\alpha_s(M_Z)$ of the shower", ylabel="mean / mean of all events")
    ax.legend(loc="upper left", labelspacing=0.3)
