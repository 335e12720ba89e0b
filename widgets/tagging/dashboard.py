"""Which tagger, and at what price? Many taggers on the same jets: rejection, mass, robustness."""

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import panel as pn
import param
from bokeh.models import Div, LayoutDOM

from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.tagger_rates import TaggerRates
from widgets.shared import states
from widgets.shared.base import Dashboard, Display, Outputs
from widgets.shared.stored import verified
from widgets.shared.style import px, side_by_side, zoomed
from widgets.tagging import columns, figures
from widgets.tagging import text as words
from widgets.tagging.columns import Chosen

STORED = Path(__file__).parent / "stored.npz"
SLOTS = ("first", "second", "third", "fourth")
NONE = "none"
WISHES = (  # taggers displayed at first, if the sample has them
    ("ParticleNet", "PFN"),
    ("LorentzNet", "EFN", "LoLa"),
    ("trees", "TopoDNN"),
    ("mass",),
)
CLASSES = ("QCD", "top")
SCORE_BOUNDS = (-6.0, 6.0)
EFFICIENCY_BOUNDS = (0.05, 0.95)


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def stored_sample() -> TaggerRates:
    """The stored test jets and scores; widgets/tagging/make_stored.py makes them."""
    return TaggerRates.load(verified(STORED))


def wished(names: tuple[str, ...]) -> dict[str, str]:
    """A tagger for each slot."""
    found: list[str] = []
    for wishes in WISHES:
        found.append(next((n for n in wishes if n in names and n not in found), NONE))
    if found[0] == NONE:
        found[0] = names[0]
    return dict(zip(SLOTS, found, strict=True))


def slot(number: int) -> param.Selector:
    """The choice of a tagger; all but the first may be empty."""
    names = stored_sample().jets.taggers
    choices = [*names] if number == 0 else [NONE, *names]
    return param.Selector(
        default=wished(names)[SLOTS[number]], objects=choices, label=f"Tagger {number + 1}"
    )


class Tagging(Dashboard):
    """Choose taggers and a threshold; see the jets that pass, their mass, and the robustness.

    Args:
        sample: other tagged jets, such as `stored_sample().with_tagger("mine", scores)`.
        state: start values of the controls (first, efficiency, variation, ...), and
            `hide=("kind", ...)`. A score without an efficiency is the threshold of all taggers.
    """

    title = "Which tagger, and at what price?"
    sentence = (
        "Up to four taggers at once: how much background each one rejects, what that does to its "
        "mass, and how it fares when the detector or the shower is not the one it learned from."
    )

    first = slot(0)
    second = slot(1)
    third = slot(2)
    fourth = slot(3)
    efficiency = param.Number(
        0.5, bounds=EFFICIENCY_BOUNDS, step=0.01, label="Signal efficiency εS"
    )
    same = param.Boolean(True, label="same εS for all (else same score)")
    score = param.Number(0.0, bounds=SCORE_BOUNDS, step=0.05, label="Score, at least")
    kind: "param.Selector[str]" = param.Selector(
        objects=list(CLASSES), label="Mass, pT and shifts of"
    )
    variation: "param.Selector[str]" = param.Selector(
        objects=[NONE, *stored_sample().variations], label="What if: variation"
    )
    strength = param.Integer(2, bounds=(1, 3), label="Mild, medium, strong")

    widgets = {"kind": {"type": pn.widgets.RadioButtonGroup}}  # noqa: RUF012

    def __init__(self, sample: TaggerRates | None = None, **state: Any) -> None:
        self.sample = sample or stored_sample()
        self._asked = {name: state.pop(name) for name in SLOTS if name in state}
        if "score" in state:
            state.setdefault("same", False)
        super().__init__(**state)

    def adapt(self) -> None:
        """Set the choices to the taggers and variations of the sample; a new tagger comes first."""
        names = self.sample.jets.taggers
        defaults = wished(names)
        if names[0] not in stored_sample().jets.taggers:
            defaults["first"] = names[0]
        with param.parameterized.discard_events(self):
            for number, name in enumerate(SLOTS):
                self.param[name].objects = [*names] if number == 0 else [NONE, *names]
                setattr(self, name, self._asked.get(name, defaults[name]))
            self.param.variation.objects = [NONE, *self.sample.variations]

    def settle(self, changed: set[str]) -> None:
        """Keep score and efficiency of the first tagger consistent: one follows the other."""
        if changed == {"score"}:
            self.same = False
        elif changed == {"efficiency"}:
            self.same = True
        row = self.sample.jets.row(self.first)
        if self.same:
            self.score = float(np.clip(round(self.threshold(row), 2), *SCORE_BOUNDS))
        else:
            tops = self.sample.jets.label == 1
            passed = (self.sample.scores[row][tops] >= self.score).mean()
            self.efficiency = float(np.clip(round(passed, 2), *EFFICIENCY_BOUNDS))

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        """The taggers on display, each once."""
        rows: dict[int, int] = {}
        for number, name in enumerate(SLOTS):
            if getattr(self, name) != NONE:
                rows.setdefault(self.sample.jets.row(getattr(self, name)), number)
        return tuple(Chosen(number, row) for row, number in rows.items())

    @property
    def varied(self) -> str | None:
        """The chosen variation."""
        return None if self.variation == NONE else self.variation

    def threshold(self, row: int) -> float:
        """Threshold of a tagger: the common score, or the one at the common signal efficiency."""
        if not self.same:
            return self.score
        return float(self.sample.thresholds[row, round(100 * self.efficiency) - 1])

    def level(self, variation: str) -> int:
        """Index of the strength of the variation."""
        return min(self.strength, len(self.sample.variations[variation].strengths)) - 1

    def facts(self, one: Chosen, selected: np.ndarray) -> words.Facts:
        """The numbers of a tagger for the table, if it selects these jets, (N,) bool."""
        sample, varied = self.sample, self.varied
        classes = (selected[sample.jets.label == label] for label in (1, 0))
        signal, background = (efficiency_interval(int(c.sum()), len(c)) for c in classes)
        rejection = Interval(
            *(1 / e if e else math.inf for e in (background[0], *background[:0:-1]))
        )
        shifts = [self.shift(one, varied, label) if varied else None for label in (1, 0)]
        area, error = sample.auc[one.row], sample.auc_error[one.row]
        return words.Facts(
            one,
            sample.jets.taggers[one.row],
            int(sample.parameters[one.row]),
            Interval(area, area - error, area + error),
            signal,
            rejection,
            sample.sculpting(selected),
            *shifts,
        )

    def shift(self, one: Chosen, variation: str, label: int) -> Interval | None:
        """Efficiency of a class after a variation over that before it."""
        level, threshold = self.level(variation), self.threshold(one.row)
        return self.sample.shift(one.row, variation, level, label, threshold)

    def compute(self) -> Outputs:
        """All outputs; an output that did not change is the same object again."""
        sample, chosen, label = self.sample, self.chosen, CLASSES.index(self.kind)
        thresholds = [self.threshold(one.row) for one in chosen]
        selected = [sample.scores[one.row] >= t for one, t in zip(chosen, thresholds, strict=True)]
        facts = [self.facts(one, jets) for one, jets in zip(chosen, selected, strict=True)]
        varied = self.varied, self.strength - 1
        points = [(f.chosen, f.signal_efficiency, f.rejection) for f in facts]
        return {
            "line": words.line(facts, self._done(), None if self.same else self.score),
            "table": words.taggers(facts),
            "about": words.ABOUT.format(f"{len(sample.jets.label):,}".replace(",", " ")),
            **columns.roc_columns(sample, chosen),
            **columns.curve_columns(sample, chosen),
            "roc_varied": columns.varied_roc_columns(sample, chosen, *varied),
            "points": columns.point_columns(points),
            "scores": columns.score_columns(sample, chosen[0].row),
            "scores_varied": columns.varied_score_columns(sample, chosen[0].row, *varied),
            "accepted": {"left": [thresholds[0]], "right": [figures.SCORES[1]]},
            "before": columns.before_columns(sample, label),
            **columns.after_columns(sample, label, list(zip(chosen, selected, strict=True))),
            "kind": {"text": [f"{self.kind} jets"]},
            **self._shifts(chosen, label),
            "landscape": columns.landscape_columns(sample, self.efficiency, chosen),
        }

    def _done(self) -> str | None:
        if not self.varied:
            return None
        strength = self.sample.variations[self.varied].strengths[self.level(self.varied)]
        return words.SENTENCES.get(self.varied, self.varied).format(abs(strength))

    def _shifts(self, chosen: tuple[Chosen, ...], label: int) -> dict[str, columns.Columns]:
        names = list(self.sample.variations)
        found = [
            (one, place, ratio)
            for place, name in enumerate(names)
            for one in chosen
            if (ratio := self.shift(one, name, label)) is not None
        ]
        place = [names.index(self.varied)] if self.varied else []
        band: columns.Columns = {
            "bottom": [p + 0.5 for p in place],
            "top": [p - 0.5 for p in place],
        }
        return {"shifts": columns.shift_columns(found), "highlight": band}

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The page: controls on the left; line, table and eight figures on the right."""
        left = pn.Column(
            *(self._slot(number) for number in range(len(SLOTS))),
            self.controls("efficiency", "same", "score"),
            self.controls("variation", "strength"),
            self.controls("kind"),
            display.text("about", 15),
        )
        line = display.text("line", 19)
        line.object.styles = {**line.object.styles, "min-height": px(104)}  # what is below stays
        right = pn.Column(
            line,
            display.text("table", 17),
            figures.grid(*figures.every(display, self.sample, list(self.sample.variations))),
            sizing_mode="stretch_width",
        )
        return side_by_side(left, right, 270)

    @classmethod
    def static(cls) -> LayoutDOM:
        """Efficiencies and variations without a server, for `hepml dashboards export`."""
        dashboard = cls()
        display = Display(dashboard.compute())
        pictures = figures.every(display, dashboard.sample, list(dashboard.sample.variations))
        texts = [display.text("line", 19).object, display.text("table", 17).object]
        choices = {
            "efficiency": [round(0.05 * k, 2) for k in range(2, 19)],
            "kind": CLASSES,
            "variation": [NONE, *dashboard.sample.variations],
        }
        return states.layout(dashboard, choices, pictures, texts, display, 32)

    def _slot(self, number: int) -> pn.Row:
        """The choice of a tagger, after its colour, dash and marker in the figures."""
        html = words.mark(number, columns.DASHES[number])
        div = Div(
            text=html,
            styles={"font-size": px(20), "line-height": "1"},
            margin=(zoomed(30), 0, 0, 5),
        )
        return pn.Row(pn.pane.Bokeh(div), self.controls(SLOTS[number]), margin=0)
