"""Densities: quality and CPU time of hepml_lite, zuko alone and others, side by side in one run.

    python benchmarks/densities.py
    python benchmarks/densities.py --cases ring --rounds 1

Two kinds of cases, whose true density is known: the Kullback-Leibler divergence from the truth on
the ring of eight Gaussians, and a classifier two-sample test (0.5 is perfect) between samples of
the model and of the truth at three conditions of a linear Gaussian. zuko alone has the same layers,
rows, batches, epochs and learning rate in the loop of its tutorial; it keeps the last epoch. The
rounds alternate the methods, so that other work on the machine affects all alike; the time is the
median over the rounds.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from statistics import median
from typing import Protocol, Self

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import KernelDensity
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hepml_lite.densities import Flow
from hepml_lite.exact.densities import GaussianRing, LinearGaussian, linear_gaussian

N_ROWS = {"ring": 20_000, "linear 2-d": 10_000, "linear 10-d": 10_000, "far and large 10-d": 10_000}
N_FRESH = 20_000
N_CONDITIONS = 3
N_SAMPLES = 3000


class Density(Protocol):
    """What is compared: fitted with rows and conditions, then evaluated or sampled."""

    def fit(self, x: np.ndarray, condition: np.ndarray | None) -> Self:
        """Learn from rows (N, D) and their conditions (N, C)."""
        ...

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Log p of each row, (N,)."""
        ...

    def sample(self, n: int, condition: np.ndarray) -> np.ndarray:
        """Draw n rows (n, D) at one condition (C,)."""
        ...


def our_flow(kind: str) -> Flow:
    flow = Flow(kind=kind)
    flow.plan.progress = False
    flow.plan.device = "cpu"
    return flow


@dataclass
class ZukoAlone:
    """The network of our flow, trained by the loop of zuko's tutorial on standardised rows."""

    like: Flow

    def fit(self, x, condition):
        """Learn from rows (N, D) and their conditions (N, C)."""
        plan = self.like.plan
        self.scaler = StandardScaler().fit(x)
        z = torch.as_tensor(self.scaler.transform(x), dtype=torch.float32)
        c = self._context(x, condition, fit=True)
        torch.manual_seed(0)
        n_conditions = 0 if c is None else c.shape[1]
        self.network = self.like.make_network(z.shape[1], n_conditions)
        optimizer = torch.optim.Adam(self.network.parameters(), lr=plan.learning_rate)
        n_training = round((1 - plan.validation_share) * len(z))  # as many steps as ours
        n_steps = plan.epochs * -(-n_training // plan.batch_size)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
        for _ in range(plan.epochs):
            for rows in torch.randperm(n_training).split(plan.batch_size):
                context = None if c is None else c[rows]
                loss = -self.network(context).log_prob(z[rows]).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        return self

    def log_prob(self, x):
        """Log p of each row, (N,)."""
        z = torch.as_tensor(self.scaler.transform(x), dtype=torch.float32)
        with torch.no_grad():
            return self.network().log_prob(z).numpy() - np.log(self.scaler.scale_).sum()

    def sample(self, n, condition):
        """Draw n rows (n, D) at one condition (C,)."""
        with torch.no_grad():
            z = self.network(self._context(None, condition[None])[0]).sample((n,))
        return self.scaler.inverse_transform(z.numpy())

    def _context(self, x, condition, fit=False):
        if condition is None:
            return None
        if fit:
            self.condition_scaler = StandardScaler().fit(condition)
        return torch.as_tensor(self.condition_scaler.transform(condition), dtype=torch.float32)


@dataclass
class KernelEstimate:
    """scikit-learn's kernel density; the bandwidth is the best of six by cross-validation."""

    def fit(self, x, condition):
        """Learn from rows (N, D) and their conditions (N, C)."""
        search = GridSearchCV(
            KernelDensity(rtol=1e-3), {"bandwidth": np.geomspace(0.04, 0.2, 6)}, cv=3
        )
        self.model = search.fit(x).best_estimator_
        return self

    def log_prob(self, x):
        """Log p of each row, (N,)."""
        return self.model.score_samples(x)


@dataclass
class SbiPosterior:
    """sbi's neural posterior estimation with its own defaults: a masked autoregressive flow."""

    density_estimator: str = "maf"

    def fit(self, x, condition):
        """Learn from rows (N, D) and their conditions (N, C)."""
        from sbi.inference import NPE

        trainer = NPE(density_estimator=self.density_estimator, show_progress_bars=False)
        trainer.append_simulations(
            torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(condition, dtype=torch.float32)
        )
        trainer.train()
        self.posterior = trainer.build_posterior()
        return self

    def sample(self, n, condition):
        """Draw n rows (n, D) at one condition (C,)."""
        observed = torch.as_tensor(condition, dtype=torch.float32)
        return self.posterior.sample((n,), x=observed, show_progress_bars=False).numpy()


@dataclass
class Method:
    """A row of the table.

    Attributes:
        name: of the row.
        make: an unfitted density.
        cases: on which it runs.
        needs: the package it needs.
        results: of the rounds, (quality, CPU seconds) by case.
    """

    name: str
    make: Callable[[], Density]
    cases: tuple[str, ...]
    needs: str = "zuko"
    results: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


LINEAR = tuple(name for name in N_ROWS if name != "ring")
METHODS = [
    Method("hepml_lite, splines", lambda: our_flow("spline"), ("ring", *LINEAR)),
    Method("zuko alone, splines", lambda: ZukoAlone(our_flow("spline")), ("ring", *LINEAR)),
    Method("hepml_lite, coupling", lambda: our_flow("coupling"), ("ring", *LINEAR)),
    Method("hepml_lite, affine", lambda: our_flow("affine"), LINEAR),
    Method("zuko alone, affine", lambda: ZukoAlone(our_flow("affine")), LINEAR),
    Method("scikit-learn, kernels", KernelEstimate, ("ring",), "sklearn"),
    Method("sbi, NPE", SbiPosterior, LINEAR, "sbi"),
]


def truth(case: str) -> GaussianRing | LinearGaussian:
    if case == "ring":
        return GaussianRing()
    if case == "linear 2-d":
        return linear_gaussian(2, 2)
    if case == "linear 10-d":
        return linear_gaussian(10, 10)
    return linear_gaussian(10, 10, location=1e6, scale=1e4)  # 100 widths away from zero


def divergence(model: Density, known: GaussianRing) -> float:
    x, _ = known.events(N_FRESH, rng=2)
    return float(np.mean(known.log_prob(x) - model.log_prob(x)))


def two_sample(model: Density, known: LinearGaussian) -> float:
    """Accuracy of a classifier between the samples, mean over the conditions."""
    _, conditions = known.events(N_CONDITIONS, rng=2)
    accuracies = []
    for i, condition in enumerate(conditions):
        theirs = model.sample(N_SAMPLES, condition)
        exact = known.events_given(np.tile(condition, (N_SAMPLES, 1)), rng=3 + i)
        accuracies.append(classifier_accuracy(exact, theirs))
    return float(np.mean(accuracies))


def classifier_accuracy(a: np.ndarray, b: np.ndarray) -> float:
    """Held-out accuracy of a small network between two samples (N, D) of equal size."""
    features = np.concatenate([a, b])
    labels = np.repeat([0, 1], len(a))
    width = 10 * features.shape[1]
    network = MLPClassifier((width, width), max_iter=1000, early_stopping=True, random_state=0)
    classifier = make_pipeline(StandardScaler(), network)
    order = np.random.default_rng(0).permutation(len(labels))
    found = cross_val_predict(classifier, features[order], labels[order], cv=5)
    return float(np.mean(found == labels[order]))


def run(method: Method, case: str, seed: int) -> None:
    known = truth(case)
    x, condition = known.events(N_ROWS[case], rng=10 + seed)
    started = time.process_time()
    model = method.make().fit(x, condition)
    seconds = time.process_time() - started
    judge = divergence if case == "ring" else two_sample
    quality = judge(model, known)
    method.results.setdefault(case, []).append((quality, seconds))
    print(f"    round {seed + 1}, {method.name}: {quality:.4f}, {seconds:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", default=list(N_ROWS), choices=list(N_ROWS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for case in options.cases:
        kind = "KL divergence" if case == "ring" else "two-sample accuracy"
        print(f"{case}, {N_ROWS[case]} rows: {kind}, CPU time of the fit", flush=True)
        chosen = [method for method in METHODS if case in method.cases]
        installed = [method for method in chosen if find_spec(method.needs)]
        for seed in range(options.rounds):
            for method in installed:
                run(method, case, seed)
        for method in chosen:
            if method not in installed:
                print(f"  {method.name:24s} not installed (pip install {method.needs})")
                continue
            qualities, times = zip(*method.results[case], strict=True)
            spread = f"({min(qualities):.4f} to {max(qualities):.4f})"
            print(f"  {method.name:24s} {median(qualities):.4f} {spread} {median(times):6.1f} s")


if __name__ == "__main__":
    main()
