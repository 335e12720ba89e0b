"""All unfolding methods on the six observables of `zjets_unfolding`, three seeds.

    python benchmarks/unfolding_methods.py
    python benchmarks/unfolding_methods.py --methods MultiFold SPINUP --events 3000 --seeds 1

Half of nature is the data, of which only measured values are used; the truth of the other half
judges. The row *do nothing* is the measured spectrum of the same events as the data. Writes
comparison.csv and quality.csv in hepml_lite/unfolding/stored when all methods ran, and prints the
mean over seeds with the standard deviation of a seed.
"""

import argparse
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data_fetch import load
from hepml_lite import unfolding
from hepml_lite.unfolding import comparison, method_tables
from hepml_lite.unfolding.compared_methods import METHODS, QUANTITIES, Compared
from hepml_lite.unfolding.comparison import Result

GENERATIVE_EVENTS = 6_000  # measured events that SPINUP fits: each has many proposals
MOVED = ["moved", "moved_floor"]


@dataclass
class Problem:
    """One draw of simulation and nature.

    Attributes:
        pair: simulated events.
        data: measured features (M, 6).
        judge: true features (K, 6) of other events of nature.
        again: the same of still others: what chance makes of each distance.
        seed: of trainings.
    """

    pair: unfolding.SimulatedEvents
    data: np.ndarray
    judge: np.ndarray
    again: np.ndarray
    seed: int


def problem(events: int, seed: int) -> Problem:
    """Other events of simulation and nature for each seed."""
    sample = load("zjets_unfolding")
    simulation = sample.of_class("simulation").dequantised(seed)
    nature = sample.of_class("nature").dequantised(seed)
    rng = np.random.default_rng(seed)
    pair = simulation[rng.choice(len(simulation), events, replace=False)]
    chosen = nature[rng.choice(len(nature), 2 * events, replace=False)]
    seen = chosen[:events]
    judge = chosen[events:]
    again = nature[rng.choice(len(nature), events, replace=False)]
    return Problem(
        unfolding.SimulatedEvents.of_pair(pair, QUANTITIES),
        seen[seen.measured_ok].columns(*QUANTITIES)[1].astype(float),
        judge[judge.true_ok].columns(*QUANTITIES)[0].astype(float),
        again[again.true_ok].columns(*QUANTITIES)[0].astype(float),
        seed,
    )


def run(name: str, task: Problem) -> tuple[pd.DataFrame, dict]:
    """Rows of one method on one problem, and its row of the second table."""
    method = METHODS[name]()
    data = task.data[:GENERATIVE_EVENTS] if name == "SPINUP" else task.data
    start = time.process_time()
    method.fit(task.pair)
    result: Result = method.unfold(data, rng=task.seed)
    seconds = time.process_time() - start
    table = comparison.gap_table(result, task.pair, task.judge, QUANTITIES)
    table[MOVED] = np.nan
    if isinstance(result, unfolding.GeneratedEvents):
        matched = task.pair.only_matched()
        few = unfolding.SimulatedEvents.of(
            matched.true[:GENERATIVE_EVENTS], matched.measured[:GENERATIVE_EVENTS]
        )
        again = own_simulation(method, few, task.seed)
        table[MOVED] = comparison.moved_table(again, few, QUANTITIES)[MOVED]
    table.insert(0, "method", name)
    table.insert(1, "seed", task.seed)
    table["seconds"] = seconds
    events, weights = comparison.unfolded_events(result, task.pair)
    return table, quality(name, events, weights, task)


def own_simulation(
    method: Compared, events: unfolding.SimulatedEvents, seed: int
) -> unfolding.GeneratedEvents:
    """What a method makes of events of its simulation; a trained posterior is not trained again."""
    if isinstance(method, unfolding.ConditionalGeneration) and method.n_iterations == 1:
        samples = method.posterior.sample(1, events.measured, seed)
        return unfolding.GeneratedEvents(samples, events.weights, samples)
    return method.unfold(events.measured, rng=seed)


def quality(name: str, events: np.ndarray, weights: np.ndarray, task: Problem) -> dict:
    """A row of the second table; a generated number of particles is rounded to a whole one."""
    whole = events.copy()
    column = QUANTITIES.index("multiplicity")
    whole[:, column] = np.round(whole[:, column])
    numbers = comparison.quality_row(whole, weights, task.judge, task.seed)
    return {"method": name, "seed": task.seed, **numbers}


def without_unfolding(task: Problem) -> list[dict]:
    """The rows of the second table that need no method."""
    there = task.pair.true_ok
    rows = {
        "simulation": task.pair.true[there],
        "do nothing": task.data,
        method_tables.CHANCE: task.again,
    }
    return [quality(name, events, np.ones(len(events)), task) for name, events in rows.items()]


def do_nothing(task: Problem) -> pd.DataFrame:
    """The measured spectrum, as if it were unfolded."""
    result = unfolding.GeneratedEvents(task.data[None], np.ones(len(task.data)), task.data[None])
    table = comparison.gap_table(result, task.pair, task.judge, QUANTITIES)
    matched = task.pair.only_matched()
    same = unfolding.GeneratedEvents(
        matched.measured[None], matched.weights, matched.measured[None]
    )
    table[MOVED] = comparison.moved_table(same, matched, QUANTITIES)[MOVED]
    table.insert(0, "method", "do nothing")
    table.insert(1, "seed", task.seed)
    table["seconds"] = 0.0
    return table


def main() -> None:
    """Run, print and store the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--out", type=Path, help="another folder for the tables")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    parts = []
    rows = []
    for seed in options.seeds:
        task = problem(options.events, seed)
        parts.append(do_nothing(task))
        rows += without_unfolding(task)
        for name in options.methods:
            part, row = run(name, task)
            parts.append(part)
            rows.append(row)
            tell(part, row)
    table = pd.concat(parts, ignore_index=True)
    second = pd.DataFrame(rows)
    if options.out or options.methods == list(METHODS):
        folder = options.out or method_tables.STORED.parent
        table.round(5).to_csv(folder / method_tables.STORED.name, index=False)
        second.round(5).to_csv(folder / method_tables.STORED_QUALITY.name, index=False)
    print(method_tables.summary(table).to_string())
    print(method_tables.quality_summary(second).to_string())


def tell(part: pd.DataFrame, row: dict) -> None:
    """One line for each method."""
    closed = " ".join(f"{share:6.3f}" for share in part["closed"])
    moved = part["moved"].mean()
    text = f"{row['seed']} {row['method']:<24}{closed}  moved {moved:.3f} AUC {row['auc']:.3f}"
    print(f"{text} {part['seconds'][0]:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
