"""The figures of "One jet, seven views" and their columns."""

from typing import Any

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, FixedTicker, LogColorMapper
from bokeh.palettes import Cividis256
from bokeh.plotting import figure as Figure

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.distances.energy_movers_distance import particles
from hepml_lite.jet_physics.views.invariants import minkowski_products
from hepml_lite.jet_physics.views.seven_views import (
    LUND_ANGLES,
    LUND_KT,
    PARTICLES,
    PIXELS,
    REACH,
    VIEWS,
)
from widgets.representations.text import NOTICED
from widgets.shared.base import Display
from widgets.shared.style import BLUE, GREEN, GREY, PURPLE, SKY, VERMILLION, figure, px, zoomed

HEIGHT = 270  # pixels, of a figure
NEIGHBOUR_HEIGHT = 160  # pixels, of the figure of a neighbour
MIN_COLUMN_WIDTH = 240  # pixels
N_EDGES = 25  # heaviest pairs that are drawn
LOWEST_Z = 5e-4  # momentum fraction at the lower end of a bar
LONGEST_BAR = 1.5  # bars of larger movements end here
AXES = ("Δη", "Δφ [rad]")  # from the centre of the jet


def disc_columns(points: np.ndarray, largest: float = 60) -> dict[str, np.ndarray]:
    """Particles (P, 3) of pT (or z), eta, phi as discs whose area is the share of the pT."""
    weight, eta, phi = points.T
    size = np.maximum(zoomed(largest) * np.sqrt(weight / weight.sum()), 2.0)
    return {"eta": eta, "phi": phi, "size": size}


def jet_columns(
    jet: Jets, views: dict[str, np.ndarray], splittings: np.ndarray
) -> dict[str, dict[str, Any]]:
    """The columns of one jet without padding, from its views and its splittings (D, 2)."""
    points = centred(jet)[0]  # (P, 3)
    z = views["sequence"].reshape(PARTICLES, 3)[:, 0]
    return {
        "set": disc_columns(points),
        "image": {"image": [views["image"].reshape(PIXELS, PIXELS)]},
        "graph": edge_columns(points, 2 * minkowski_products(jet)[0]),
        "tree": dict(zip(("angle", "kt"), splittings.T, strict=True)),
        "sequence": {"rank": np.arange(1, PARTICLES + 1), "z": np.maximum(z, LOWEST_Z)},
    }


def edge_columns(points: np.ndarray, m2: np.ndarray) -> dict[str, np.ndarray]:
    """The heaviest pairs among particles (P, 3) of squared masses (P, P): darker is heavier."""
    first, second = np.triu_indices(len(m2), 1)
    heaviest = np.argsort(-m2[first, second], kind="stable")[:N_EDGES]
    (_, x0, y0), (_, x1, y1) = points[first[heaviest]].T, points[second[heaviest]].T
    mass = np.sqrt(m2[first, second][heaviest])
    strength = mass / max(mass.max(initial=0), 1e-9)
    return {"x0": x0, "y0": y0, "x1": x1, "y1": y1, "alpha": strength, "width": 4 * strength}


def pair_columns(jets: Jets) -> list[dict[str, np.ndarray]]:
    """Two jets as the Energy Mover's Distance sees them, rotated and flipped in the same way."""
    return [disc_columns(jet, 45) for jet in particles(jets, aligned=True)]


def moved_columns(moved: dict[str, float]) -> dict[str, list]:
    """A bar for each view, grey if it did not move, followed by its number."""
    values = np.array(list(moved.values()))
    return {
        "view": list(moved),
        "value": np.minimum(values, LONGEST_BAR),
        "text": [f"{value:.2f}" for value in values],
        "behind": np.minimum(values, LONGEST_BAR) + 0.04,
        "colour": [VERMILLION if value >= NOTICED else GREY for value in values],
    }


def grid(*cells: Figure | pn.viewable.Viewable) -> pn.Column:
    """Cells in as many columns as fit."""
    columns = f"repeat(auto-fit, minmax({px(MIN_COLUMN_WIDTH)}, 1fr))"
    styles = {"display": "grid", "grid-template-columns": columns, "row-gap": "4px"}
    return pn.Column(*map(pn.panel, cells), sizing_mode="stretch_width", styles=styles)


def views(display: Display) -> list[Figure | pn.pane.Bokeh]:
    """The seven views of the jet, and how far each has moved."""
    return [
        set_of_particles(display),
        image(display),
        graph(display),
        tree(display),
        sequence(display),
        display.text("four_vectors", 15),
        display.text("observables", 15),
        movements(display),
    ]


def set_of_particles(display: Display) -> Figure:
    """Discs, over a faint picture of the jet as it was simulated."""
    f = _plane("Set of particles", *AXES)
    _discs(f, display.source("set_before"), GREY, 0.3)
    _discs(f, display.source("set"), BLUE, 0.6)
    return f


def image(display: Display) -> Figure:
    """Pixels of the centred, turned and flipped jet, on a logarithmic scale."""
    f = _plane("Image, upright", "across", "along")
    f.grid.grid_line_color = None
    visible = Cividis256[220::-1]  # also its lightest colour, on white
    colours = LogColorMapper(visible, low=1e-3, high=0.5, low_color="rgba(0, 0, 0, 0)")
    side = {"x": -REACH, "y": -REACH, "dw": 2 * REACH, "dh": 2 * REACH}
    f.image("image", source=display.source("image"), color_mapper=colours, **side)
    return f


def graph(display: Display) -> Figure:
    """The heaviest pairs of particles, joined."""
    f = _plane("Graph of pairs", *AXES)
    style = {"line_alpha": "alpha", "line_width": "width", "color": PURPLE}
    f.segment("x0", "y0", "x1", "y1", source=display.source("graph"), **style)
    f.scatter("eta", "phi", size=4, color=GREY, source=display.source("set"))
    return f


def tree(display: Display) -> Figure:
    """Primary splittings in the Lund plane, over the cells in which the view counts them."""
    ranges = {"x_range": (0, LUND_ANGLES[-1]), "y_range": (LUND_KT[0], LUND_KT[-1])}
    f = _figure("Tree: Lund plane", "ln 1/Δ", "ln kT [GeV]", **ranges)
    f.yaxis.ticker = FixedTicker(ticks=LUND_KT[::4])
    f.xgrid.ticker, f.ygrid.ticker = FixedTicker(ticks=LUND_ANGLES), FixedTicker(ticks=LUND_KT)
    old = {"size": zoomed(13), "fill_color": None, "line_color": GREY, "line_width": 2}
    f.scatter("angle", "kt", source=display.source("tree_before"), **old)
    new = {"size": zoomed(9), "color": GREEN, "marker": "diamond"}
    f.scatter("angle", "kt", source=display.source("tree"), **new)
    return f


def sequence(display: Display) -> Figure:
    """Momentum fractions in falling pT; a line shows the values before the change."""
    ranges = {"x_range": (0.4, PARTICLES + 0.6), "y_range": (LOWEST_Z, 0.9), "y_axis_type": "log"}
    f = _figure("Sequence in pT", "particle number", "z", **ranges)
    f.xaxis.ticker = FixedTicker(ticks=[1, 10, 20, 30])
    bars = {"width": 0.8, "bottom": LOWEST_Z, "color": SKY}
    f.vbar("rank", top="z", source=display.source("sequence"), **bars)
    style = {"mode": "center", "line_color": GREY, "line_width": 2}
    f.step("rank", "z", source=display.source("sequence_before"), **style)
    return f


def movements(display: Display) -> Figure:
    """Movement of the jet in each view: 1 is the distance to another jet."""
    ranges = {"x_range": (0, LONGEST_BAR + 0.75), "y_range": list(VIEWS)[::-1]}
    f = _figure("How far did it move?", "1 = another jet", "", **ranges)
    f.ygrid.grid_line_color = None
    f.xaxis.ticker = FixedTicker(ticks=[0, 0.5, 1, LONGEST_BAR])
    f.line([1, 1], [-1, len(VIEWS) + 1], color=GREY, line_dash="dashed", line_width=2)
    source = display.source("moved")
    f.hbar("view", right="value", height=0.7, color="colour", source=source)
    text = {"text_font_size": px(15), "text_baseline": "middle", "text_color": GREY}
    f.text("behind", "view", "text", source=source, **text)
    return f


def neighbour(display: Display, name: str) -> Figure:
    """A neighbour over the jet itself, both rotated and flipped in the same way; no axes."""
    ranges = {"x_range": (-1.25, 1.25), "y_range": (-0.75, 0.75)}
    title = f"Neighbour {name.removeprefix('near_')} over this jet"  # for screen readers
    f = figure(title, "", "", height=zoomed(NEIGHBOUR_HEIGHT), **ranges)
    f.title.visible = f.axis.visible = False
    _discs(f, display.source(f"{name}_self"), GREY, 0.35)
    _discs(f, display.source(name), VERMILLION, 0.6)
    return f


def _figure(title: str, x: str, y: str, **ranges) -> Figure:
    """A figure whose title starts above its axis, because it does not fit above a narrow frame."""
    f = figure(title, x, y, height=zoomed(HEIGHT), **ranges)
    f.title.offset = -zoomed(70)
    return f


def _plane(title: str, x: str, y: str) -> Figure:
    """The plane around the centre of the jet."""
    f = _figure(title, x, y, x_range=(-REACH, REACH), y_range=(-REACH, REACH))
    f.axis.ticker = FixedTicker(ticks=[-0.5, 0, 0.5])
    return f


def _discs(f: Figure, source: ColumnDataSource, colour: str, alpha: float) -> None:
    style = {"fill_color": colour, "fill_alpha": alpha, "line_color": None}
    f.scatter("eta", "phi", size="size", source=source, **style)
