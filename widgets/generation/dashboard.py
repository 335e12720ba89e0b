"""From noise to showers: time, steps, faults that metrics see, worth of generated events."""

from functools import lru_cache

import numpy as np
import panel as pn
import param
from bokeh.models import LayoutDOM

from data_fetch import load
from widgets.generation import figures, ranking
from widgets.generation import text as words
from widgets.generation.stored import (
    COORDINATES,
    DISTORTIONS,
    ENERGIES,
    GENERATORS,
    MASS_EDGES,
    METHODS,
    METRIC_NAMES,
    N_GENERATED,
    N_SHOWN,
    N_STRENGTHS,
    N_TIMES,
    STEPS,
    TIMES,
    StoredFrames,
    stored_frames,
)
from widgets.shared import states
from widgets.shared.base import Dashboard, Display, Outputs
from widgets.shared.style import grid, px, side_by_side

PEAK = (86.0, 96.0)  # GeV
STATIC_TEXTS = {"line": 19, "key": 15, "table": 17, "models": 17, "about": 15}  # sizes [px]


class Generation(Dashboard):
    """Walk noise into showers and into a Z peak; choose steps and faults.

    Args:
        state: start values of the controls (time, energy, ...), and `hide=("time", ...)`.
    """

    title = "From noise to showers"
    sentence = (
        "Move the time, and noise becomes a shower and a Z peak. How many steps does it take, "
        "which metric sees which fault, and what are generated events worth?"
    )

    time = param.Integer(N_TIMES - 1, bounds=(0, N_TIMES - 1), label="Time: noise to data")
    energy: "param.Selector[float]" = param.Selector(
        default=ENERGIES[1], objects=list(ENERGIES), label="Electron [GeV]"
    )
    shower = param.Integer(1, bounds=(1, N_SHOWN), label="Shower")
    turn = param.Integer(30, bounds=(0, 90), step=5, label="Turn the view [degrees]")
    coordinates: "param.Selector[str]" = param.Selector(
        default=COORDINATES[1], objects=list(COORDINATES), label="Muon pairs as"
    )
    method: "param.Selector[str]" = param.Selector(
        default=METHODS[1], objects=list(METHODS), label="Steps by"
    )
    steps: "param.Selector[int]" = param.Selector(
        default=STEPS[3], objects=list(STEPS), label="Steps"
    )
    distortion: "param.Selector[str]" = param.Selector(
        default="lost correlation", objects=list(DISTORTIONS), label="Fault of the generator"
    )
    strength = param.Integer(4, bounds=(1, N_STRENGTHS), label="Its strength")
    generator: "param.Selector[str]" = param.Selector(
        default=GENERATORS[2], objects=list(GENERATORS), label="Generator of 100 events"
    )
    generated: "param.Selector[int]" = param.Selector(
        default=N_GENERATED[-2], objects=list(N_GENERATED), label="Generated events"
    )

    models: "param.Selector[str]" = param.Selector(
        default=next(iter(ranking.PARTS)), objects=list(ranking.PARTS), label="Generators of"
    )
    ranked_by: "param.Selector[str]" = param.Selector(
        default="coverage", objects=list(ranking.METRICS), label="Ranked by"
    )

    widgets = {  # noqa: RUF012
        "steps": {"type": pn.widgets.DiscreteSlider},
        "generated": {"type": pn.widgets.DiscreteSlider},
    }

    def compute(self) -> Outputs:
        """All outputs."""
        stored = stored_frames()
        shown = ENERGIES.index(self.energy)
        coordinates = COORDINATES.index(self.coordinates)
        logs = stored.showers[shown, self.shower - 1, self.time]
        masses = stored.masses[coordinates, self.time]
        significances = self._significances(stored)
        place = GENERATORS.index(self.generator), N_GENERATED.index(self.generated)
        chosen = METHODS.index(self.method), STEPS.index(self.steps)
        sizes = np.array(N_GENERATED)
        return {
            "about": words.ABOUT,
            "key": words.KEY,
            "shower": figures.shower_columns(logs, voxel_places(), self.turn),
            "profile": figures.profile_columns(stored.profiles[shown, self.time]),
            "true_profile": figures.profile_columns(stored.true_profiles[shown]),
            "mass": figures.mass_columns(masses),
            "true_mass": figures.mass_columns(stored.true_masses),
            "chosen": {"x": [stored.milliseconds[chosen]], "y": [stored.auc[chosen]]},
            "metrics": figures.metric_columns(significances),
            "all_true": {"x": sizes, "y": sizes / words.N_TRAINING},
            "worth": {"x": [self.generated], "y": [stored.factors[place]]},
            "line": words.line(self._facts(stored, logs, masses)),
            "table": words.results(significances),
            "models": ranking.shown(self.models, self.ranked_by),
        }

    def _significances(self, stored: StoredFrames) -> np.ndarray:
        """Spreads above the floor of each metric, (M,)."""
        row = list(DISTORTIONS).index(self.distortion)
        return stored.significances[row, self.strength - 1]

    def _facts(self, stored: StoredFrames, logs: np.ndarray, masses: np.ndarray) -> words.Facts:
        significances = self._significances(stored)
        is_seen = np.abs(significances) > words.SEEN
        names = np.array(METRIC_NAMES)
        chosen = METHODS.index(self.method), STEPS.index(self.steps)
        place = GENERATORS.index(self.generator), N_GENERATED.index(self.generated)
        in_peak = (MASS_EDGES[:-1] >= PEAK[0]) & (MASS_EDGES[1:] <= PEAK[1])
        return words.Facts(
            time=float(TIMES[self.time]),
            filled=float((logs >= 0).mean()),
            in_peak=float(masses[in_peak].sum() / stored.true_masses[in_peak].sum()),
            n_steps=self.steps,
            auc=float(stored.auc[chosen]),
            milliseconds=float(stored.milliseconds[chosen]),
            real=float(stored.real[0]),
            distortion=self.distortion,
            strength=DISTORTIONS[self.distortion][self.strength - 1],
            seen_by=names[is_seen].tolist(),
            not_seen_by=names[~is_seen].tolist(),
            generator=self.generator,
            n_generated=self.generated,
            factor=float(stored.factors[place]),
            error=float(stored.factor_errors[place]),
        )

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The page: controls on the left; line, figures and table on the right."""
        left = pn.Column(
            self.controls("time", "energy", "shower", "turn", "coordinates"),
            self.controls("method", "steps"),
            self.controls("distortion", "strength", "generator", "generated"),
            self.controls("models", "ranked_by"),
        )
        line = display.text("line", 19)
        line.object.styles = {**line.object.styles, "min-height": px(104)}  # what is below stays
        right = pn.Column(
            line,
            display.text("key", 15),
            grid(*figures.every(display, stored_frames())),
            display.text("table", 17),
            display.text("models", 17),
            display.text("about", 15),
            sizing_mode="stretch_width",
        )
        return side_by_side(left, right, 270)

    @classmethod
    def static(cls) -> LayoutDOM:
        """Time, energy and faults without a server, for `hepml dashboards export`."""
        dashboard = cls()
        display = Display(dashboard.compute())
        texts = [display.text(name, size).object for name, size in STATIC_TEXTS.items()]
        choices = {
            "time": range(0, N_TIMES, 2),
            "energy": ENERGIES,
            "distortion": tuple(DISTORTIONS),
            "strength": range(2, N_STRENGTHS + 1),
        }
        shown = figures.every(display, stored_frames())
        return states.layout(dashboard, choices, shown, texts, display, 32)


@lru_cache(maxsize=1)
def voxel_places() -> np.ndarray:
    """Depth [X0], x and y [Moliere radii] of the voxels of `calo_showers`, (V, 3)."""
    return figures.positions(load("calo_showers").geometry)
