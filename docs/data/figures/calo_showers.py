"""Figure of the electron showers: how deep, how wide and how regular they are in the two models."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.showers import Geometry, Showers
from hepml_lite.containers.stored_steps import SMALLEST_VOXEL, VOXEL_LOG_STEP

CRITICAL_ENERGY = 0.00964  # GeV, lead tungstate
LAYERS = (2, 4, 6, 9)  # those of the display


def draw(showers: Showers) -> Figure:
    """Profiles, depth against energy, response, voxel energies, and one shower in four layers."""
    fig, axes = plt.subplots(2, 3, figsize=(15, 9))
    depth, radius, maximum, response, occupied, single = axes.flat
    by_class = {name: showers.of_class(name) for name in showers.names}
    _depth_profiles(depth, by_class)
    _radial_containment(radius, by_class)
    _depth_against_energy(maximum, by_class)
    _fractions(response, by_class)
    _occupancy(occupied, by_class)
    _display(single, by_class[showers.names[0]])
    return fig


def _edges(geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Edges of the layers [X0] and of the rings [Moliere radii]."""
    first = geometry.layers[0]
    ends = [layer.depth[1] for layer in geometry.layers]
    return np.array([first.depth[0], *ends]), np.array(first.radii)


def _depth_profiles(ax: Axes, by_class: dict[str, Showers]) -> None:
    for name, showers in by_class.items():
        edges, _ = _edges(showers.geometry)
        for low, high, style in ((1, 3, ":"), (30, 100, "-")):
            chosen = showers[(showers.energy >= low) & (showers.energy < high)]
            share = chosen.layer_energies() / chosen.energy[:, None] / np.diff(edges)
            color = plotting.class_style(name)["color"]
            label = f"{name}, {low} - {high} GeV"
            ax.stairs(100 * share.mean(axis=0), edges, color=color, ls=style, lw=2.2, label=label)
    ax.set(xlabel="depth [$X_0$]", ylabel="energy [% / $X_0$]", xlim=(0, edges[-1]), ylim=(0, 21))
    ax.legend(fontsize=11, loc="upper right")


def _radial_containment(ax: Axes, by_class: dict[str, Showers]) -> None:
    for name, showers in by_class.items():
        _, edges = _edges(showers.geometry)
        rings = showers.grid().sum(axis=(1, 2), dtype=float)  # (N, R)
        share = 100 * np.cumsum(rings, axis=1) / rings.sum(axis=1, keepdims=True)
        style = plotting.class_style(name)
        ax.errorbar(edges[1:], share.mean(axis=0), share.std(axis=0), label=name, **style)
    ax.axhline(90, color="0.4", ls=":", lw=2)
    ax.text(0.1, 92, "90 %, the rule for 1", color="0.3", fontsize=12)
    ax.set(xscale="log", xlabel="radius [Molière radii]", ylim=(20, 104))
    ax.set_ylabel("energy within, bars: width [%]")
    ax.legend(loc="lower right")


def _depth_against_energy(ax: Axes, by_class: dict[str, Showers]) -> None:
    bins = np.geomspace(1, 100, 9)
    middles = np.sqrt(bins[1:] * bins[:-1])
    for name, showers in by_class.items():
        edges, _ = _edges(showers.geometry)
        layers = showers.layer_energies()
        depth = layers @ ((edges[1:] + edges[:-1]) / 2) / layers.sum(axis=1)
        groups = [depth[np.digitize(showers.energy, bins) == i + 1] for i in range(len(middles))]
        mean, width = np.array([[g.mean(), g.std()] for g in groups]).T
        style = plotting.class_style(name)
        ax.errorbar(middles, mean, width, label=name, capsize=3, **style)
    ax.plot(bins, np.log(bins / CRITICAL_ENERGY) - 0.5, color="0.4", ls=":", lw=2)
    ax.text(4, 3.6, r"maximum: $\ln(E / E_c) - 0.5$", color="0.3", fontsize=12)
    ax.set(xscale="log", xlabel="energy of the electron [GeV]", ylim=(3, 13.5))
    ax.set_ylabel("mean depth, bars: width [$X_0$]")
    ax.legend(loc="upper left")


def _fractions(ax: Axes, by_class: dict[str, Showers]) -> None:
    fractions = {name: s.deposited / s.energy for name, s in by_class.items()}
    label = "deposited / incident energy"
    plotting.histogram(ax, fractions, np.linspace(0.93, 1, 36), label, density=True)
    ax.legend(loc="upper left")


def _occupancy(ax: Axes, by_class: dict[str, Showers]) -> None:
    energies = {}
    for name, showers in by_class.items():
        filled = showers.voxels[showers.voxels > 0]
        energies[name] = np.log10(1000 * filled)
    label = r"$\log_{10}$(voxel energy / MeV)"
    steps = np.arange(-0.5, 170, 4)  # of the stored energies, so that no bin has more of them
    bins = np.log10(1000 * SMALLEST_VOXEL) + VOXEL_LOG_STEP / np.log(10) * steps
    plotting.histogram(ax, energies, bins, label, density=True)
    arrow = {"arrowstyle": "->", "color": "0.4"}
    place = {"xytext": (-0.2, 0.78), "fontsize": 12, "color": "0.3"}
    ax.annotate("0.511 MeV:\nannihilation", (-0.28, 0.38), arrowprops=arrow, **place)
    ax.set_ylim(0, 0.95)


def _display(ax: Axes, showers: Showers) -> None:
    """Four layers of the shower of the class that is closest to 20 GeV, seen along the beam."""
    one = showers[int(np.argmin(np.abs(showers.energy - 20)))]
    grid = 1000 * one.grid()[0].astype(float)  # (L, angles, rings) MeV
    edges, radii = _edges(one.geometry)
    angles = np.linspace(-np.pi, np.pi, 16 * grid.shape[1] + 1)  # fine, for round voxels
    ax.set_axis_off()
    ax.set_title(f"{one.names[one.label[0]]}: one shower of {one.energy[0]:.0f} GeV")
    norm = LogNorm(0.5, grid.max())
    for place, layer in enumerate(LAYERS):
        corner = (0.5 * (place % 2) - 0.05, 0.5 - 0.5 * (place // 2), 0.42, 0.4)
        polar = ax.inset_axes(corner, projection="polar")
        content = np.where(grid[layer] > 0, grid[layer], np.nan)
        content = np.repeat(content, 16, axis=0).T  # (rings, 16 angles)
        mesh = polar.pcolormesh(angles, np.sqrt(radii), content, norm=norm, cmap="viridis")
        polar.set(xticks=[], yticks=[])
        polar.set_title(f"{edges[layer]:g} - {edges[layer + 1]:g} $X_0$", fontsize=11, pad=3)
    bar = ax.figure.colorbar(mesh, ax=ax, fraction=0.05, pad=0.02)
    bar.set_label(r"MeV (rings drawn at $\sqrt{r}$)", fontsize=12)
