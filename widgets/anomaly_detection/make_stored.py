"""Make stored.npz, the searches of "Find the bump"; about an hour on one core.

Run `python widgets/anomaly_detection/make_stored.py` after a change of the data or of the methods.
Each search is fitted to data with an injected signal and scores these data: with folds no event is
scored by a model that saw it. Efficiencies are those of a test sample. Finished searches are kept
in a work folder, so that an interrupted run continues.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import version
from itertools import groupby, product
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

import data_fetch
from hepml_lite.anomaly_detection.reports import improvement
from hepml_lite.anomaly_detection.resonant.events import joined
from hepml_lite.statistics.metrics import auc
from widgets.anomaly_detection import searches, spectra, stored
from widgets.anomaly_detection.searches import Experiment
from widgets.anomaly_detection.stored import KEPT, SETTINGS, STORED, Search, Setting

LINKED_SETTING = (stored.DIJETS, stored.PLAIN, 3)  # of the events of the linked views
LINKED_BACKGROUND = 4500
LINKED_SIGNAL = 500
N_CUTS = len(KEPT)


def searched(experiment: Experiment, setting: Setting) -> tuple[Search, np.ndarray]:
    """Fit a method; what is stored of it, and the scores of the test."""
    fitted = experiment.fitted(setting.method, setting.folds)
    of_data = fitted.score(experiment.data)
    test = joined(experiment.parts.test, experiment.parts.test_signal)
    is_signal = np.arange(len(test)) >= len(experiment.parts.test)
    of_test = fitted.score(test)
    in_region = experiment.data.inside(experiment.region)
    thresholds = np.quantile(of_data[in_region], 1 - np.array(KEPT))
    thresholds[0] = -np.inf
    background, signal = data_spectra(experiment, of_data, thresholds)
    p_values, window = hunts(background + signal, setting.sample)
    inside = test.inside(experiment.region)
    labels = is_signal[inside].astype(int)
    scores = of_test[inside]
    report = improvement(labels, scores)
    units = scale_of(scores[labels == 0])
    found = Search(
        background=background,
        signal=signal,
        test_background=passing(test.mass, of_test, thresholds, setting.sample, ~is_signal),
        score_background=score_histogram(scores[labels == 0], units),
        score_signal=score_histogram(scores[labels == 1], units),
        cuts=np.clip((thresholds - units[0]) / units[1], -99, 99),
        test_events=np.array([(labels == 0).sum(), labels.sum()]),
        passed=np.array([[np.sum(scores[labels == k] >= t) for k in (0, 1)] for t in thresholds]),
        curve=curve(labels, scores),
        summary=np.array([auc(labels, scores), report.largest, report.largest_possible]),
        p_values=p_values,
        window=window,
    )
    return found, of_test


def data_spectra(
    experiment: Experiment, scores: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Background and signal of the data that pass, (K, B) each."""
    mass = experiment.data.mass
    is_signal = np.arange(len(mass)) >= len(experiment.parts.data)
    background = passing(mass, scores, thresholds, experiment.sample, ~is_signal)
    return background, passing(mass, scores, thresholds, experiment.sample, is_signal)


def passing(
    mass: np.ndarray, scores: np.ndarray, thresholds: np.ndarray, sample: str, chosen: np.ndarray
) -> np.ndarray:
    """Histograms (K, B) of the chosen events that pass each threshold."""
    edges = stored.MASSES[sample].edges
    return np.array([np.histogram(mass[chosen & (scores >= t)], edges)[0] for t in thresholds])


def hunts(counts: np.ndarray, sample: str) -> tuple[np.ndarray, np.ndarray]:
    """P-values (K, 2) and windows (K, 2) of spectra (K, B); NaN where the fit has no answer."""
    p_values = np.full((N_CUTS, 2), np.nan)
    windows = np.full((N_CUTS, 2), np.nan)
    for k, spectrum in enumerate(counts):
        try:
            hunt = spectra.hunted(spectrum, sample, rng=k)
        except (ValueError, np.linalg.LinAlgError):
            continue
        p_values[k] = hunt.local_p, hunt.global_p
        windows[k] = hunt.window
    return p_values, windows


def scale_of(scores: np.ndarray) -> tuple[float, float]:
    """Median and spread (to the 84 % quantile) of scores (N,)."""
    median, high = np.quantile(scores, [0.5, 0.84])
    return float(median), max(float(high - median), 1e-6)


def score_histogram(scores: np.ndarray, units: tuple[float, float]) -> np.ndarray:
    """Counts (H,) of scores in units of the background; both end bins are open."""
    edges = stored.SCORE_EDGES
    scaled = np.clip((scores - units[0]) / units[1], edges[0] + 1e-6, edges[-1] - 1e-6)
    return np.histogram(scaled, edges)[0]


def curve(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Signal efficiency (G,) at the background efficiencies of the file."""
    thresholds = np.quantile(scores[labels == 0], 1 - stored.BACKGROUND_EFFICIENCIES)
    signal = np.sort(scores[labels == 1])
    return 1 - np.searchsorted(signal, thresholds) / len(signal)


def linked_events(experiment: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """Places in the test of the linked events, (N,), and what is shown of them, (N, 7)."""
    sample_parts = experiment.parts
    test = joined(sample_parts.test, sample_parts.test_signal)
    low, high = stored.MASSES[experiment.sample].edges[[0, -1]]
    there = np.flatnonzero((test.mass >= low) & (test.mass < high))
    background = there[there < len(sample_parts.test)][:LINKED_BACKGROUND]
    signal = there[there >= len(sample_parts.test)][:LINKED_SIGNAL]
    places = np.random.default_rng(searches.SEED).permutation(np.concatenate([background, signal]))
    m1, difference, tau_1, tau_2 = test.features[places].T
    label = places >= len(sample_parts.test)
    delta_r = with_delta_r(experiment.sample)[places]
    columns = [test.mass[places], m1, m1 + difference, tau_1, tau_2, delta_r]
    return places, np.column_stack([*columns, label])


def with_delta_r(sample: str) -> np.ndarray:
    """ΔR of the test and its signal, (N,): of the same division, with ΔR among the features."""
    same = searches.parts(sample, stored.CORRELATED)
    return joined(same.test, same.test_signal).features[:, -1]


def run(options: argparse.Namespace) -> None:
    """Make what is missing."""
    work = options.work
    chosen = set(product(options.samples, options.features, options.strengths, options.methods))
    wanted = [setting for setting in SETTINGS if setting[:4] in chosen]
    for (sample, kind, strength), group in groupby(wanted, lambda setting: setting[:3]):
        missing = [setting for setting in group if not path_of(setting, work).exists()]
        if not missing:
            continue
        experiment = Experiment(sample, searches.parts(sample, kind), strength)
        for setting in missing:
            started = time.process_time()
            found, scores = searched(experiment, setting)
            numbers = {field.name: getattr(found, field.name) for field in fields(Search)}
            if setting[:3] == LINKED_SETTING and setting.folds:
                places, numbers["linked"] = linked_events(experiment)
                numbers["linked_scores"] = scores[places]
            np.savez(path_of(setting, work), **numbers)
            seconds = time.process_time() - started
            print(*setting, found.summary.round(2), f"{seconds:.0f} s", flush=True)


def path_of(setting: Setting, work: Path) -> Path:
    """Where a finished search is kept."""
    return work / ("-".join(map(str, setting)).replace(" ", "_").replace(",", "") + ".npz")


def finished(work: Path) -> Iterator[tuple[Setting, dict[str, np.ndarray]]]:
    """All searches of the work folder."""
    for setting in SETTINGS:
        if path_of(setting, work).exists():
            with np.load(path_of(setting, work)) as found:
                yield setting, {name: found[name] for name in found.files}


def collected(work: Path) -> stored.StoredSearches:
    """All finished searches, and the events of the linked views."""
    found = {}
    ranks = {}
    linked = np.zeros((0, len(stored.LINKED_COLUMNS)))
    for setting, numbers in finished(work):
        if "linked" in numbers:
            linked = numbers.pop("linked")
            scores = numbers.pop("linked_scores")
            ranks[setting.method] = (rankdata(scores) - 0.5) / len(scores)
        found[setting] = Search(**numbers)
    columns = [ranks.get(method, np.full(len(linked), np.nan)) for method in stored.METHODS]
    return stored.StoredSearches.of(found, linked, np.column_stack(columns))


def card(made: stored.StoredSearches) -> dict:
    """A record of how the file was made, with its hash."""
    sample = data_fetch.load("dijet_resonance").card
    return {
        "data": "data_fetch.load('dijet_resonance'), dequantised; exact.GaussianResonance()",
        "data_card": {key: sample.get(key) for key in ("command", "seed", "sha256")},
        "seed": searches.SEED,
        "classifiers": f"{searches.MEMBERS} members, {searches.FOLDS} folds or none",
        "toys": f"{spectra.FEW_TOYS}, or {spectra.MANY_TOYS} where global p < {spectra.SMALL}",
        "searches": sum(made.has(setting) for setting in SETTINGS),
        "missing": [list(setting) for setting in SETTINGS if not made.has(setting)],
        "linked_events": len(made.linked),
        "versions": {name: version(name) for name in ("numpy", "scikit-learn", "torch")},
        "sha256": hashlib.sha256(STORED.read_bytes()).hexdigest(),
    }


def main() -> None:
    """Search, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("output/anomaly_detection_dashboard"))
    parser.add_argument("--samples", nargs="+", default=list(stored.SAMPLES))
    parser.add_argument("--features", nargs="+", default=list(stored.FEATURES))
    parser.add_argument("--strengths", nargs="+", type=int, default=list(stored.STRENGTHS))
    parser.add_argument("--methods", nargs="+", default=list(stored.METHODS))
    parser.add_argument("--collect", action="store_true", help="only write what is finished")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.collect:
        run(options)
    made = collected(options.work)
    made.save(STORED)
    text = json.dumps(card(made), indent=2, ensure_ascii=False) + "\n"
    STORED.with_suffix(".json").write_text(text, "utf8")
    print(text)


if __name__ == "__main__":
    main()
