"""Find the bump: from the score of an anomaly detector to the p-value of a search."""

from typing import NamedTuple

import numpy as np
import panel as pn
import param
from bokeh.models import LayoutDOM
from scipy.stats import norm

from hepml_lite.anomaly_detection.search.spectrum_fit import SpectrumFit
from hepml_lite.exact import GaussianResonance
from widgets.anomaly_detection import columns, figures, spectra
from widgets.anomaly_detection import text as words
from widgets.anomaly_detection.stored import (
    CWOLA,
    DIJETS,
    FEATURES,
    KEPT,
    MASSES,
    METHODS,
    PLAIN,
    SAMPLES,
    STRENGTHS,
    TOY,
    Search,
    Setting,
    stored_searches,
)
from widgets.shared import states
from widgets.shared.base import Dashboard, Display, Outputs
from widgets.shared.style import grid, px, side_by_side

NO_RIVAL = "no other"
STATIC_TEXTS = {"line": 19, "table": 17, "key": 15, "about": 15}  # sizes [px]
NO_COLUMNS = {
    "score_background": ("x", "y"),
    "score_signal": ("x", "y"),
    "cut": ("x",),
    "curve": ("x", "y", "low", "high"),
    "floor": ("left", "right"),
    "point": ("x", "y", "low", "high"),
    "data": ("x", "y", "low", "high"),
    "signal": ("x", "y"),
    "fit": ("x", "y", "low", "high", "pull"),
    "window": ("left", "right"),
    "p": ("x", "local", "global", "marker"),
    "efficiency": ("x", "y", "low", "high"),
}  # of a search that is not stored


class Result(NamedTuple):
    """The stored search of the present state, and its fit; no fit where it has no answer."""

    search: Search
    fit: SpectrumFit | None


class AnomalyDetection(Dashboard):
    """Choose a sample, features, a method, a signal and a cut: see score, spectrum and p-value.

    Args:
        state: start values of the controls (sample, features, method, strength, kept, ...), and
            `hide=("rival", ...)`.
    """

    title = "Find the bump"
    sentence = (
        "A score says that some events are strange. Cut on it, fit the mass, scan for a bump: when "
        "is it a discovery, and when has the method made the bump itself?"
    )

    sample: "param.Selector[str]" = param.Selector(
        default=TOY, objects=list(SAMPLES), label="Sample"
    )
    features: "param.Selector[str]" = param.Selector(
        default=PLAIN, objects=list(FEATURES), label="Features"
    )
    method: "param.Selector[str]" = param.Selector(
        default=CWOLA, objects=list(METHODS), label="Method"
    )
    rival: "param.Selector[str]" = param.Selector(
        default=NO_RIVAL, objects=[NO_RIVAL, *METHODS], label="Compare with"
    )
    strength: "param.Selector[int]" = param.Selector(
        default=3, objects=list(STRENGTHS), label="Injected signal: S/√B"
    )
    kept: "param.Selector[float]" = param.Selector(
        default=0.01, objects=list(KEPT), label="Cut: share of the region kept"
    )
    folds = param.Boolean(True, label="no event is scored by a model that saw it (folds)")
    truth = param.Boolean(False, label="show the injected signal in the mass")

    widgets = {  # noqa: RUF012
        "strength": {"type": pn.widgets.DiscreteSlider},
        "kept": {"type": pn.widgets.DiscreteSlider},
    }

    def setting(self, method: str | None = None) -> Setting:
        """What the stored search depends on; of another method if it is given."""
        name = method or self.method
        return Setting(self.sample, self.features, self.strength, name, self.folds)

    @property
    def cut(self) -> int:
        """The place of the cut in `KEPT`."""
        return KEPT.index(self.kept)

    def result(self) -> Result:
        """The stored search and the fit of its spectrum.

        Raises:
            ValueError: the search is not stored; the message says what to change.
        """
        search = stored_searches().search(self.setting())
        try:
            fit = spectra.fitted(search.counts[self.cut], self.sample)
        except (ValueError, np.linalg.LinAlgError):
            return Result(search, None)
        return Result(search, fit)

    def numbers(self) -> dict[str, str]:
        """The chosen method's row of the table, by column; empty where it is not stored."""
        if not stored_searches().has(self.setting()):
            return {}
        return words.numbers(self._row(self.method))

    def compute(self) -> Outputs:
        """All outputs; where a search is not stored, the line says what to change."""
        mass = MASSES[self.sample]
        outputs = {
            "about": words.ABOUT,
            "key": words.KEY,
            "labels": columns.label_columns(mass),
            "region": columns.region_columns(mass),
            "exact": columns.exact_columns(self.sample == TOY),
            "perfect": columns.perfect_columns(),
            "chosen": columns.chosen_columns(self.cut),
            **self._rival(),
        }
        try:
            result = self.result()
        except ValueError as error:
            empty: Outputs = {
                name: {column: [] for column in of} for name, of in NO_COLUMNS.items()
            }
            line = words.failed(self.setting(), str(error))
            return {**outputs, **empty, "line": line, "table": words.results(self._rows())}
        return {**outputs, **self._drawn(result), **self._told(result)}

    def _drawn(self, result: Result) -> Outputs:
        """The columns of the chosen method."""
        search = result.search
        k = self.cut
        mass = MASSES[self.sample]
        return {
            "score_background": columns.score_columns(search.score_background),
            "score_signal": columns.score_columns(search.score_signal),
            "cut": columns.cut_columns(search, k),
            "curve": columns.curve_columns(search),
            "floor": columns.floor_columns(search),
            "point": columns.point_columns(search, k),
            "data": columns.data_columns(search.counts[k]),
            "signal": columns.signal_columns(search, k, self.truth),
            "fit": columns.fit_columns(result.fit),
            "window": columns.window_columns(search, k, mass),
            "p": columns.p_columns(search),
            "efficiency": columns.efficiency_columns(search, k),
        }

    def _told(self, result: Result) -> Outputs:
        """Line and table."""
        search = result.search
        k = self.cut
        mass = MASSES[self.sample]
        flat = columns.sideband_flatness(search, k, mass)
        facts = words.Facts(
            setting=self.setting(),
            kept=self.kept,
            n_signal=float(search.signal[0][mass.in_region].sum()),
            n_background=float(search.background[0][mass.in_region].sum()),
            improvement=columns.improvement_at(search, k),
            n_passed=float(search.passed[k, 0]),
            largest=search.largest,
            largest_possible=search.largest_possible,
            p_values=tuple(search.p_values[k]),
            window=tuple(search.window[k]),
            fit_p=None if result.fit is None else result.fit.p_value,
            flat_p=None if flat is None else flat.p_value,
            unit=mass.unit,
        )
        return {"line": words.line(facts), "table": words.results(self._rows())}

    def _rival(self) -> Outputs:
        """The curve and the p-values of the other method; none where it is not stored."""
        nothing: Outputs = {
            "rival_curve": {"x": [], "y": [], "low": [], "high": []},
            "rival_p": {"x": [], "local": [], "global": [], "marker": []},
        }
        if self.rival in (NO_RIVAL, self.method):
            return nothing
        setting = self.setting(self.rival)
        if not stored_searches().has(setting):
            return nothing
        search = stored_searches().search(setting)
        return {"rival_curve": columns.curve_columns(search), "rival_p": columns.p_columns(search)}

    def _rows(self) -> list[words.Row]:
        """The chosen method, the compared one, and what would be best."""
        rows = [
            self._row(method)
            for method in dict.fromkeys((self.method, self.rival))
            if method != NO_RIVAL and stored_searches().has(self.setting(method))
        ]
        if self.sample == TOY:
            model = GaussianResonance()
            area = float(norm.cdf(model.distance / np.sqrt(2)))
            largest = float(model.efficiencies().improvement.max())
            rows.append(words.Row("exact ratio", area, largest, None, 0, None, None))
        return rows

    def _row(self, method: str) -> words.Row:
        search = stored_searches().search(self.setting(method))
        k = self.cut
        flat = columns.sideband_flatness(search, k, MASSES[self.sample])
        return words.Row(
            method,
            search.area,
            search.largest,
            columns.improvement_at(search, k),
            float(search.passed[k, 0]),
            tuple(search.p_values[k]),
            None if flat is None else flat.reduced,
        )

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The page: controls on the left; line, table and six figures on the right."""
        left = pn.Column(
            self.controls("sample", "features", "method", "rival", "strength", "kept"),
            self.controls("folds", "truth"),
        )
        line = display.text("line", 19)
        line.object.styles = {**line.object.styles, "min-height": px(130)}  # what is below stays
        right = pn.Column(
            line,
            display.text("table", 17),
            display.text("key", 15),
            grid(*figures.every(display)),
            display.text("about", 15),
            sizing_mode="stretch_width",
        )
        return side_by_side(left, right, 270)

    @classmethod
    def static(cls) -> LayoutDOM:
        """Methods, strengths and cuts without a server, for `hepml dashboards export`."""
        dashboard = cls()
        display = Display(dashboard.compute())
        texts = [display.text(name, size).object for name, size in STATIC_TEXTS.items()]
        choices = {
            "sample": (TOY, DIJETS),
            "method": METHODS,
            "strength": (0, 1, 3),  # all of them would make the page twice as large
            "kept": KEPT,
        }
        return states.layout(dashboard, choices, figures.every(display), texts, display, 32)
