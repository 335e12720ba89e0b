"""OmniFold on particles beside MultiFold on observables, on the jets of `zjets_constituents`.

    python benchmarks/unfolding_constituents.py
    python benchmarks/unfolding_constituents.py --events 1000 --seeds 1 --out /tmp/constituents.csv

Half of the events of nature are the data, of which only measured jets are used; the true jets of
the other half judge. Both methods see the same events. The observables are computed from the 30
leading particles. OmniFold sees the particles only; MultiFold sees these observables. Writes
constituents.csv in hepml_lite/unfolding/stored.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from data_fetch import load
from hepml_lite import unfolding
from hepml_lite.containers.jets import Jets
from hepml_lite.densities import TrainingPlan
from hepml_lite.densities.labelled_rows import Sample
from hepml_lite.jet_physics.observables import jet_shapes
from hepml_lite.unfolding import comparison, method_tables
from hepml_lite.unfolding.simulated_events import SimulatedEvents, constituents_of

RADIUS = 0.4
OBSERVABLES = {
    "mass": jet_shapes.mass,
    "multiplicity": jet_shapes.multiplicity,
    "width": lambda jets: jet_shapes.width(jets, radius=RADIUS),
    "pt_dispersion": jet_shapes.pt_dispersion,
    "tau21": lambda jets: jet_shapes.n_subjettiness_ratio(jets, 2),
}
ON_PARTICLES = "OmniFold on particles"
ON_OBSERVABLES = "MultiFold on five observables"
ITERATIONS = 4


def observables(jets: Jets) -> np.ndarray:
    """The five observables of each jet, (N, 5)."""
    return np.column_stack([of(jets) for of in OBSERVABLES.values()]).astype(float)


def levels(events: int, name: str, seed: int) -> tuple[Jets, Jets]:
    """True and measured jets of some events of a class."""
    jets = load("zjets_constituents").of_class(name)
    true, measured = jets[0::2], jets[1::2]
    chosen = np.random.default_rng(seed).permutation(len(true))[:events]
    return true[chosen], measured[chosen]


def compare(events: int, seed: int) -> pd.DataFrame:
    """Rows of both methods: the share of the gap closed in each observable."""
    true, measured = levels(events, "simulation", seed)
    nature_true, nature_measured = levels(2 * events, "nature", seed)
    half = len(nature_true) // 2
    data, judge = nature_measured[:half], observables(nature_true[half:])
    plan = TrainingPlan(epochs=20, batch_size=256, learning_rate=3e-3, progress=False)
    methods = {
        ON_PARTICLES: unfolding.OmniFold(ITERATIONS, model="deep_sets", folds=2, plan=plan),
        ON_OBSERVABLES: unfolding.OmniFold(ITERATIONS, model="trees", folds=2),
    }
    seen: dict[str, tuple[SimulatedEvents, Sample]] = {
        ON_PARTICLES: (SimulatedEvents.of_jets(true, measured), constituents_of(data)),
        ON_OBSERVABLES: (
            SimulatedEvents.of(observables(true), observables(measured)),
            observables(data),
        ),
    }
    truth = SimulatedEvents.of(observables(true), observables(measured))
    parts = []
    for name, method in methods.items():
        pair, measurement = seen[name]
        start = time.process_time()
        result = method.fit(pair).unfold(measurement, rng=seed)
        seconds = time.process_time() - start
        for iterations in (1, ITERATIONS):
            after = replace(result, weights=result.history[iterations])
            table = comparison.gap_table(after, truth, judge, list(OBSERVABLES))
            table.insert(0, "method", name)
            table.insert(1, "seed", seed)
            table.insert(2, "iterations", iterations)
            table["seconds"] = seconds
            parts.append(table)
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Run, print and store the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--events", type=int, default=8_000)
    parser.add_argument("--out", type=Path, default=method_tables.STORED_CONSTITUENTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = pd.concat([compare(options.events, seed) for seed in options.seeds], ignore_index=True)
    table.round(5).to_csv(options.out, index=False)
    shown = table.pivot_table("closed", ["method", "iterations"], "observable", ["mean", "std"])
    print(shown.round(3).to_string())
    print(table.groupby("method")["seconds"].mean())


if __name__ == "__main__":
    main()
