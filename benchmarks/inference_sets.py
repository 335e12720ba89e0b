"""Inference from sets of events: alpha_s from Z decays, and how errors grow with their number.

    python benchmarks/inference_sets.py alpha_s    # coverage and width, bundled events: seconds
    python benchmarks/inference_sets.py live       # the same, and twenty times the events: an hour
    python benchmarks/inference_sets.py sets       # product of ratios and set network: minutes

It writes rows into `hepml_lite/inference/results.csv`: what is there already is not done again;
`--out` is another file.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from scipy.stats import chi2

from data_fetch import load
from data_fetch.generate.live_hadronic_z import LiveHadronicZ
from hepml_lite import exact
from hepml_lite.inference import error_growth, hadronic_z, mined_gold
from hepml_lite.inference.results import RESULTS, Result, Store, table

N_SIMULATIONS = 10_000  # of the ratio
SIZES = (10, 30, 100, 300, 1000)  # of sets
EVENTS_OF_SETS = 1_500_000
LIVE_POINTS = 300


def main() -> None:
    judges = {"alpha_s": judge_alpha_s, "live": judge_live_alpha_s, "sets": judge_sets}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=list(judges))
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    store = Store(arguments.out)
    judges[arguments.part](store)
    shown = table(store.rows, "sets" if arguments.part == "sets" else "alpha_s")
    print(shown.assign(value=shown["value"].map(str)).to_string())


def judge_alpha_s(store: Store) -> None:
    """Coverage and width over the test sets, of fits to all other sets and to parts of them."""
    parts = [hadronic_z.sets(load("ee_shapes", split=split)) for split in ("train", "val")]
    theta = np.concatenate([part.theta for part in parts])
    events = np.concatenate([part.events for part in parts])
    test = hadronic_z.sets(load("ee_shapes", split="test"))
    for n_sets, n_repetitions in ((50, 3), (100, 1), (250, 1), (300, 3), (len(theta), 1)):
        for repetition in range(n_repetitions):
            n_events = n_sets * hadronic_z.EVENTS_AT_A_POINT
            if store.has("alpha_s", "ee_shapes", "means", n_events, repetition):
                continue
            chosen = slice(repetition * n_sets, (repetition + 1) * n_sets)
            start = time.process_time()
            fitted = hadronic_z.fit(theta[chosen], events[chosen])
            seconds = round(time.process_time() - start, 1)
            for figure, value in figures_of_alpha_s(fitted, test).items():
                row = ("alpha_s", "ee_shapes", "means", n_events, repetition)
                store.add(Result(*row, figure, round(value, 5), seconds))


def judge_live_alpha_s(store: Store) -> None:
    """The same for 300 live points of 400 events each, and of twenty times as many."""
    test = hadronic_z.sets(load("ee_shapes", split="test"))
    live = LiveHadronicZ()
    for n_at_a_point in (400, 8000):
        n_events = LIVE_POINTS * n_at_a_point
        if store.has("alpha_s", "live", "means", n_events, 0):
            continue
        start = time.process_time()
        theta, events = live.training_sets(LIVE_POINTS, n_at_a_point, rng=5)
        fitted = hadronic_z.fit(theta, events)
        seconds = round(time.process_time() - start, 1)
        for figure, value in figures_of_alpha_s(fitted, test).items():
            row = ("alpha_s", "live", "means", n_events, 0, figure, round(value, 5), seconds)
            store.add(Result(*row))


def figures_of_alpha_s(fitted: hadronic_z.AlphaS, test: hadronic_z.Sets) -> dict[str, float]:
    """Coverages and mean half widths of profile and marginal intervals."""
    profiles, marginals = fitted.curves(test.events)
    true = test.theta[:, 0]
    quantiles = [hadronic_z.quantile_of(c, v) for c, v in zip(marginals, true, strict=True)]
    drops = [
        -2 * np.interp(v, c.values, c.log_likelihood) for c, v in zip(profiles, true, strict=True)
    ]
    figures = {}
    for level in (0.68, 0.95):
        inside = np.abs(np.array(quantiles) - 0.5) < level / 2
        figures[f"coverage of marginal {level:.0%}"] = float(inside.mean())
        below = np.array(drops) < chi2.ppf(level, 1)
        figures[f"coverage of profile {level:.0%}"] = float(below.mean())
    widths = [np.diff(c.credible_interval(0.683))[0] / 2 for c in marginals]
    figures["width of marginal"] = float(np.mean(widths))
    widths = [np.diff(c.interval(0.683))[0] / 2 for c in profiles]
    figures["width of profile"] = float(np.mean(widths))
    return figures


def judge_sets(store: Store) -> None:
    """Errors of a product of ratios and of a set network, by the number of events."""
    mixture = exact.SignalMixture()
    if store.has("sets", "SignalMixture", "set network", EVENTS_OF_SETS, SIZES[0]):
        return
    gold = mixture.mine(mixture.prior.sample(N_SIMULATIONS, 1), 2)
    start = time.process_time()
    ratio = mined_gold.fit(gold, "carl")
    between = time.process_time()
    network = error_growth.fit_set_network(mixture, SIZES, EVENTS_OF_SETS, rng=0)
    seconds = {
        "product of ratios": (N_SIMULATIONS, round(between - start, 1)),
        "set network": (EVENTS_OF_SETS, round(time.process_time() - between, 1)),
    }
    found = error_growth.error_growth(mixture, ratio, network, SIZES, n_sets=40, rng=5)
    for row in found.itertuples(index=False):
        n_simulations, cost = seconds[row.method]
        for figure in ("shift", "width"):
            value = round(getattr(row, figure), 4)
            label = f"{figure} at {row.n_events} events"
            result = (row.method, n_simulations, row.n_events, label, value, cost)
            store.add(Result("sets", "SignalMixture", *result))


if __name__ == "__main__":
    main()
