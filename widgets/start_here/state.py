"""The controls of "Cut or learn?" and all that is computed from them, without the page."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import panel as pn
import param

from hepml_lite.containers.scored_jets import ScoredJets
from hepml_lite.containers.validation import require_both_classes
from hepml_lite.statistics.equal_efficiency import Comparison, compare_at_equal_efficiency
from hepml_lite.statistics.working_point import WorkingPoint, in_window, working_point
from widgets.shared.base import Dashboard, Outputs
from widgets.shared.stored import verified
from widgets.start_here import figures
from widgets.start_here import text as words

STORED = Path(__file__).parent / "stored.npz"
KINDS = ("top", "qcd", "disputed")  # of jets to step through


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def stored_results() -> ScoredJets:
    """The stored test sample; widgets/start_here/make_stored.py makes it."""
    return ScoredJets.load(verified(STORED))


@lru_cache(maxsize=4096)  # a class looks at the same windows; one comparison takes a millisecond
def compared(results: ScoredJets, training: int, edges: tuple[float, float]) -> Comparison:
    """A mass window [GeV] and one training of the network, at the same signal efficiency."""
    scores = results.trainings()[training - 1]
    return compare_at_equal_efficiency(results.label, in_window(results.mass, edges), scores)


class CutAndNetwork(Dashboard):
    """A mass window and a network on the same jets: controls, selections, columns of the figures.

    Args:
        results: another scored test sample, whose first tagger is used; default: the stored
            one.
        state: start values of the controls (window, threshold, ...), and `hide=("jet", ...)`. A
            threshold without a window also switches `equal` off.
    """

    window = param.Range((140, 210), bounds=(0, 300), step=1, label="Mass window [GeV]")
    network = param.Boolean(True, label="Show the network")
    equal = param.Boolean(True, label="same εS as the window")
    threshold = param.Number(
        0.0, bounds=figures.SCORE_RANGE, step=0.05, label="Network score, at least"
    )
    training: "param.Selector[int]" = param.Selector(objects=[1, 2, 3], label="Training")
    tops: "param.Selector[int]" = param.Selector(
        default=1000, objects=[100, 1000, 10_000, 100_000], label="Top jets produced"
    )
    qcd_per_top: "param.Selector[int]" = param.Selector(
        default=1000, objects=[1, 10, 100, 1000, 10_000], label="QCD jets for each"
    )
    jet = param.Integer(17, bounds=(0, 199), label="Jet on display")  # a top in dispute
    next_top = param.Event(label="next top")
    next_qcd = param.Event(label="next QCD")
    next_disputed = param.Event(label="disputed")

    widgets = {  # noqa: RUF012
        "training": {"type": pn.widgets.DiscreteSlider},
        "tops": {"type": pn.widgets.DiscreteSlider},
        "qcd_per_top": {"type": pn.widgets.DiscreteSlider},
        **{f"next_{kind}": {"margin": (5, 2)} for kind in KINDS},
    }

    def __init__(self, results: ScoredJets | None = None, **state: Any) -> None:
        self.results = results or stored_results()
        require_both_classes(self.results.label, self.results.names)
        if not len(self.results.shown):
            raise ValueError("no jets to show one by one: use ScoredJets.from_jets(..., shown=200)")
        if "threshold" in state:
            state.setdefault("equal", False)
        super().__init__(**state)

    def adapt(self) -> None:
        """Set the numbers of trainings and displayed jets to those of the results."""
        self.param.training.objects = list(range(1, len(self.results.trainings()) + 1))
        last = len(self.results.shown) - 1
        self.jet = min(self.jet, last)
        self.param.jet.bounds = (0, last)

    def settle(self, changed: set[str]) -> None:
        """Keep the threshold at the window's signal efficiency if asked; step through the jets."""
        if changed == {"threshold"}:
            self.equal = False  # moved by hand
        if self.equal:
            low, high = self.param.threshold.bounds
            self.threshold = min(max(self.comparison().threshold, low), high)
        for kind in KINDS:
            if getattr(self, f"next_{kind}"):
                self.jet = self._next(kind)

    @property
    def scores(self) -> np.ndarray:
        """Scores (N,) of the chosen training: log-odds ln p(top)/p(QCD)."""
        return self.results.trainings()[self.training - 1]

    @property
    def edges(self) -> tuple[float, float]:
        """The mass window [GeV], without the rounding noise of the slider."""
        low, high = self.window
        return round(low, 3), round(high, 3)

    def by_cut(self) -> np.ndarray:
        """Jets (N,) inside the mass window."""
        return in_window(self.results.mass, self.edges)

    def by_network(self) -> np.ndarray:
        """Jets (N,) at or above the threshold on the score."""
        return self.scores >= self.threshold

    def working_points(self) -> dict[str, WorkingPoint]:
        """Both selections at their present settings."""
        labels, cut, network = self.results.label, self.by_cut(), self.by_network()
        points = {"cut": working_point(labels, cut), "network": working_point(labels, network)}
        return {**points, "both": working_point(labels, cut & network)}

    def comparison(self) -> Comparison:
        """Both selections at the signal efficiency of the window, for any threshold."""
        return compared(self.results, self.training, self.edges)

    def compute(self) -> Outputs:
        """All outputs; an output that did not change is the same object again."""
        points = self.working_points()
        if not self.network:
            points = {"cut": points["cut"]}
        expected = (self.tops, self.tops * self.qcd_per_top)
        verdict = words.verdict(self.comparison()) if self.network else None
        return {
            "line": verdict or words.invitation(points["cut"]),
            "table": words.working_points(points, expected),
            "window": {"left": [self.edges[0]], "right": [self.edges[1]]},
            "threshold": figures.accepted_columns(self.threshold if self.network else None),
            "points": figures.point_columns(points),
            **figures.network_columns(self.results, self.training if self.network else 0),
            "hint": {"text": [] if self.network else ["predict first"]},
            "about": words.about(self.results),
            **self._jet_outputs(),
        }

    def _jet_outputs(self) -> Outputs:
        """The displayed jet: its constituents, its place in both figures, and its text."""
        index = int(self.results.shown[self.jet])
        mass, label = float(self.results.mass[index]), int(self.results.label[index])
        score = float(self.scores[index]) if self.network else None
        return {
            "jet": figures.jet_columns(self.results, self.jet),
            "jet_mass": {"x": [mass]},
            "jet_score": {"x": [] if score is None else [score]},
            "jet_line": words.jet(label, mass, score, self.edges, self.threshold),
        }

    def _next(self, kind: str) -> int:
        """The next jet on display of this kind; the same one if there is no other."""
        shown, labels = self.results.shown, self.results.label
        wanted = {
            "top": labels == 1,
            "qcd": labels == 0,
            "disputed": self.by_cut() != self.by_network(),
        }[kind][shown]
        later = [(self.jet + step) % len(shown) for step in range(1, len(shown) + 1)]
        return next((j for j in later if wanted[j]), self.jet)
