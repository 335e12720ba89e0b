"""Make stored.npz, the results of OmniFold in "Undo the detector"; an hour or more on one core.

Run `python widgets/unfolding/make_stored.py` after a change of the data, of OmniFold or of the
detector in samples.py. The data set of each setting is a Poisson bootstrap of nature's events: its
expectation is the spectrum from which the dashboard draws its Poisson numbers. OmniFold learns from
a part of the simulated events; in each bin the prior of the dashboard, which has all of them, is
multiplied by their mean weight. Errors are from Poisson weights of data and simulation in the
replicas; as they hardly depend on nature, those of all natures are taken together. Finished parts
are kept in a work folder, so that an interrupted run continues.
"""

import argparse
import hashlib
import json
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

import data_fetch
from hepml_lite import unfolding
from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.unfolding.binned.response import bin_numbers
from widgets.unfolding import omnifold, samples
from widgets.unfolding.omnifold import SETTINGS, STORED, Setting, StoredResults

NAMES = tuple(samples.OBSERVABLES)
ITERATIONS = 5
REPLICAS = 4  # of each nature
SIMULATED = 15_000  # events to learn from


def in_bins(pair: UnfoldingPair, level: int) -> np.ndarray:
    """The bin of each event in each observable, (N, Q); −1 for NaN. Level 0 is true."""
    values = pair.columns(*NAMES)[level]
    columns = [
        bin_numbers(values[:, column], samples.OBSERVABLES[name].open_edges)
        for column, name in enumerate(NAMES)
    ]
    return np.stack(columns, axis=1)


def spectra(bins: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Histograms (Q, B) of events in bins (N, Q) with weights (N,)."""
    heights = []
    for column in bins.T:
        there = column >= 0
        heights.append(np.bincount(column[there], weights[there], samples.N_BINS))
    return np.array(heights)


def continuous(pair: UnfoldingPair, seed: int) -> UnfoldingPair:
    """Events without the rounding of the stored file, for classifiers."""
    card = data_fetch.load(samples.SAMPLE).card
    return UnfoldingPair(
        pair.truth, pair.measured, pair.quantities, pair.true_ok, pair.measured_ok, card=card
    ).dequantised(seed)


def data_weights(setting: Setting, pair: UnfoldingPair) -> np.ndarray:
    """How often each event (N,) of nature is in the data."""
    rng = np.random.default_rng([setting.data_set, samples.NATURES.index(setting.nature)])
    return rng.poisson(setting.events / pair.true_ok.sum(), len(pair)).astype(float)


def unfolded(setting: Setting, replica: int) -> np.ndarray:
    """Spectra after each iteration (I, Q, B), in true events; replica 0 is the data themselves."""
    detector = setting.smearing, setting.acceptance
    simulation = samples.detected("simulation", NAMES, *detector)[-SIMULATED:]
    nature = samples.detected(setting.nature, NAMES, *detector)
    weights = data_weights(setting, nature)
    generator = np.ones(len(simulation))
    if replica:
        rng = np.random.default_rng([7, replica])
        weights = rng.poisson(weights).astype(float)
        generator = rng.poisson(1, len(simulation)).astype(float)
    seen = nature.measured_ok & (weights > 0)
    data = continuous(nature, 2).columns(*NAMES)[1][seen]
    true, measured = continuous(simulation, 1).columns(*NAMES)
    events = unfolding.SimulatedEvents.of(
        true, measured, generator, simulation.true_ok, simulation.measured_ok
    )
    method = unfolding.OmniFold(n_iterations=ITERATIONS, model="trees", folds=2)
    result = method.fit(events).unfold(data, weights[seen], rng=np.random.default_rng([8, replica]))
    return in_bins_of_prior(simulation, result, generator)


def in_bins_of_prior(
    simulation: UnfoldingPair, result: unfolding.ReweightedEvents, generator: np.ndarray
) -> np.ndarray:
    """The dashboard's prior times the mean weight of each bin, (I, Q, B)."""
    bins = in_bins(simulation, 0)
    there = np.where(simulation.true_ok, generator, 0.0)
    before = spectra(bins, there)
    prior = np.array([samples.counted("simulation", name, 0.0).truth for name in NAMES])
    found = []
    for weights in result.history[1:]:
        mean = spectra(bins, weights) / np.maximum(before, 1)
        heights = prior * mean
        found.append(heights * (result.n_true / heights.sum(axis=1, keepdims=True)))
    return np.array(found)


def kept(setting: Setting, replica: int, work: Path) -> np.ndarray:
    """The same, from the work folder if it was made before."""
    detector = f"{setting.smearing:g}-{setting.acceptance:g}"
    path = work / f"{setting.nature}-{detector}-{replica}.npy"
    if not path.exists():
        started = time.process_time()
        np.save(path, unfolded(setting, replica))
        print(f"{path.name}: {time.process_time() - started:.0f} s", flush=True)
    return np.load(path)


def measured(setting: Setting) -> np.ndarray:
    """The data in bins, (Q, B), fakes included."""
    nature = samples.detected(setting.nature, NAMES, setting.smearing, setting.acceptance)
    weights = np.where(nature.measured_ok, data_weights(setting, nature), 0.0)
    return spectra(in_bins(nature, 1), weights)


def pooled_covariance(setting: Setting, work: Path) -> np.ndarray:
    """Covariance over the true spectrum, (I, Q, B, B), mean over the natures."""
    found = []
    for nature in samples.NATURES:
        same = setting._replace(nature=nature)
        replicas = np.array([kept(same, 1 + number, work) for number in range(REPLICAS)])
        off = replicas - replicas.mean(axis=0)  # (R, I, Q, B)
        scaled = off / np.sqrt(np.maximum(kept(same, 0, work), 1))
        found.append(np.einsum("riqb,riqc->iqbc", scaled, scaled) / (REPLICAS - 1))
    return np.mean(found, axis=0)


def results(work: Path) -> StoredResults:
    """The results of all settings."""
    work.mkdir(parents=True, exist_ok=True)
    answers = np.array([kept(setting, 0, work) for setting in SETTINGS])
    scaled = np.array([pooled_covariance(setting, work) for setting in SETTINGS])
    variance = np.einsum("siqbb->siqb", scaled)
    root = np.sqrt(np.maximum(variance, 1e-12))
    return StoredResults(
        measured=np.array([measured(setting) for setting in SETTINGS]),
        unfolded=answers,
        errors=root * np.sqrt(np.maximum(answers, 1)),
        correlations=scaled / (root[..., :, None] * root[..., None, :]),
    )


def card(made: StoredResults) -> dict:
    """A record of how the file was made, with its hash."""
    sample = data_fetch.load(samples.SAMPLE).card
    return {
        "data": f"data_fetch.load({samples.SAMPLE!r})",
        "data_card": {key: sample.get(key) for key in ("command", "seed", "sha256")},
        "method": "OmniFold(model='trees', folds=2) on six observables",
        "iterations": made.n_iterations,
        "simulated_events": SIMULATED,
        "data_events": omnifold.EVENTS,
        "replicas": f"{REPLICAS} of each nature, taken together",
        "settings": [setting._asdict() for setting in SETTINGS],
        "versions": {name: version(name) for name in ("numpy", "scikit-learn")},
        "sha256": hashlib.sha256(STORED.read_bytes()).hexdigest(),
    }


def main() -> None:
    """Unfold, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("output/unfolding_dashboard"))
    made = results(parser.parse_args().work)
    made.save(STORED)
    text = json.dumps(card(made), indent=2, ensure_ascii=False) + "\n"
    STORED.with_suffix(".json").write_text(text, "utf8")
    print(text)


if __name__ == "__main__":
    main()
