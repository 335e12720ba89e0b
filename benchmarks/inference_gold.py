"""What mined gold is worth in simulations: learned log ratios against exact ones.

    python benchmarks/inference_gold.py ratio    # default training, three seeds: ten minutes of CPU
    python benchmarks/inference_gold.py gold     # a short training, more sizes, SALLY: the same

It writes rows into `hepml_lite/inference/results.csv`: what is there already is not done again;
`--out` is another file.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.exact import EffectiveTheory, GaltonBoard, SignalMixture
from hepml_lite.inference import mined_gold
from hepml_lite.inference.results import RESULTS, Result, Store, table

SIZES = {"ratio": (2000, 10_000, 50_000), "gold": (300, 1000, 3000, 10_000, 30_000)}
SEEDS = {"ratio": (0, 1, 2), "gold": (1, 2, 3)}
SHORT = TrainingPlan(epochs=20, batch_size=256, learning_rate=5e-3, patience=15, progress=False)
N_TEST = {"ratio": 3000, "gold": 5000}  # events that judge
STEP = 1e-3  # of the parameter, for the derivative


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=list(SIZES))
    parser.add_argument("--methods", nargs="+", default=[*mined_gold.METHODS, "sally"])
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    store = Store(arguments.out)
    judge_part = judge_ratios if arguments.part == "ratio" else judge_gold
    judge_part(store, arguments.methods)
    shown = table(store.rows, arguments.part)
    print(shown.assign(value=shown["value"].map(str)).to_string())


def judge_ratios(store: Store, methods: list[str]) -> None:
    """R² of the learned log ratio to the exact one."""
    for simulator in (GaltonBoard(), SignalMixture(), EffectiveTheory()):
        theta, x = simulator.joint(N_TEST["ratio"], rng=99)
        expected = simulator.log_ratio(theta, x, simulator.reference)
        name = type(simulator).__name__
        for n in SIZES["ratio"]:
            for method in [one for one in methods if one != "sally"]:
                for seed in SEEDS["ratio"]:
                    if store.has("ratio", name, method, n, seed):
                        continue
                    gold = simulator.mine(simulator.prior.sample(n, 1 + 2 * seed), 2 + 2 * seed)
                    start = time.process_time()
                    fitted = mined_gold.fit(gold, method, rng=seed)
                    seconds = round(time.process_time() - start, 1)
                    r_squared = round(_r_squared(fitted.log_ratio(theta, x), expected), 4)
                    store.add(Result("ratio", name, method, n, seed, "R2", r_squared, seconds))


def judge_gold(store: Store, methods: list[str]) -> None:
    """R² of the log ratio, and the information that the slope at one point keeps."""
    for simulator in (SignalMixture(), EffectiveTheory()):
        judge = Judge(simulator)
        for seed in SEEDS["gold"]:
            for n in SIZES["gold"]:
                for method in methods:
                    if not store.has("gold", type(simulator).__name__, method, n, seed):
                        judge.add(store, method, n, seed)


class Judge:
    """Events with exact ratios and scores of a simulator."""

    def __init__(self, simulator: SignalMixture | EffectiveTheory) -> None:
        self.simulator = simulator
        self.theta, self.x = simulator.joint(N_TEST["gold"], rng=99)
        self.exact = simulator.log_ratio(self.theta, self.x, simulator.reference)
        self.at_reference = simulator.simulate(simulator.reference, N_TEST["gold"], rng=98)
        self.score = self.slope(simulator.log_likelihood)

    def add(self, store: Store, method: str, n: int, seed: int) -> None:
        """Train one method, compare it with the exact answer, and add the rows."""
        start = time.process_time()
        found = {}
        if method == "sally":
            score = self.sally(n, seed)
        else:
            gold = self.simulator.mine(self.simulator.prior.sample(n, [seed, 1]), [seed, 2])
            fitted = mined_gold.fit(gold, method, plan=SHORT, rng=seed)
            found["R2"] = _r_squared(fitted.log_ratio(self.theta, self.x), self.exact)
            score = self.slope(fitted.log_ratio)
        found["information"] = float(np.corrcoef(score, self.score)[0, 1] ** 2)
        seconds = time.process_time() - start
        name = type(self.simulator).__name__
        for figure, value in found.items():
            store.add(Result("gold", name, method, n, seed, figure, value, seconds))

    def slope(self, log_p: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Derivative (N,) of log p by the first parameter at the reference."""
        step = np.zeros_like(self.simulator.reference)
        step[0] = STEP
        above = log_p(self.simulator.reference + step, self.at_reference)
        below = log_p(self.simulator.reference - step, self.at_reference)
        return (above - below) / (2 * STEP)

    def sally(self, n: int, seed: int) -> np.ndarray:
        """The first component of the learned score of the events at the reference (N,)."""
        reference = self.simulator.reference
        points = np.broadcast_to(reference, (n, len(reference)))
        x, latents = self.simulator.events_with_latents(points, np.random.default_rng([seed, 3]))
        joint = self.simulator.joint_score(points, x, latents)
        fitted = mined_gold.fit_score(x, joint, reference, plan=SHORT, rng=seed)
        return fitted.score(self.at_reference)[:, 0]


def _r_squared(found: np.ndarray, expected: np.ndarray) -> float:
    return 1 - float(np.mean((found - expected) ** 2) / expected.var())


if __name__ == "__main__":
    main()
