"""Assignment of jets to the quarks of top pairs: every method in several seeds, stored as results.

    python benchmarks/jet_assignment.py --events 14000 --seeds 0 1 2

A seed draws the training events and starts the training; the test events are the same for all. A
row of the results counts the complete test events that a method gets right, and the events that
only it or only χ² gets right.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from data_fetch import load
from hepml_lite.representations.jet_assignment import results
from hepml_lite.representations.jet_assignment.chi_square import ChiSquare
from hepml_lite.representations.jet_assignment.contrastive_combinatorics import (
    ContrastiveCombinatorics,
)
from hepml_lite.representations.jet_assignment.mixed_events import MixedEventContrast
from hepml_lite.representations.jet_assignment.supervised import SupervisedAssignment
from hepml_lite.representations.jet_assignment.top_pairs import TopPairs, chance, hits

QUIET = {"progress": False}
METHODS: dict[str, Callable] = {
    "χ², masses": lambda pairs, seed: ChiSquare.fit(pairs).without_tags(),
    "χ², masses and tags": lambda pairs, seed: ChiSquare.fit(pairs),
    "mixed events, no labels": lambda pairs, seed: MixedEventContrast().fit(pairs, seed),
    "CoCo": lambda pairs, seed: ContrastiveCombinatorics(settings=QUIET).fit(pairs, seed),
    "supervised": lambda pairs, seed: SupervisedAssignment(QUIET).fit(pairs, seed),
}
JUDGE = "χ², masses and tags"


def main() -> None:
    """Train and judge all methods, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=14_000)
    parser.add_argument("--test-events", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    everything = TopPairs.of(load("ttbar_events", split="train"))
    test = TopPairs.of(load("ttbar_events", split="test"))[: options.test_events]
    n_events = min(options.events, len(everything))
    rows = []
    for seed in options.seeds:
        drawn = np.random.default_rng(seed).permutation(len(everything))[:n_events]
        chosen = everything[drawn]
        judge = hits(test, METHODS[JUDGE](chosen, seed).score(test))
        for name, make in METHODS.items():
            start = time.process_time()
            right = hits(test, make(chosen, seed).score(test))
            seconds = time.process_time() - start
            print(f"{seed} {name:>24}: {right.mean():.3f}, {seconds:.0f} s", flush=True)
            rows.append(results.Row.of(name, seed, right, judge, seconds))
    results.write(results.Results(n_events, chance(test), rows))


if __name__ == "__main__":
    main()
