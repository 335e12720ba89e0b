"""Our unfolding beside pyunfold and the omnifold package, on the same arrays in one run.

    python benchmarks/unfolding_peers.py --peer omnifold_peer/bin/python

Without --peer, only pyunfold is compared (pip install pyunfold). How to make the environment of
the peer is told in benchmarks/peers/omnifold_package.py. Both unfold the Gaussian model, whose mean
and width after each iteration are known. The quality is the distance to them after the last one, in
units of its statistical error. The seeds alternate between both, so that both see the same load.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from hepml_lite import unfolding
from hepml_lite.densities import TrainingPlan
from hepml_lite.exact.gaussian_recursion import GaussianUnfolding

PEER = Path(__file__).parent / "peers" / "omnifold_package.py"
GAUSSIAN = GaussianUnfolding()
ITERATIONS = 4
# The settings of the peer: its own network and schedule, with a learning rate that converges
EPOCHS = 30
PATIENCE = 5
BATCH = 256
RATE = 1e-3
LAYERS = (64, 128, 64)


class Run(NamedTuple):
    """Weights (N,) of the simulated events, and how long they took [s]."""

    weights: np.ndarray
    wall: float
    cpu: float


def ours(arrays: dict[str, np.ndarray], model: str, seed: int) -> Run:
    """Two folds: the weights of each event are from a classifier that did not see it."""
    plan = None
    if model == "mlp":
        plan = TrainingPlan(epochs=8, batch_size=256, learning_rate=1e-2, progress=False)
    events = unfolding.SimulatedEvents.of(arrays["true"], arrays["simulated"])
    method = unfolding.OmniFold(n_iterations=ITERATIONS, model=model, folds=2, plan=plan)
    started = time.perf_counter(), time.process_time()
    result = method.fit(events).unfold(arrays["data"], rng=seed)
    wall = time.perf_counter() - started[0]
    return Run(result.weights, wall, time.process_time() - started[1])


def theirs(arrays: dict[str, np.ndarray], python: str, seed: int, threads: int) -> Run:
    """The omnifold package in its own environment; the time does not contain its start."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        out = Path(folder) / "weights.npy"
        np.savez(data, true=arrays["true"], simulated=arrays["simulated"], data=arrays["data"])
        settings = {
            "data": data, "out": out, "iterations": ITERATIONS, "epochs": EPOCHS,
            "patience": PATIENCE, "batch": BATCH, "rate": RATE, "threads": threads, "seed": seed,
        }  # fmt: skip
        command = [python, str(PEER)]
        for name, value in settings.items():
            command += [f"--{name}", str(value)]
        command += ["--layers", *map(str, LAYERS)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        cost = json.loads(told.strip().splitlines()[-1])
        return Run(np.load(out), cost["wall"], cost["cpu"])


def distance(arrays: dict[str, np.ndarray], weights: np.ndarray) -> tuple[float, float]:
    """Mean and width of the unfolded events minus the exact ones after the last iteration."""
    true = arrays["true"][:, 0]
    exact = GAUSSIAN.steps(ITERATIONS)[-1]
    mean = np.average(true, weights=weights)
    width = np.average((true - mean) ** 2, weights=weights) ** 0.5
    return float(mean - exact.mean), float(width - exact.width)


def statistical_error(n: int) -> float:
    """Of an unfolded mean, from n data and n simulated events."""
    variance = GAUSSIAN.truth.width**2 + GAUSSIAN.prior.width**2 + 2 * GAUSSIAN.smearing**2
    return float((variance / n) ** 0.5)


def compare_pyunfold() -> None:
    """Iterative Bayes on one histogram: the largest difference, and the time of both."""
    import pyunfold

    edges = np.linspace(-3, 3, 31)
    true, simulated = GAUSSIAN.simulation(400_000)
    counts = np.histogram2d(simulated, true, [edges, edges])[0]
    truth = np.histogram(true, edges)[0].astype(float)
    matrix = counts / truth
    data = np.histogram(GAUSSIAN.nature(20_000)[1], edges)[0].astype(float)
    efficiency = matrix.sum(axis=0)
    started = time.process_time()
    result = unfolding.iterative_bayes(data, matrix, truth, ITERATIONS)
    seconds = time.process_time() - started
    started = time.process_time()
    peer = pyunfold.iterative_unfold(
        data=data,
        data_err=np.sqrt(data),
        response=matrix,
        response_err=np.sqrt(counts) / truth,
        efficiencies=efficiency,
        efficiencies_err=np.sqrt(efficiency / truth),
        prior=truth / truth.sum(),
        ts_stopping=1e-15,
        max_iter=ITERATIONS,
    )
    peer_seconds = time.process_time() - started
    off = np.max(np.abs(result.unfolded / peer["unfolded"] - 1))
    print(f"iterative Bayes, 30 bins: largest relative difference to pyunfold {off:.1e}; ", end="")
    print(f"{1e3 * seconds:.1f} ms, pyunfold {1e3 * peer_seconds:.1f} ms")


def compare_omnifold(python: str, n: int, seeds: int, threads: int) -> None:
    """Quality and time of our networks, our trees and the package."""
    error = statistical_error(n)
    found: dict[str, list[tuple[float, ...]]] = {"mlp": [], "trees": [], "omnifold package": []}
    for seed in range(seeds):
        true, simulated = GAUSSIAN.simulation(n, [seed, 1])
        data = GAUSSIAN.nature(n, [seed, 2])[1]
        arrays = {"true": true[:, None], "simulated": simulated[:, None], "data": data[:, None]}
        runs = {name: ours(arrays, name, seed) for name in ("mlp", "trees")}
        runs["omnifold package"] = theirs(arrays, python, seed, threads)
        for name, run in runs.items():
            mean, width = distance(arrays, run.weights)
            found[name].append((mean / error, width / error, run.wall, run.cpu))
            print(f"seed {seed}, {name}: mean off by {mean:+.3f}, width {width:+.3f}", end="")
            print(f", {run.wall:.1f} s wall, {run.cpu:.1f} s CPU", flush=True)
    for name, rows in found.items():
        table = np.array(rows)
        off = np.sqrt(np.mean(table[:, :2] ** 2, axis=0))
        wall, cpu = np.median(table[:, 2:], axis=0)
        print(f"{name}: off by {off[0]:.2f} errors in the mean, {off[1]:.2f} in the width (r.m.s.)")
        print(f"    median {wall:.1f} s wall, {cpu:.1f} s CPU")


def main() -> None:
    """Compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="Python of an environment with the omnifold package")
    parser.add_argument("--events", type=int, default=20_000, help="of data and of simulation")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    compare_pyunfold()
    if options.peer:
        compare_omnifold(options.peer, options.events, options.seeds, options.threads)
    else:
        print("the omnifold package is not compared: give --peer")


if __name__ == "__main__":
    main()
