"""Make generated.npz, the results of the other methods in "Undo the detector"; minutes on one core.

Run `python widgets/unfolding/make_generated.py` after a change of the data or of a method. The data
are those of OmniFold in make_stored.py. A method that generates events unfolds the measured ones.
In each bin its spectrum is multiplied by the share of measured events that are no fakes, and
divided by the efficiency of the simulation, as in bins. Errors are those of the number of events in
each bin: the spread of trainings is not in them. SPINUP has many proposals for each event, so it
sees only every third one. Finished parts are kept in a work folder, so that an interrupted run
continues.
"""

import argparse
import hashlib
import json
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

import data_fetch
from hepml_lite import unfolding
from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.statistics import migration
from hepml_lite.unfolding.compared_methods import METHODS as MAKE
from hepml_lite.unfolding.compared_methods import Compared
from hepml_lite.unfolding.comparison import equal_bins
from widgets.unfolding import generated, samples
from widgets.unfolding.generated import METHODS, MOVING, SETTINGS, STORED, GeneratedResults
from widgets.unfolding.make_stored import (
    NAMES,
    continuous,
    data_weights,
    in_bins,
    in_bins_of_prior,
)
from widgets.unfolding.omnifold import EVENTS, Setting

SIMULATED = 10_000  # events to learn from
TESTED = 20_000  # other simulated events, for the migration
SPINUP_SEES = 3  # every third event
NEEDS_DATA = ("cINN, 2 iterations", "moments", "SPINUP")  # the others learn before they see data


def simulated(setting: Setting) -> UnfoldingPair:
    """The simulated pairs to learn from."""
    pair = samples.detected("simulation", NAMES, setting.smearing, setting.acceptance)
    return pair[-SIMULATED:]


def events_of(pair: UnfoldingPair) -> unfolding.SimulatedEvents:
    """The same as events for a method, without the rounding of the stored file."""
    true, measured = continuous(pair, 1).columns(*NAMES)
    return unfolding.SimulatedEvents.of(true, measured, None, pair.true_ok, pair.measured_ok)


@dataclass(frozen=True)
class Data:
    """Measured events of one setting.

    Attributes:
        pair: their container, for the bins of the measured values.
        rows: (M, Q), without the rounding of the stored file.
        weights: (M,).
    """

    pair: UnfoldingPair
    rows: np.ndarray
    weights: np.ndarray


def data_of(setting: Setting, every: int = 1) -> Data:
    """The data, or only one of `every` so many events."""
    nature = samples.detected(setting.nature, NAMES, setting.smearing, setting.acceptance)
    weights = data_weights(setting, nature)
    chosen = np.flatnonzero(nature.measured_ok & (weights > 0))[::every]
    rows = continuous(nature, 2).columns(*NAMES)[1][chosen]
    return Data(nature[chosen], rows, weights[chosen])


def heights(true: np.ndarray, data: Data, setting: Setting) -> np.ndarray:
    """Spectra (Q, B) in true events, of the draws (M, Q) for the M data."""
    measured_bins = in_bins(data.pair, 1)
    found = []
    for column, name in enumerate(NAMES):
        response = samples.counted("simulation", name, setting.smearing, setting.acceptance)
        weights = data.weights * response.matched_share[measured_bins[:, column]]
        edges = samples.OBSERVABLES[name].open_edges
        counted, _ = np.histogram(true[:, column], edges, weights=weights)
        found.append(counted / response.efficiency)
    return np.array(found)


def drawn(method: Compared, measured: np.ndarray) -> np.ndarray:
    """One true event for each measured one, (M, Q).

    Raises:
        TypeError: the method gives weights.
    """
    result = method.unfold(measured, rng=0)
    if not isinstance(result, unfolding.GeneratedEvents):
        raise TypeError(f"{method} gives weights: it draws no events")
    return result.samples[0]


def one_training(name: str) -> dict[str, np.ndarray]:
    """The spectra for all natures (S, Q, B), and the migration (Q, C, C) if the method has one."""
    method = MAKE[name]()
    method.fit(events_of(simulated(SETTINGS[0])))
    if name in NEEDS_DATA:
        return of_each_setting(name, method)
    data = [data_of(setting) for setting in SETTINGS]
    rows = [one.rows for one in data] + [test_events().measured]
    true = drawn(method, np.concatenate(rows))
    parts = np.split(true, np.cumsum([len(one) for one in rows])[:-1])
    both = zip(parts[:-1], data, SETTINGS, strict=True)
    return {
        "spectra": np.array([heights(*one) for one in both]),
        "migration": migration_matrices(rows[-1], parts[-1]),
    }


def of_each_setting(name: str, method: Compared) -> dict[str, np.ndarray]:
    """The same for a method that learns from the data."""
    every = SPINUP_SEES if name == "SPINUP" else 1
    found = []
    for setting in SETTINGS:
        data = data_of(setting, every)
        result = method.unfold(data.rows, data.weights, rng=0)
        if isinstance(result, unfolding.ReweightedEvents):
            pair = simulated(setting)
            found.append(in_bins_of_prior(pair, result, np.ones(len(pair)))[-1])
        else:
            found.append(every * heights(result.samples[0], data, setting))
    made = {"spectra": np.array(found)}
    if name in MOVING:
        few = test_events().measured[::every]
        made["migration"] = migration_matrices(few, drawn(method, few))
    return made


class Tested(NamedTuple):
    """Matched simulated events that no method has learned from, at both levels, (N, Q)."""

    measured: np.ndarray
    true: np.ndarray


def test_events() -> Tested:
    """The first of the simulated events."""
    pair = samples.detected("simulation", NAMES, 0.0, 1.0)[:TESTED]
    true, measured = continuous(pair, 3).columns(*NAMES)
    matched = pair.true_ok & pair.measured_ok
    return Tested(measured[matched], true[matched])


def migration_bins() -> np.ndarray:
    """Bins of equal content of the true values, (Q, C + 1)."""
    true = test_events().true
    return np.array([equal_bins(column, generated.N_MIGRATION_BINS) for column in true.T])


def migration_matrices(measured: np.ndarray, true: np.ndarray) -> np.ndarray:
    """P(true bin | measured bin), (Q, C, C), of events (N, Q)."""
    return np.array(
        [
            migration.migration_matrix(m, t, edges, edges)
            for m, t, edges in zip(measured.T, true.T, migration_bins(), strict=True)
        ]
    )


def kept(name: str, work: Path) -> dict[str, np.ndarray]:
    """The same as `one_training`, from the work folder if it was made before."""
    path = work / f"{name.replace(' ', '_')}.npz"
    if not path.exists():
        started = time.process_time()
        made = one_training(name)
        if name in MOVING:
            np.savez(path, spectra=made["spectra"], migration=made["migration"])
        else:
            np.savez(path, spectra=made["spectra"])
        print(f"{path.name}: {time.process_time() - started:.0f} s", flush=True)
    with np.load(path) as stored:
        return {key: stored[key] for key in stored.files}


def results(work: Path) -> GeneratedResults:
    """The results of all methods."""
    work.mkdir(parents=True, exist_ok=True)
    parts = {name: kept(name, work) for name in METHODS}
    answers = np.array([parts[name]["spectra"] for name in METHODS])
    events_for_one = np.array([SPINUP_SEES if name == "SPINUP" else 1 for name in METHODS])
    test = test_events()
    edges = migration_bins()
    matrices = [migration_matrices(test.measured, test.true)]
    matrices += [parts[name]["migration"] for name in MOVING]
    columns = zip(test.measured.T, edges, strict=True)
    return GeneratedResults(
        unfolded=answers,
        errors=np.sqrt(np.maximum(answers, 1) * events_for_one[:, None, None, None]),
        migration=np.array(matrices),
        counts=np.array([np.histogram(values, bins)[0] for values, bins in columns]),
        migration_edges=edges,
    )


def card() -> dict:
    """A record of how the file was made, with its hash."""
    sample = data_fetch.load(samples.SAMPLE).card
    return {
        "data": f"data_fetch.load({samples.SAMPLE!r})",
        "data_card": {key: sample.get(key) for key in ("command", "seed", "sha256")},
        "methods": f"{', '.join(METHODS)}: as in hepml_lite.unfolding.compared_methods",
        "simulated_events": SIMULATED,
        "data_events": f"{EVENTS}; SPINUP sees every third",
        "errors": "of the number of events in each bin",
        "settings": [setting._asdict() for setting in SETTINGS],
        "versions": {name: version(name) for name in ("numpy", "torch", "zuko")},
        "sha256": hashlib.sha256(STORED.read_bytes()).hexdigest(),
    }


def main() -> None:
    """Unfold, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("output/unfolding_generated"))
    results(parser.parse_args().work).save(STORED)
    text = json.dumps(card(), indent=2, ensure_ascii=False) + "\n"
    STORED.with_suffix(".json").write_text(text, "utf8")
    print(text)


if __name__ == "__main__":
    main()
