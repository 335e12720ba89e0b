"""Undo the detector: a binned unfolding of real jets, its bias and its variance."""

import warnings
from typing import NamedTuple

import numpy as np
import panel as pn
import param
from bokeh.models import LayoutDOM

from hepml_lite.unfolding.binned.response import Response
from hepml_lite.unfolding.binned.result import BinnedResult
from widgets.shared import states
from widgets.shared.base import Dashboard, Display, Outputs
from widgets.shared.style import grid, px, side_by_side
from widgets.unfolding import figures, methods, omnifold, samples
from widgets.unfolding import text as words

EVENTS = (1000, 3000, 10_000, 30_000, 100_000)
MAX_SMEARING = 1.0
MIN_ACCEPTANCE = 0.2
NO_RIVAL = "no other"
N_DATA_SETS = 50
STATIC_TEXTS = {"strength": 16, "line": 19, "table": 17, "key": 15, "about": 15}  # sizes [px]
NO_CORRELATION = np.zeros((samples.N_BINS, samples.N_BINS))


class Problem(NamedTuple):
    """Everything that a method is given, and what it should find; all in numbers of events.

    Attributes:
        response: of the simulation.
        prior: truth of the simulation (B,), scaled to the expected events.
        truth: of nature (B,).
        expected: measured spectrum without fluctuations and fakes (B,).
        raw: measured data, fakes included (B,).
        measured: the data without fakes (B,).
    """

    response: Response
    prior: np.ndarray
    truth: np.ndarray
    expected: np.ndarray
    raw: np.ndarray
    measured: np.ndarray

    @property
    def floor(self) -> float:
        """Distance to the truth that the data would have with a perfect detector."""
        return len(self.truth) / (4 * self.truth.sum())


class Unfolding(Dashboard):
    """Choose a nature, an observable, a detector and methods: see spectra, bias and variance.

    Args:
        state: start values of the controls (nature, observable, method, step, ...), and
            `hide=("nature", ...)`.
    """

    title = "Undo the detector"
    sentence = (
        "A detector blurs the jets beside a Z boson. Undo it with a matrix, with weights or with "
        "generated events: what is the price in bias, and what in noise?"
    )

    nature: "param.Selector[str]" = param.Selector(
        default="nature", objects=list(samples.NATURES), label="Nature"
    )
    observable: "param.Selector[str]" = param.Selector(
        default="multiplicity", objects=list(samples.OBSERVABLES), label="Observable"
    )
    method: "param.Selector[str]" = param.Selector(
        default=methods.BAYES, objects=list(methods.METHODS), label="Method"
    )
    rival: "param.Selector[str]" = param.Selector(
        default=NO_RIVAL, objects=[NO_RIVAL, *methods.METHODS], label="Compare with"
    )
    step = param.Integer(4, bounds=(1, methods.N_STEPS), label="Strong to weak: step")
    smearing = param.Number(
        0.0, bounds=(0, MAX_SMEARING), step=0.1, label="More smearing [spreads]"
    )
    acceptance = param.Number(
        1.0, bounds=(MIN_ACCEPTANCE, 1), step=0.1, label="Acceptance of soft jets"
    )
    events: "param.Selector[int]" = param.Selector(
        default=30_000, objects=list(EVENTS), label="Events in the data"
    )
    data_set = param.Integer(1, bounds=(1, N_DATA_SETS), label="Data set (chance)")
    same = param.Boolean(False, label="nature's response is the simulated one")

    widgets = {"events": {"type": pn.widgets.DiscreteSlider}}  # noqa: RUF012

    def setting(self) -> omnifold.Setting:
        """What the data of the present state depend on."""
        detector = round(self.smearing, 2), round(self.acceptance, 2)
        return omnifold.Setting(self.nature, *detector, self.events, self.data_set, self.same)

    def problem(self) -> Problem:
        """The response, the data and the truth of the present state."""
        setting = self.setting()
        state = self.observable, setting.smearing, setting.acceptance
        response = samples.counted("simulation", *state)
        nature = samples.counted(self.nature, *state)
        scale = self.events / nature.truth.sum()
        truth = scale * nature.truth
        spectrum = scale * nature.measured
        if self.same:
            spectrum = response.matrix @ truth / response.matched_share
        raw = omnifold.stored_results().data(setting, self.observable)
        if raw is None:
            raw = np.random.default_rng(self.data_set).poisson(spectrum).astype(float)
        return Problem(
            response=response,
            prior=response.truth * self.events / response.truth.sum(),
            truth=truth,
            expected=response.matched_share * spectrum,
            raw=raw,
            measured=response.matched_share * raw,
        )

    def compute(self) -> Outputs:
        """All outputs; where a method has no answer, the line says why."""
        problem = self.problem()
        fixed = {"about": words.ABOUT, "key": words.KEY}
        outputs = {**fixed, **self._given(problem), **self._chosen()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty bin unfolds to zero, which the figures show
            try:
                result = self._unfolded(problem, self.method)
                scan = self._scan(problem)
            except ValueError as error:
                return {**outputs, **self._without_answer(problem, str(error))}
            return {**outputs, **self._answer(problem, result, scan)}

    def result(self) -> BinnedResult:
        """What the chosen method finds in the present state.

        Raises:
            ValueError: the method has no answer; the message says why.
        """
        return self._unfolded(self.problem(), self.method)

    def _unfolded(self, problem: Problem, method: str) -> BinnedResult:
        if method in methods.STORED:
            return methods.stored_result(method, self.setting(), self.observable, self.step)
        return methods.unfold(method, problem.measured, problem.response, problem.prior, self.step)

    def _scan(self, problem: Problem) -> methods.BiasVariance:
        if self.method in methods.STORED:
            state = self.method, self.setting(), self.observable
            steps = range(1, methods.N_STEPS + 1)
            results = [methods.stored_result(*state, step) for step in steps]
            return methods.of_one_data_set(results, problem.truth)
        given = (problem.expected, problem.response, problem.prior, problem.truth)
        return methods.bias_and_variance(self.method, *given)

    def _given(self, problem: Problem) -> Outputs:
        """What does not depend on the method."""
        truth = problem.truth
        return {
            "labels": figures.label_columns(samples.OBSERVABLES[self.observable]),
            "response": {"image": [problem.response.matrix]},
            "truth": figures.spectrum_columns(truth, truth),
            "simulation": figures.spectrum_columns(problem.prior, truth),
            "measured": figures.spectrum_columns(problem.raw, truth),
            "rival": self._rival(problem),
        }

    def _rival(self, problem: Problem) -> figures.Columns:
        """The points of the other method; none where it has no answer."""
        if self.rival in (NO_RIVAL, self.method):
            return figures.no_points()
        try:
            result = self._unfolded(problem, self.rival)
        except ValueError:
            return figures.no_points()
        return figures.unfolded_columns(result, problem.truth, figures.RIVAL_SHIFT)

    def _chosen(self) -> Outputs:
        """The step in words, and its place in the figure of bias and variance."""
        return {
            "chosen": {"left": [self.step - 0.4], "right": [self.step + 0.4]},
            "strength": f"<b>{methods.strength(self.method, self.step)}</b>",
        }

    def _without_answer(self, problem: Problem, reason: str) -> Outputs:
        return {
            "unfolded": figures.no_points(),
            "correlation": {"image": [NO_CORRELATION]},
            "scan": figures.scan_columns(None),
            "line": words.failed(self.method, self.step, reason),
            "table": words.results(self._rows(problem), problem.floor),
        }

    def _answer(
        self, problem: Problem, result: BinnedResult, scan: methods.BiasVariance
    ) -> Outputs:
        correlation = correlations(result.covariance)
        gap = methods.distance(problem.prior, problem.truth)
        distance = methods.distance(result.unfolded, problem.truth)
        facts = words.Facts(
            method=self.method,
            step=self.step,
            closed=words.share_closed(distance, gap, problem.floor),
            gap=gap / problem.floor,
            bias_squared=float(scan.bias_squared[self.step - 1]),
            variance=float(scan.variance[self.step - 1]),
            best=scan.best,
            stay=float(problem.response.counts.trace() / problem.response.truth.sum()),
            neighbours=float(np.diag(correlation, 1).mean()),
            as_simulated=self.same,
        )
        return {
            "unfolded": figures.unfolded_columns(result, problem.truth),
            "correlation": {"image": [correlation]},
            "scan": figures.scan_columns(scan),
            "line": words.line(facts) + self._comparison(problem, result),
            "table": words.results(self._rows(problem), problem.floor),
        }

    def _comparison(self, problem: Problem, result: BinnedResult) -> str:
        """How far the other method is from this one, in words; empty without another method."""
        if self.rival in (NO_RIVAL, self.method):
            return ""
        try:
            other = self._unfolded(problem, self.rival)
        except ValueError as error:
            return words.no_rival(self.rival, str(error))
        gap = methods.distance(problem.prior, problem.truth)
        distance = methods.distance(other.unfolded, problem.truth)
        errors = np.maximum(other.errors, 1e-12)
        return words.rival(
            self.rival,
            self.step,
            words.share_closed(distance, gap, problem.floor),
            float(np.max(np.abs(result.unfolded - other.unfolded) / errors)),
        )

    def _rows(self, problem: Problem) -> list[words.Row]:
        """The rows of the table; a method without an answer has none."""
        rows = [
            words.Row("simulation", methods.distance(problem.prior, problem.truth), None),
            words.Row("doing nothing", methods.distance(problem.raw, problem.truth), None),
        ]
        for method in dict.fromkeys((methods.INVERSION, self.method, self.rival)):
            if method == NO_RIVAL:
                continue
            try:
                result = self._unfolded(problem, method)
            except ValueError:
                continue
            distance = methods.distance(result.unfolded, problem.truth)
            pulls = (result.unfolded - problem.truth) / np.maximum(result.errors, 1e-12)
            rows.append(words.Row(method, distance, float(np.mean(pulls**2))))
        return rows

    def layout(self, display: Display) -> pn.viewable.Viewable:
        """The page: controls on the left; line, table and six figures on the right."""
        left = pn.Column(
            self.controls("nature", "observable", "method", "rival", "step"),
            display.text("strength", 16),
            self.controls("smearing", "acceptance", "events", "data_set", "same"),
        )
        line = display.text("line", 19)
        line.object.styles = {**line.object.styles, "min-height": px(104)}  # what is below stays
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
        """Natures, methods, steps and responses without a server, for `hepml dashboards export`."""
        dashboard = cls()
        display = Display(dashboard.compute())
        texts = [display.text(name, size).object for name, size in STATIC_TEXTS.items()]
        choices = {
            "nature": samples.NATURES,
            "method": methods.METHODS,
            "step": range(1, methods.N_STEPS + 1),
            "same": (False, True),
        }
        return states.layout(dashboard, choices, figures.every(display), texts, display, 32)


def correlations(covariance: np.ndarray) -> np.ndarray:
    """Correlation matrix of a covariance (B, B); zero for bins without variance."""
    errors = np.sqrt(covariance.diagonal())
    product = np.outer(errors, errors)
    return np.where(product > 0, covariance, 0) / np.where(product > 0, product, 1)
