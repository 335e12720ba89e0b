"""Figures of the lesson: one jet in all its views, and the table of what moves."""

import textwrap
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hepml_lite import plotting
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.observables import lund
from hepml_lite.jet_physics.observables.catalogue import OBSERVABLES as CATALOGUE
from hepml_lite.jet_physics.views import images, sequences
from hepml_lite.jet_physics.views.invariants import minkowski_products
from hepml_lite.jet_physics.views.seven_views import OBSERVABLES

BLUE, GREY = plotting.COLOURS["blue"], "0.55"
REACH = 0.8  # of the eta-phi panels
EDGES = 40  # heaviest pairs to draw


def seven_views(jet: Jets) -> Figure:
    """The first jet as set, image, sequence, graph, tree, four-vectors and observables."""
    jet = jet[:1].sorted_by_pt()
    fig, axes = plt.subplot_mosaic(
        [["set", "image", "graph", "tree"], ["sequence", "sequence", "vectors", "numbers"]],
        figsize=(15, 7.5),
    )
    draw_set(axes["set"], jet)
    draw_image(axes["image"], jet)
    draw_graph(axes["graph"], jet)
    draw_tree(axes["tree"], jet)
    draw_sequence(axes["sequence"], jet)
    draw_four_vectors(axes["vectors"], jet)
    draw_observables(axes["numbers"], jet)
    return fig


def draw_set(ax: Axes, jet: Jets) -> None:
    """Particles as discs, whose area is the momentum."""
    _particles(ax, jet)
    ax.set(title="set")


def draw_image(ax: Axes, jet: Jets, pixels: int = 21) -> None:
    """Momentum fractions in pixels, upright and flipped."""
    picture = images.images(jet, pixels=pixels, reach=REACH)[0, 0]
    extent = (-REACH, REACH, -REACH, REACH)
    ax.imshow(np.sqrt(picture), origin="lower", extent=extent, cmap="Blues")
    ax.set(title=f"image, {pixels} × {pixels} pixels", xlabel="turned", yticks=[])


def draw_graph(ax: Axes, jet: Jets) -> None:
    """Particles joined where the mass of the pair is largest."""
    _, eta, phi = centred(jet)[0].T
    m2 = 2 * minkowski_products(jet)[0]
    rows, columns = np.triu_indices(len(m2), 1)
    for k in np.argsort(-m2[rows, columns])[:EDGES]:
        pair = [rows[k], columns[k]]
        ax.plot(eta[pair], phi[pair], color=GREY, lw=0.8, zorder=0)
    _particles(ax, jet)
    ax.set(title=f"graph, {EDGES} heaviest pairs", ylabel="")


def draw_tree(ax: Axes, jet: Jets) -> None:
    """Splittings in the Lund plane: full dots follow the harder branch, rings the softer ones."""
    tree = lund.lund_tree(jet)
    x, y = tree.values[0, :, :2].T
    parent = tree.parent[0]
    for k in np.flatnonzero(tree.mask[0] & (parent >= 0)):
        ax.plot(x[[parent[k], k]], y[[parent[k], k]], color="0.8", lw=0.8, zorder=0)
    primary, other = tree.primary[0], tree.mask[0] & ~tree.primary[0]
    ax.plot(x[other], y[other], "o", mfc="white", mec=BLUE, ms=5)
    ax.plot(x[primary], y[primary], "o", color=BLUE, ms=7)
    ax.set(title="tree, in the Lund plane", xlabel=r"$\ln 1/\Delta$", ylabel=r"$\ln k_T$ [GeV]")


def draw_sequence(ax: Axes, jet: Jets) -> None:
    """Momentum fractions in falling order."""
    features, mask = sequences.sequences(jet)
    z = features[0, mask[0], 0]
    ax.bar(np.arange(1, len(z) + 1), z, color=BLUE)
    ax.set(title="sequence, in falling $p_T$", xlabel="particle", ylabel="share of $p_T$")
    ax.set_yscale("log")


def draw_four_vectors(ax: Axes, jet: Jets, n: int = 7) -> None:
    """The hardest particles as a table."""
    rows = jet.four_vectors()[0, :n]
    cells = [[f"{x:.1f}" for x in row] for row in rows]
    _table(ax, cells, ["$E$", "$p_x$", "$p_y$", "$p_z$"])
    ax.set_title("four-vectors [GeV]")


def draw_observables(ax: Axes, jet: Jets) -> None:
    """Seven numbers with a meaning."""
    cells = [[CATALOGUE[name].label, f"{CATALOGUE[name](jet)[0]:.3g}"] for name in OBSERVABLES]
    _table(ax, cells, ["", "value"])
    ax.set_title("observables")


def draw_movement(moved: pd.DataFrame) -> Figure:
    """How far each view (row) moves under each change (column): empty where it does not notice.

    Below a thousandth counts as not noticing: that is what single precision and rounding do.
    """
    values = moved.to_numpy(float)
    fig, ax = plt.subplots(figsize=(13, 5.5))
    ax.imshow(np.minimum(values, 1), cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
    for (i, k), value in np.ndenumerate(values):
        text = "" if value < 1e-3 else f"{value:.2f}" if value >= 0.005 else "<0.01"
        ax.text(k, i, text, ha="center", va="center")
    ax.set_xticks(range(len(moved.columns)), [textwrap.fill(name, 12) for name in moved.columns])
    ax.set_yticks(range(len(moved)), moved.index)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    for edge in ax.spines.values():
        edge.set_visible(False)
    ax.set_title("how far a view moves: 1 is as far as to another jet", y=-0.12)
    return fig


def _particles(ax: Axes, jet: Jets) -> None:
    z, eta, phi = centred(jet)[0][jet.mask[0]].T
    ax.scatter(eta, phi, s=4000 * z, color=BLUE, alpha=0.5, linewidth=0)
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    ax.set(xlabel=r"$\Delta\eta$", ylabel=r"$\Delta\phi$ [rad]")


def _table(ax: Axes, cells: Sequence[Sequence[str]], head: Sequence[str]) -> None:
    ax.set_axis_off()
    table = ax.table(cells, colLabels=head, loc="center", edges="horizontal")
    table.auto_set_font_size(False)
    table.set_fontsize(13)
    table.scale(1, 1.6)
