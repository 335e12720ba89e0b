"""Inference: posteriors of the tasks of sbibm, and a race with the library sbi.

    python benchmarks/inference.py                                  # all that is missing: hours
    python benchmarks/inference.py tasks --tasks two_moons --methods flow
    python benchmarks/inference.py methods                          # two moons by all, shifted data
    python benchmarks/inference.py race                             # this code, sbi, this code, ...
    python benchmarks/inference.py show                             # the tables of the file

It writes `hepml_lite/inference/results.csv`, row by row: what is there already is not done again;
`--out` is another file. A task is trained once with 10 000 simulations, and judged by the
classifier test (0.5 is perfect) against draws of the exact posterior, for observations of prior
draws: not those of sbibm. Published values are those of neural posterior estimation in sbibm,
arXiv:2101.04653. The library `sbi` is trained on the same pairs in the same run, if installed.
With `--references FOLDER`, where `hepml data fetch sbibm_references` was unpacked, the observations
and reference posteriors are those of sbibm: the profile "paper". Without a network, only small
files of the same form were read this way, in the tests.
"""

import argparse
import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from data_fetch.public.layouts import sbibm
from hepml_lite.exact.posterior_tasks import TASKS, PosteriorTask
from hepml_lite.exact.priors import Prior, UniformPrior
from hepml_lite.inference import (
    approximate_bayes,
    calibration,
    chosen_flow,
    likelihood,
    posterior,
    ratio,
    sampling,
)
from hepml_lite.inference.results import PARTS, RESULTS, Result, Store, mean_of, table

N_SIMULATIONS = 10_000
N_OBSERVATIONS = 10  # of each task, of which `--observations` takes the first
PUBLISHED = {
    "two_moons": 0.61,
    "gaussian_linear": 0.55,
    "gaussian_mixture": 0.66,
    "sir": 0.68,
    "bernoulli_glm": 0.68,
    "slcp": 0.90,
}
METHODS = ("chosen_flow", "flow", "flow_matching", "sbi")
JUDGED = ("tasks", "methods", "race")
RACES = ("two_moons", "gaussian_linear")
COMPARED = ("two_moons", "gaussian_mixture")
PRIOR_DRAWS = 200_000  # that the ratio is evaluated at
FEW_DRAWS = 2000  # of the parts that compare two methods
FEW_OBSERVATIONS = 5
SEEDS = (0, 1, 2)
Draw = Callable[[np.ndarray, int], np.ndarray]  # an observation (D,) and a seed -> draws (S, P)


def main() -> None:
    arguments = parsed()
    torch.set_num_threads(1)
    store = Store(arguments.out)
    if arguments.part in ("all", "tasks"):
        for name in arguments.tasks:
            for method in arguments.methods:
                judge_task(store, name, method, arguments)
    if arguments.part in ("all", "methods"):
        judge_methods(store)
    if arguments.part in ("all", "race"):
        race(store)
    show(store)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", default="all", choices=["all", "show", *JUDGED])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--observations", type=int, default=N_OBSERVATIONS)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--references", type=Path, help="folder of sbibm_references")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def show(store: Store) -> None:
    """Print the means of all parts that have rows."""
    for part in PARTS:
        if any(row.part == part for row in store.rows):
            shown = table(store.rows, part)
            print(shown.assign(value=shown["value"].map(str)).to_string())


def judge_task(store: Store, name: str, method: str, arguments: argparse.Namespace) -> None:
    """Train once, and judge the posteriors of the observations that are missing."""
    numbers = range(arguments.observations)
    part = "tasks" if arguments.references is None else "tasks of sbibm"
    missing = [i for i in numbers if not store.has(part, name, method, N_SIMULATIONS, i)]
    if not missing or (method == "sbi" and not find_spec("sbi")):
        return
    task = TASKS[name]
    theta, x = task.joint(N_SIMULATIONS, rng=1)
    start = time.process_time()
    draw = drawer(task, theta, x, method, arguments.draws)
    seconds = round(time.process_time() - start, 1)
    for i in missing:
        observed, reference = observation(name, i, arguments)
        value = float(calibration.c2st(reference, draw(observed, i), rng=0))
        row = (part, name, method, N_SIMULATIONS, i, "C2ST", round(value, 4), seconds)
        store.add(Result(*row))
    rows = [row for row in store.rows if (row.part, row.case, row.method) == (part, name, method)]
    mean = mean_of(row.value for row in rows)
    print(f"{name} {method}: {mean}, published NPE {PUBLISHED[name]}", flush=True)


def observation(
    name: str, number: int, arguments: argparse.Namespace
) -> tuple[np.ndarray, np.ndarray]:
    """An observation (D,) with draws of its exact or reference posterior (S, P)."""
    if arguments.references is not None:
        found = sbibm.reference(arguments.references, name, number + 1)
        return found.observation, found.draws[: arguments.draws]
    task = TASKS[name]
    _, observed = task.observations(N_OBSERVATIONS, rng=7)
    return observed[number], task.posterior(observed[number], arguments.draws, rng=number)


def drawer(
    task: PosteriorTask, theta: np.ndarray, x: np.ndarray, method: str, n_draws: int
) -> Draw:
    """Train a method; what it returns draws from its posterior."""
    if method == "sbi":
        return sbi_drawer(task.prior, theta, x, n_draws)
    if method in ("likelihood", "ratio", "abc"):
        return other_drawer(task, theta, x, method, n_draws)
    if method == "chosen_flow":
        choice = chosen_flow.fit(theta, x, prior=task.prior, rng=0)
        print(choice.name, choice.losses, flush=True)
        fitted = choice.posterior
    else:
        fitted = posterior.fit(theta, x, prior=task.prior, method=method, rng=0)

    def draw(one: np.ndarray, seed: int) -> np.ndarray:
        return fitted.sample(n_draws, one, rng=seed)

    return draw


def other_drawer(
    task: PosteriorTask, theta: np.ndarray, x: np.ndarray, method: str, n_draws: int
) -> Draw:
    """Draws by Markov chains, by weights of prior draws, or by rejection with correction."""
    if method == "likelihood":
        of_x = likelihood.fit(theta, x)
        return lambda one, seed: of_x.sample(n_draws, one, task.prior, seed)
    if method == "abc":
        share = n_draws / len(theta) / 10  # each point that is kept is drawn ten times
        return lambda one, seed: repeated(
            approximate_bayes.rejection(theta, x, one, share).theta, n_draws, seed
        )
    fitted = ratio.fit(theta, x)
    points = task.prior.sample(PRIOR_DRAWS, 3)

    def draw(one: np.ndarray, seed: int) -> np.ndarray:
        log_ratio = fitted.log_ratio(points, one)
        weighted = sampling.weighted(points, log_ratio, np.zeros(len(points)))
        return weighted.resampled(n_draws, seed)

    return draw


def repeated(points: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Draw n of the points, with repetition."""
    return np.random.default_rng(seed).choice(points, n)


def judge_methods(store: Store) -> None:
    """All methods on the two moons; flow and flow matching with data shifted and scaled, too."""
    for name in COMPARED:
        for case, shift, scale in ((name, 0.0, 1.0), (f"{name}, 1000 + 50 x", 1000.0, 50.0)):
            methods = ("flow", "flow_matching")
            if case == "two_moons":
                methods = ("flow", "flow_matching", "likelihood", "ratio", "abc")
            for method in methods:
                if not store.has("methods", case, method, N_SIMULATIONS, FEW_OBSERVATIONS - 1):
                    judge_method(store, name, case, method, shift, scale)


def judge_method(
    store: Store, name: str, case: str, method: str, shift: float, scale: float
) -> None:
    """Train on data shift + scale x, and judge few draws at five observations."""
    task = TASKS[name]
    theta, x = task.joint(N_SIMULATIONS, rng=1)
    _, observed = task.observations(FEW_OBSERVATIONS, rng=7)
    start = time.process_time()
    draw = drawer(task, theta, shift + scale * x, method, FEW_DRAWS)
    seconds = round(time.process_time() - start, 1)
    for i, one in enumerate(observed):
        start = time.process_time()
        drawn = draw(shift + scale * one, i)
        of_draws = round(time.process_time() - start, 3)
        exact_draws = task.posterior(one, FEW_DRAWS, rng=i)
        value = round(float(calibration.c2st(exact_draws, drawn, rng=0)), 4)
        row = ("methods", case, method, N_SIMULATIONS, i)
        store.add(Result(*row, "C2ST", value, seconds))
        store.add(Result(*row, "seconds of 2000 draws", of_draws, seconds))


def race(store: Store) -> None:
    """Time and C2ST of this code and of sbi on the same pairs, one after the other."""
    if not find_spec("sbi"):
        print("race: sbi is not installed (pip install sbi)")
        return
    for seed in SEEDS:
        for name in RACES:
            for method in ("flow", "sbi"):
                if not store.has("race", name, method, N_SIMULATIONS, seed):
                    run_race(store, name, method, seed)


def run_race(store: Store, name: str, method: str, seed: int) -> None:
    """Train one method on the pairs of this seed; the mean C2ST of five observations."""
    task = TASKS[name]
    theta, x = task.joint(N_SIMULATIONS, rng=1 + seed)
    _, observed = task.observations(FEW_OBSERVATIONS, rng=7)
    start = time.process_time()
    draw = drawer(task, theta, x, method, FEW_DRAWS)
    seconds = round(time.process_time() - start, 1)
    judged = [
        float(calibration.c2st(task.posterior(one, FEW_DRAWS, rng=i), draw(one, i), rng=0))
        for i, one in enumerate(observed)
    ]
    row = ("race", name, method, N_SIMULATIONS, seed, "C2ST", round(float(np.mean(judged)), 4))
    store.add(Result(*row, seconds))


def sbi_drawer(prior: Prior, theta: np.ndarray, x: np.ndarray, n_draws: int) -> Draw:
    """Neural posterior estimation of the library sbi with its default settings.

    A uniform prior cuts its draws off, as it cuts ours.
    """
    from sbi.inference import NPE
    from sbi.utils import BoxUniform

    box = None
    if isinstance(prior, UniformPrior):
        box = BoxUniform(torch.tensor(prior.low).float(), torch.tensor(prior.high).float())
    torch.manual_seed(0)
    trainer = NPE(box, show_progress_bars=False)
    pairs = [torch.tensor(rows, dtype=torch.float32) for rows in (theta, x)]
    trainer.append_simulations(*pairs)
    trainer.train()
    fitted = trainer.build_posterior(sample_with="direct")

    def draw(one: np.ndarray, seed: int) -> np.ndarray:
        torch.manual_seed(seed)
        given = torch.tensor(one, dtype=torch.float32)
        return fitted.sample((n_draws,), x=given, show_progress_bars=False).numpy()

    return draw


if __name__ == "__main__":
    main()
