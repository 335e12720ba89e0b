"""Figure of the shower profiles: depth and radius at three energies, and how they fluctuate."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.events import Events

CRITICAL_ENERGY = 0.00964  # GeV, lead tungstate
ENERGIES = {"1 - 2 GeV": (1, 2), "8 - 12 GeV": (8, 12), "70 - 100 GeV": (70, 100)}


def draw(rows: Events) -> Figure:
    """Shares of the layers, depth against energy, leakage and radius of electron showers."""
    fig, axes = plt.subplots(2, 2, figsize=(12, 9))
    groups = {
        name: rows[(rows["energy"] >= low) & (rows["energy"] < high)]
        for name, (low, high) in ENERGIES.items()
    }
    _layers(axes[0, 0], rows, groups)
    _depth(axes[0, 1], rows)
    deposited = {name: _layer_shares(group).sum(axis=1) for name, group in groups.items()}
    bins = np.linspace(0.92, 1, 41)
    plotting.histogram(axes[1, 0], deposited, bins, "sum of the layers / energy", density=True)
    widths = {name: group["radius_mean"] for name, group in groups.items()}
    label = "mean radius [Molière radii]"
    plotting.histogram(axes[1, 1], widths, np.linspace(0, 0.7, 36), label, density=True)
    return fig


def _layer_shares(rows: Events) -> np.ndarray:
    """Share of the energy in each layer, (N, L)."""
    names = [name for name in rows.quantities if name.startswith("layer_")]
    return np.stack([rows[name] for name in names], axis=1)


def _layers(ax: Axes, rows: Events, groups: dict[str, Events]) -> None:
    edges = np.array(rows.card["depths"])
    middles = (edges[1:] + edges[:-1]) / 2
    for name, group in groups.items():
        share = 100 * _layer_shares(group)
        ax.errorbar(
            middles,
            share.mean(axis=0),
            share.std(axis=0),
            label=name,
            **plotting.class_style(name),
        )
    ax.set(xlabel="depth [$X_0$]", ylabel="energy in the layer [%], bars: width", ylim=0)
    ax.legend()


def _depth(ax: Axes, rows: Events) -> None:
    energy = rows["energy"]
    bins = [np.geomspace(1, 100, 41), np.linspace(2, 13, 45)]
    *_, mesh = ax.hist2d(energy, rows["depth_mean"], bins=bins, cmap="viridis", cmin=1)
    ax.figure.colorbar(mesh, ax=ax, label="showers")
    line = np.geomspace(1, 100, 50)
    ax.plot(line, np.log(line / CRITICAL_ENERGY) - 0.5, color="tab:red", ls=":", lw=3)
    ax.text(3, 2.6, r"dots: maximum, $\ln(E / E_c) - 0.5$", color="tab:red", fontsize=12)
    ax.set(xscale="log", xlabel="energy of the electron [GeV]", ylabel="mean depth [$X_0$]")
