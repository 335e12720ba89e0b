"""All resonant searches on the bundled dijets, paired over seeds; and runs without signal.

    python benchmarks/anomaly_detection.py

writes `hepml_lite/anomaly_detection/results.json`, row by row: what is there already is not
computed again, so that the script can be stopped and go on.

Searches. The QCD events are divided at random: half is data, a quarter is the reference of the
idealised detector, a quarter is the test. Signal events are added to the data such that S/sqrt(B)
in the signal region, 3.3 to 3.7 TeV, is the number asked for. Everything is dequantised. The
figures are of the test events in the region, which no method has seen: the classifiers need no
folds, and are ensembles of five. The pieces of different seeds overlap, so that the spread over
seeds is a lower bound of the error. Densities are fitted to 60 000 events of the sidebands, that of
LaCATHODE to all 180 000: its classifier works in the latent space and finds each error there.

No signal. Fresh events of the exact toy: a CWoLa classifier of the region against all other masses,
the best tenth of the events, a polynomial fitted to the spectrum in data and toys, and the global
p-value of the bump hunt; with two folds, and without.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from data_fetch import load
from hepml_lite import anomaly_detection as search
from hepml_lite.anomaly_detection.resonant.events import (
    ResonantEvents,
    ResonantSearch,
    joined,
    with_features,
)
from hepml_lite.anomaly_detection.resonant.sideband_density import fit_density, usual_flow
from hepml_lite.anomaly_detection.results import (
    RESULTS,
    Results,
    SearchResult,
    read_results,
    write_results,
)
from hepml_lite.containers.events import Events
from hepml_lite.densities import Flow
from hepml_lite.exact import GaussianResonance
from hepml_lite.statistics.metrics import auc

REGION = (3300.0, 3700.0)  # GeV
N_NOISE = 10  # columns
SELECTED = 0.05  # of the background in the region, for the flatness of the sidebands
N_FITTED = 60_000  # events of the sidebands that densities are fitted to, but for LaCATHODE
FLOW_SEARCHES = ("cathode", "anode", "r_anode")
MASS_EDGES = np.linspace(2700, 4700, 21)  # GeV
CASES = {  # methods, strengths of the signal and kinds of features
    "baseline": {
        3.0: (
            "idealised", "supervised", "cwola", "cathode", "lacathode", "anode", "r_anode",
        ),
        2.0: ("idealised", "cwola", "cathode"),
        1.0: ("idealised", "cwola", "cathode"),
        0.0: ("idealised", "cwola", "cathode"),
    },
    "delta_r": {3.0: ("idealised", "cwola", "cathode")},
    "noise": {3.0: ("idealised", "idealised_mlp")},
    "more": {3.0: ("idealised", "idealised_mlp", "drapes")},
    "rounded": {3.0: ("idealised", "cathode")},
}  # fmt: skip

TOY = GaussianResonance()
TOY_REGION = (3.3, 3.7)
TOY_EDGES = np.linspace(2.5, 4.5, 26)
TOY_EVENTS = 6000
TOY_SELECTED = 0.1
RUNS = {"in folds": 2, "without folds": 1}  # folds of the runs without signal


class FittedFlow(Flow):
    """A flow that is fitted already: all searches of a seed share the density of the background."""

    def fit(self, *_: object, **__: object) -> "FittedFlow":
        """Change nothing."""
        return self


@dataclass
class Pieces:
    """The events of one seed.

    Attributes:
        data: QCD and injected signal.
        reference: QCD, for the idealised detector.
        signal: simulated signal, for the supervised one.
        test: events that nothing is fitted to.
        label: of the test, 1 for signal.
        seed: of all that is random.
    """

    data: ResonantEvents
    reference: ResonantEvents
    signal: ResonantEvents
    test: ResonantEvents
    label: np.ndarray
    seed: int

    @cached_property
    def background(self) -> tuple[FittedFlow, float]:
        """The density of the sidebands, and the seconds of CPU time of its fit."""
        return self._fitted_flow(N_FITTED)

    @cached_property
    def latent_background(self) -> tuple[FittedFlow, float]:
        """The same, of all events of the sidebands."""
        return self._fitted_flow(None)

    def seconds_of_flow(self, method: str) -> float:
        """CPU time of the fit of the density that a method uses."""
        if method == "lacathode":
            return self.latent_background[1]
        return self.background[1] if method in FLOW_SEARCHES else 0.0

    def _fitted_flow(self, n_most: int | None) -> tuple[FittedFlow, float]:
        start = time.process_time()
        _, beside = self.data.split(REGION)
        flow = usual_flow()
        fit_density(flow, beside, n_most, self.seed)
        fitted = FittedFlow()
        fitted.__dict__.update(flow.__dict__)
        return fitted, time.process_time() - start


def features(events: Events, case: str, rng: np.random.Generator) -> ResonantEvents:
    """m1, m2 - m1 and both tau21, and what the case adds."""
    found = search.dijet_features(events, ["delta_r"] if case == "delta_r" else [])
    if case == "noise":
        return with_features(found, rng.normal(size=(len(found), N_NOISE)))
    return found


def pieces(events: Events, case: str, significance: float, seed: int) -> Pieces:
    """A random division of the events."""
    rng = np.random.default_rng(seed)
    if case != "rounded":
        events = events.dequantised(rng)
    everything = features(events, case, rng)
    background = rng.permutation(np.flatnonzero(events.label == 0))
    signal = rng.permutation(np.flatnonzero(events.label == 1))
    data, reference, test = np.split(background, [len(background) // 2, 3 * len(background) // 4])
    for_injection, for_training, for_test = np.array_split(signal, 3)
    n_signal = round(significance * np.sqrt(everything[data].inside(REGION).sum()))
    in_region = np.cumsum(everything[for_injection].inside(REGION))
    injected = for_injection[: np.searchsorted(in_region, n_signal) + 1 if n_signal else 0]
    return Pieces(
        joined(everything[data], everything[injected]),
        everything[reference],
        everything[for_training],
        joined(everything[test], everything[for_test]),
        np.repeat([0, 1], [len(test), len(for_test)]),
        seed,
    )


def make(method: str, found: Pieces) -> ResonantSearch:
    """An untrained search."""

    def classifier(model: str = "trees") -> search.WeakClassifier:
        return search.WeakClassifier(model, n_ensemble=5, folds=1)

    def flow() -> FittedFlow:
        return found.background[0]

    makers: dict[str, Callable[[], ResonantSearch]] = {
        "idealised": lambda: search.Idealised(found.reference, classifier()),
        "idealised_mlp": lambda: search.Idealised(found.reference, classifier("mlp")),
        "supervised": lambda: search.Supervised(found.signal, found.reference, classifier()),
        "cwola": lambda: search.CwolaHunting(classifier=classifier()),
        "cathode": lambda: search.Cathode(flow(), classifier()),
        "lacathode": lambda: search.LaCathode(found.latent_background[0], classifier()),
        "drapes": lambda: search.Drapes(classifier=classifier(), n_most=N_FITTED),
        "anode": lambda: search.Anode(flow()),
        "r_anode": lambda: search.RAnode(flow()),
    }
    return makers[method]()


def judged(method: str, found: Pieces, case: str, significance: float, seed: int) -> SearchResult:
    """Fit a method and judge it on the test events."""
    seconds_of_flow = found.seconds_of_flow(method)
    start = time.process_time()
    fitted = make(method, found).fit(found.data, REGION, rng=seed)
    seconds = time.process_time() - start + seconds_of_flow
    scores = fitted.score(found.test)
    inside = found.test.inside(REGION)
    report = search.reports.improvement(found.label[inside], scores[inside])
    numbers = {"sidebands": sideband_flatness(found, scores, inside)}
    if isinstance(fitted, search.Cathode):
        numbers["template_auc"] = template_auc(fitted.background, found)
    return SearchResult(
        case,
        significance,
        seed,
        method,
        round(report.largest, 4),
        round(report.largest_possible, 3),
        round(auc(found.label[inside], scores[inside]), 4),
        {name: round(value, 4) for name, value in numbers.items()},
        round(seconds, 1),
    )


def sideband_flatness(found: Pieces, scores: np.ndarray, inside: np.ndarray) -> float:
    """χ² per degree of freedom of a cut that keeps 5 % of the background in the region."""
    is_background = found.label == 0
    threshold = np.quantile(scores[inside & is_background], 1 - SELECTED)
    beside = ~inside & is_background
    selected = scores[beside] >= threshold
    return search.reports.flatness(found.test.mass[beside], selected, MASS_EDGES).reduced


def template_auc(template: ResonantEvents, found: Pieces) -> float:
    """How well trees tell the template from background of the region, in two folds."""
    chosen = found.test.inside(REGION) & (found.label == 0)
    true = found.test.features[chosen]
    drawn = template.features[: len(true)]
    both = np.concatenate([true, drawn])
    scores = search.weakly_supervised_scores(true, drawn, both, n_ensemble=2, folds=2)
    return auc(np.repeat([1, 0], [len(true), len(drawn)]), scores)


def p_value_without_signal(seed: int, folds: int) -> float:
    """Global p-value of a search in fresh events of the toy, which hold no signal."""
    drawn = TOY.events(TOY_EVENTS, rng=np.random.default_rng([seed, 15]), low=TOY_EDGES[0])
    events = ResonantEvents(drawn.mass, drawn.features)
    hunting = search.CwolaHunting(
        sideband_width=10.0, classifier=search.WeakClassifier(n_ensemble=1, folds=folds)
    )
    scores = hunting.fit(events, TOY_REGION, rng=seed).score(events)
    kept = events.mass[scores >= np.quantile(scores, 1 - TOY_SELECTED)]
    counts = np.histogram(kept, TOY_EDGES)[0]
    fit = search.fit_spectrum(counts, TOY_EDGES, function="polynomial", n_parameters=3)
    hunt = search.bump_hunt(
        kept, TOY_EDGES, background=fit.expected, refit=fit.refit, n_toys=499, rng=seed
    )
    return hunt.global_p


def wanted(options: argparse.Namespace) -> Iterator[tuple[int, str, float, str]]:
    """Seed by seed, so that all methods have the same ones when the script is stopped."""
    for seed in options.seeds:
        for case in options.cases:
            for significance, methods in CASES[case].items():
                for method in methods:
                    is_asked = options.methods is None or method in options.methods
                    if is_asked and significance in options.significances:
                        yield seed, case, significance, method


def run_searches(results: Results, options: argparse.Namespace) -> Results:
    """Add what is missing, and write after each row."""
    events = load("dijet_resonance")
    done = {(row.seed, row.case, row.significance, row.method) for row in results.searches}
    found, last = None, None
    for seed, case, significance, method in wanted(options):
        if (seed, case, significance, method) in done:
            continue
        if last != (seed, case, significance):
            found = pieces(events, case, significance, seed)
            last = seed, case, significance
        row = judged(method, found, case, significance, seed)
        print(row, flush=True)
        setup = results.setup | {"sizes": described(found), "sample": events.card["sha256"][:12]}
        results = Results(setup, (*results.searches, row), results.p_values)
        write_results(results, options.out)
    return results


def described(found: Pieces) -> str:
    """Sizes of the pieces, in words."""
    inside = found.test.inside(REGION)
    return (
        f"in the region: {found.data.inside(REGION).sum()} events of data, "
        f"{found.reference.inside(REGION).sum()} of reference, "
        f"{(found.label[inside] == 0).sum()} background and {found.label[inside].sum()} signal "
        "events of the test"
    )


def run_without_signal(results: Results, kinds: list[str], n_runs: int, path: Path) -> Results:
    """Add the p-values that are missing, and write after every ten."""
    for name in kinds:
        values = list(results.p_values.get(name, ()))
        for seed in range(len(values), n_runs):
            values.append(round(p_value_without_signal(seed, RUNS[name]), 6))
            if len(values) % 10 == 0:
                p_values = results.p_values | {name: tuple(values)}
                results = Results(results.setup, results.searches, p_values)
                write_results(results, path)
                print(name, results.without_signal(name), flush=True)
    return results


def main() -> None:
    """Compute what is missing and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=["searches", "no_signal"])
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    parser.add_argument("--significances", nargs="+", type=float, default=[3.0, 2.0, 1.0, 0.0])
    parser.add_argument("--methods", nargs="+", help="only these, of those of a case")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(10)))
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--run-kinds", nargs="+", default=list(RUNS))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    results = read_results(options.out) if options.out.is_file() else Results({}, (), {})
    if "searches" in options.parts:
        results = run_searches(results, options)
    if "no_signal" in options.parts:
        run_without_signal(results, options.run_kinds, options.runs, options.out)


if __name__ == "__main__":
    main()
