"""Event generators against the exact density of Drell-Yan pairs: judge, likelihood, CPU time.

    python benchmarks/event_generators.py                                   # all that is missing
    python benchmarks/event_generators.py --methods flow VAE --coordinates "3 shares" --seeds 0 1 2

It writes `hepml_lite/generation/events/stored/events.csv`, row by row: what is there already is not
done again. Each training has 20 000 events of its own; the judge, boosted
trees, sees the mass, the rapidity and the cosine of 20 000 true and as many generated events.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch

from hepml_lite.densities.judge import boosted_trees
from hepml_lite.exact.drell_yan import DrellYan
from hepml_lite.generation.events import methods, results
from hepml_lite.statistics.two_sample import classifier_two_sample_test

N_EVENTS = 20_000
N_LIKELIHOOD = 20_000
N_LIKELIHOOD_SLOW = 2_000  # of the methods that follow a differential equation
SLOW = ("flow matching", "diffusion")


def row(method: str, coordinates: str, seed: int) -> dict[str, str | float]:
    """One training, and what its events are."""
    known = DrellYan()
    start = time.process_time()
    model = methods.make(method, coordinates).fit(known.events(N_EVENTS, rng=100 + seed)[0], seed)
    seconds = time.process_time() - start
    truth = known.events(N_EVENTS, rng=1)[0]
    generated = model.sample(N_EVENTS, rng=200 + seed)
    verdict = classifier_two_sample_test(
        truth[:, :3], generated[:, :3], seed, n_folds=2, make_classifier=boosted_trees
    )
    gap, gap_error = likelihood_gap(known, model, truth, method)
    return {
        "method": method,
        "coordinates": coordinates,
        "seed": seed,
        "auc": verdict.auc,
        "auc_error": verdict.auc_error,
        "gap": gap,
        "gap_error": gap_error,
        "cpu_seconds": seconds,
    }


def likelihood_gap(known, model, truth: np.ndarray, method: str) -> tuple[float, float]:
    """Mean of log q - log p over true events and its error, or NaN."""
    x = truth[: N_LIKELIHOOD_SLOW if method in SLOW else N_LIKELIHOOD]
    try:
        difference = model.log_prob(x) - known.log_prob(x)
    except NotImplementedError:
        return np.nan, np.nan
    return float(difference.mean()), float(difference.std() / np.sqrt(len(x)))


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=[*methods.METHODS])
    parser.add_argument("--coordinates", nargs="+", default=[*reversed(methods.COORDINATES)])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = results.STORED
    path.parent.mkdir(exist_ok=True)
    table = results.read() if path.is_file() else pd.DataFrame(columns=list(results.COLUMNS))
    done = set(zip(table["method"], table["coordinates"], table["seed"], strict=True))
    for coordinates in arguments.coordinates:
        for seed in arguments.seeds:
            for method in arguments.methods:
                if (method, coordinates, seed) in done:
                    continue
                rows = [*table.to_dict("records"), row(method, coordinates, seed)]
                table = pd.DataFrame(rows)
                table.to_csv(path, index=False, float_format="%.5g")
                print(table.iloc[-1].to_dict(), flush=True)


if __name__ == "__main__":
    main()
