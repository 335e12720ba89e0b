"""One jet, seven views: transform a jet by hand and see which representations notice."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import awkward as ak
import fastjet
import numpy as np
import panel as pn
import param
from bokeh.models import LayoutDOM

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.distances.embedding import nearest_neighbours
from hepml_lite.jet_physics.observables import RADIUS
from hepml_lite.jet_physics.observables.lund import primary_lund_plane
from hepml_lite.jet_physics.substructure import AXES, RADIUS_OF_ONE_JET
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.jet_physics.views.seven_views import LUND_ANGLES, LUND_KT, VIEWS
from widgets.representations import figures
from widgets.representations import text as words
from widgets.shared import states
from widgets.shared.base import Dashboard, Display, Outputs
from widgets.shared.stored import verified
from widgets.shared.style import px, side_by_side, text_block, zoomed

STORED = Path(__file__).parent / "stored.npz"
ANGLE_STEP = 1e-4  # of the stored eta and phi
NEIGHBOURS = 4
SOFT = (0, 0.01, 0.03, 0.1, 0.3, 1, 2, 5, 10, 20)  # GeV
STATIC_SOFT = (0, 0.1, 1, 10)  # GeV
STILL = {"boost": 0.0, "turn": 0.0, "soft": 0, "fraction": 0.0, "opening": 0.0}


class Sample(NamedTuple):
    """N stored jets, their distances, and the units of the movement of each view."""

    jets: Jets
    distances: np.ndarray  # (N, N) Energy Mover's Distance [GeV]
    spread: dict[str, np.ndarray]  # of each number of a view over the jets, (F,)
    usual: dict[str, float]  # distance of two jets in a view, in units of the spreads

    def movement(self, name: str, before: np.ndarray, after: np.ndarray) -> float:
        """The distance that one jet moved in a view (F,), see `seven_views.movement`."""
        spread = self.spread[name]
        seen = spread > 0
        return float(np.linalg.norm((after - before)[seen] / spread[seen]) / self.usual[name])

    @property
    def last(self) -> int:
        """The largest jet number that every class has."""
        return int(np.bincount(self.jets.label).min()) - 1

    def row(self, kind: str, number: int) -> int:
        """The row of jet `number` of a class."""
        return int(np.flatnonzero(self.jets.label == self.jets.names.index(kind))[number])

    def place(self, row: int) -> tuple[str, int]:
        """The class of the jet in a row, and its number within the class."""
        label = self.jets.label[row]
        return self.jets.names[label], int((self.jets.label[:row] == label).sum())


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def stored_sample() -> Sample:
    """The stored jets; widgets/representations/make_stored.py makes them."""
    with np.load(verified(STORED), allow_pickle=False) as stored:
        counts, (eta, phi) = stored["counts"], stored["angles"] * ANGLE_STEP
        mask = np.arange(counts.max()) < counts[:, None]  # (N, P)
        constituents = np.zeros((*mask.shape, 3), np.float32)
        constituents[mask] = np.stack([stored["pt"], eta, phi], axis=-1)
        names = tuple(map(str, stored["names"]))
        jets = Jets(constituents, mask=mask, label=stored["label"], names=names)
        distances = np.zeros((len(jets), len(jets)))
        distances[np.triu_indices(len(jets), 1)] = stored["distances"]
        spread = {name: stored[f"spread of {name}"] for name in VIEWS}
        usual = dict(zip(VIEWS, stored["usual"].tolist(), strict=True))
    return Sample(jets, distances + distances.T, spread, usual)


def numbers(jet: Jets) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """All `VIEWS` of one jet, (F,) each, and its primary splittings (D, 2): ln 1/Delta, ln kT."""
    values, mask = primary_lund_plane(jet)
    splittings = values[mask][:, :2]
    views = {
        name: view(jet)[0] for name, view in VIEWS.items() if name not in ("observables", "tree")
    }
    # These two take most of the time, so each is computed directly for one jet
    views["observables"] = observables(jet)
    angle, kt = splittings.T
    views["tree"] = np.histogram2d(angle, kt, (LUND_ANGLES, LUND_KT))[0].ravel()
    return {name: views[name] for name in VIEWS}, splittings


def observables(jet: Jets) -> np.ndarray:
    """The seven numbers of `views.observables`, (7,), of one jet, which is clustered only once."""
    pt, eta, phi = jet.constituents[jet.mask].astype(float).T
    columns = map(ak.contents.NumpyArray, kinematics.four_vectors(pt, eta, phi).T.copy())
    fields, named = ["E", "px", "py", "pz"], {"__record__": "Momentum4D"}
    particles = ak.contents.RecordArray(list(columns), fields, parameters=named)
    jagged = ak.contents.ListOffsetArray(ak.index.Index64([0, len(pt)]), particles)
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, RADIUS_OF_ONE_JET)
    sequence = fastjet.ClusterSequence(ak.Array(jagged), definition)
    orders, correlators = [1, 2, 3], {"beta": 1.0, "func": "d2"}
    tau = np.asarray(sequence.njettiness("NormalizedMeasure", AXES, orders, 1.0, RADIUS))[0]
    d2 = float(sequence.exclusive_jets_energy_correlator(1, **correlators)[0])
    width, dispersion = (words.OBSERVABLES[name](jet)[0] for name in ("width", "pt_dispersion"))
    ratios = [tau[n] / tau[n - 1] if tau[n - 1] > 0 else 0.0 for n in (1, 2)]
    d2 = d2 if np.isfinite(d2) else 0.0
    return np.array([jet.mass[0], len(pt), width, dispersion, *ratios, d2])


class Before(NamedTuple):
    """Everything that does not depend on the sliders: the jet as it was simulated."""

    jet: Jets  # one, without padding
    views: dict[str, np.ndarray]  # (F,) each
    near: list[tuple[int, float]]  # rows and distances [GeV] of the nearest others, nearest first
    outputs: Outputs


@lru_cache(maxsize=256)
def before(row: int) -> Before:
    """A stored jet with its views, their figure columns and its nearest neighbours."""
    sample = stored_sample()
    jet = sample.jets[row].truncate(int(sample.jets.n_constituents[row]))
    views, splittings = numbers(jet)
    others, distances = nearest_neighbours(sample.distances, NEIGHBOURS)
    near = list(zip(others[row].tolist(), distances[row].tolist(), strict=True))
    columns = figures.jet_columns(jet, views, splittings)
    outputs: dict[str, Any] = {f"{name}_before": value for name, value in columns.items()}
    for k, (other, distance) in enumerate(near, start=1):
        pair = figures.pair_columns(sample.jets[[row, other]])
        outputs |= dict(zip((f"near_{k}_self", f"near_{k}"), pair, strict=True))
        outputs[f"near_{k}_text"] = words.neighbour(*sample.place(other), distance)
    return Before(jet, views, near, outputs)


class Representations(Dashboard):
    """Boost, turn and split one jet: seven representations of it, and how far each one moves.

    Args:
        state: start values of the controls (kind, jet, boost, ...), and `hide=("kind", ...)`.
    """

    title = "One jet, seven views"
    sentence = (
        "Boost a jet, turn it, add a soft particle or split one: which representations notice, "
        "and which were built not to?"
    )

    kind: "param.Selector[str]" = param.Selector(
        objects=list(stored_sample().jets.names), label="Kind of jet"
    )
    jet = param.Integer(0, bounds=(0, stored_sample().last), label="Jet number")
    boost = param.Number(0.0, bounds=(-1, 1), step=0.05, label="Boost (rapidity)")
    turn = param.Number(0.0, bounds=(0, 6.28), step=0.04, label="Turn about axis [rad]")
    soft: "param.Selector[float]" = param.Selector(
        objects=list(SOFT), label="Soft particle: pT [GeV]"
    )
    fraction = param.Number(0.0, bounds=(0, 0.5), step=0.05, label="Split hardest: fraction")
    opening = param.Number(0.0, bounds=(0, 0.4), step=0.01, label="Split: opening angle")
    previous_jet = param.Event(label="previous")
    next_jet = param.Event(label="next")
    reset = param.Event(label="reset")
    near_1 = param.Event(label="take it")
    near_2 = param.Event(label="take it")
    near_3 = param.Event(label="take it")
    near_4 = param.Event(label="take it")

    widgets = {  # noqa: RUF012
        "kind": {"type": pn.widgets.RadioButtonGroup},
        "soft": {"type": pn.widgets.DiscreteSlider},
        **{name: {"margin": (5, 2)} for name in ("previous_jet", "next_jet", "reset")},
    }

    def settle(self, changed: set[str]) -> None:
        """Handle the buttons."""
        step = int(self.next_jet) - int(self.previous_jet)
        if step:
            self.jet = (self.jet + step) % (stored_sample().last + 1)
        if self.reset:
            self.param.update(STILL)
        for k, (row, _) in enumerate(before(self.row).near, start=1):
            if getattr(self, f"near_{k}"):
                self.kind, self.jet = stored_sample().place(row)

    @property
    def row(self) -> int:
        """Row of the chosen jet in the sample."""
        return stored_sample().row(self.kind, self.jet)

    def transformed(self) -> Jets:
        """The chosen jet after all transformations of the sliders."""
        jet = before(self.row).jet
        if self.fraction:
            jet = change.collinear_split(jet, 0, self.fraction, self.opening)
        if self.soft:
            jet = change.soft_added(jet, self.soft, np.random.default_rng(self.row))
        if self.turn:
            jet = change.rotated(jet, self.turn)
        return change.boosted(jet, self.boost) if self.boost else jet

    def moved(self, views: dict[str, np.ndarray]) -> dict[str, float]:
        """Distance that the jet moved in each view, in units of the distance to another jet."""
        still, sample = before(self.row).views, stored_sample()
        return {name: sample.movement(name, still[name], views[name]) for name in VIEWS}

    def compute(self) -> Outputs:
        """All outputs; an output that did not change is the same object again."""
        still, jet = before(self.row), self.transformed()
        views, splittings = numbers(jet)
        moved = self.moved(views)
        numbers_of = still.views["observables"], views["observables"]
        steps = (numbers_of[1] - numbers_of[0]) / stored_sample().spread["observables"]
        state = {name: getattr(self, name) for name in STILL}
        return {
            **still.outputs,
            **figures.jet_columns(jet, views, splittings),
            "moved": figures.moved_columns(moved),
            "line": words.line(state, moved, steps),
            "about": words.ABOUT,
            "observables": words.observables(*numbers_of, steps),
            "four_vectors": words.four_vectors(views["four-vectors"], still.views["four-vectors"]),
        }

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The page: controls on the left; live line, views and neighbours on the right."""
        left = pn.Column(
            self.controls("kind", "jet"),
            pn.Row(self.controls("previous_jet"), self.controls("next_jet"), margin=0),
            self.controls(*STILL),
            self.controls("reset"),
            display.text("about", 15),
        )
        near = [self._neighbour(display, k) for k in range(1, NEIGHBOURS + 1)]
        line = display.text("line", 19)
        line.object.styles = {**line.object.styles, "min-height": px(84)}  # what is below stays
        right = pn.Column(
            line,
            figures.grid(*figures.views(display)),
            figures.grid(*near),
            sizing_mode="stretch_width",
        )
        return side_by_side(left, right, 265)

    @classmethod
    def static(cls) -> LayoutDOM:
        """Kinds of jets, boosts and soft particles without a server or neighbours."""
        dashboard = cls()
        display = Display(dashboard.compute())
        cells: list[LayoutDOM] = []
        for view in figures.views(display):
            cells.append(view.object if isinstance(view, pn.pane.Bokeh) else view)
        choices = {
            "kind": stored_sample().jets.names,
            "boost": [round(0.2 * k, 1) for k in range(-5, 6)],
            "soft": [soft for soft in SOFT if soft in STATIC_SOFT],
        }
        texts = [display.text("line", 19).object, text_block(words.ABOUT_VIEWS, 15)]
        return states.layout(dashboard, choices, cells, texts, display, 24)

    def _neighbour(self, display: Display, k: int) -> pn.Column:
        name = f"near_{k}"
        return pn.Column(
            pn.Row(
                display.text(f"{name}_text", 16), pn.Column(self.controls(name), width=zoomed(85))
            ),
            figures.neighbour(display, name),
        )
