"""Densities: quality, CPU time and memory of hepml_lite, zuko alone and others, in one run.

    python benchmarks/densities.py
    python benchmarks/densities.py --cases ring --rounds 1

Four kinds of cases, whose true density is known: the Kullback-Leibler divergence from the truth on
the ring of eight Gaussians; the area under the ROC curve of the strongest judge (0.5 is perfect)
between that ring and samples in four steps; a classifier two-sample test (0.5 is perfect) between
samples of the model and of the truth at three conditions of a linear Gaussian; and the share of the
variance of an exact log ratio that an estimated one explains (R², 1 is perfect), for
p(x | c) / p(x) and for two Gaussians of three features.

zuko alone and torchcfm have the networks, rows, batches, epochs and learning rates of our models in
the loops of their tutorials; they keep the last epoch. The rounds alternate the methods, so that
other work on the machine affects all alike; the time is the median over the rounds. Each fit has a
process of its own, made when all packages are imported; the memory is what this process takes
beyond them at most.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from statistics import median
from typing import Any, Protocol, Self

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from scipy.stats import multivariate_normal
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.preprocessing import StandardScaler

from hepml_lite import densities
from hepml_lite.densities import FewSteps, Flow, FlowMatching, TrainingPlan, fit_ratio, ode
from hepml_lite.exact.densities import GaussianRing, LinearGaussian, linear_gaussian
from hepml_lite.statistics.two_sample import classifier_two_sample_test

N_ROWS = {
    "ring": 20_000,
    "linear 2-d": 10_000,
    "linear 10-d": 10_000,
    "far and large 10-d": 10_000,
    "ratio 2-d": 10_000,
    "ratio 3-d": 20_000,
    "ring in 4 steps": 20_000,
}
N_FRESH = 20_000
N_CONDITIONS = 3
N_SAMPLES = 3000
N_JUDGED = 5000


class Density(Protocol):
    """What is compared: fitted with rows and conditions; then one of the other methods is used."""

    def fit(self, x: np.ndarray, condition: np.ndarray | None) -> Self:
        """Learn from rows (N, D) and their conditions (N, C)."""
        ...

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """Log p of each row, (N,)."""
        ...

    def sample(self, n: int, condition: np.ndarray) -> np.ndarray:
        """Draw n rows (n, D) at one condition (C,)."""
        ...

    def log_ratio(self, x: np.ndarray, condition: np.ndarray) -> np.ndarray:
        """Log p(x | c) / p(x) of each row, (N,)."""
        ...


def our_flow(kind: str, n_modes: int = 1) -> Flow:
    flow = Flow(kind=kind, n_modes=n_modes)
    flow.plan.progress = False
    flow.plan.device = "cpu"
    return flow


def our_flow_matching() -> FlowMatching:
    model = FlowMatching()
    model.plan.progress = False
    model.plan.device = "cpu"
    return model


def our_student() -> FewSteps:
    student = FewSteps(teacher=our_flow_matching())
    student.plan.progress = False
    student.plan.device = "cpu"
    return student


def optimise(
    network: torch.nn.Module,
    plan: TrainingPlan,
    n_rows: int,
    loss_of_batch: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    """The loop of the tutorials: Adam with a cosine schedule, as many steps as ours."""
    optimizer = torch.optim.Adam(network.parameters(), lr=plan.learning_rate)
    n_training = round((1 - plan.validation_share) * n_rows)
    n_steps = plan.epochs * -(-n_training // plan.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    for _ in range(plan.epochs):
        for rows in torch.randperm(n_training).split(plan.batch_size):
            loss = loss_of_batch(rows)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


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

        def loss_of_batch(rows):
            return -self.network(None if c is None else c[rows]).log_prob(z[rows]).mean()

        optimise(self.network, plan, len(z), loss_of_batch)
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
class TorchCfm:
    """The network of our flow matching, trained on the pairs and paths of torchcfm."""

    like: FlowMatching

    def fit(self, x, condition):
        """Learn from rows (N, D) and their conditions (N, C)."""
        from torchcfm.conditional_flow_matching import ConditionalFlowMatcher

        self.scaler = StandardScaler().fit(x)
        self.condition_scaler = StandardScaler().fit(condition)
        z = torch.as_tensor(self.scaler.transform(x), dtype=torch.float32)
        c = torch.as_tensor(self.condition_scaler.transform(condition), dtype=torch.float32)
        torch.manual_seed(0)
        self.network = self.like.make_network(z.shape[1], c.shape[1])
        matcher = ConditionalFlowMatcher(sigma=0.0)

        def loss_of_batch(rows):
            noise = torch.randn_like(z[rows])
            t, z_t, velocity = matcher.sample_location_and_conditional_flow(noise, z[rows])
            return (self.network(z_t, t, c[rows]) - velocity).square().mean()

        optimise(self.network, self.like.plan, len(z), loss_of_batch)
        return self

    def sample(self, n, condition):
        """Draw n rows (n, D) at one condition (C,)."""
        scaled = self.condition_scaler.transform(condition[None])
        c = torch.as_tensor(scaled, dtype=torch.float32).repeat(n, 1)
        noise = torch.randn(n, self.scaler.n_features_in_)
        with torch.no_grad():
            velocity = self.like.velocity_given(self.network, c)
            z = ode.with_adaptive_steps(velocity, noise, 0.0, 1.0, self.like.tolerance).x
        return self.scaler.inverse_transform(z.numpy())


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
class OurRatio:
    """Our ratio of the pairs (x, c) to pairs of an x and another row's c."""

    def fit(self, x, condition):
        """Learn from rows (N, D) and their conditions (N, C)."""
        other = np.random.default_rng(0).permutation(len(x))
        self.ratio = fit_ratio(np.hstack([x, condition]), np.hstack([x, condition[other]]))
        return self

    def log_ratio(self, x, condition):
        """Log p(x | c) / p(x) of each row, (N,)."""
        return self.ratio.log_ratio(np.hstack([x, condition]))


@dataclass
class OurSampleRatio:
    """Our ratio of two samples; the settings are those of `fit_ratio`."""

    settings: dict[str, Any]

    def fit(self, x, condition):
        """Learn from rows (N, D) of the numerator, and (N, D) of the denominator."""
        self.ratio = fit_ratio(x, condition, **self.settings)
        return self

    def log_ratio(self, x, condition):
        """Log p / q of each row, (N,)."""
        return self.ratio.log_ratio(x)


@dataclass
class TreesAlone:
    """scikit-learn's boosted trees with early stopping; their logit is the log ratio."""

    def fit(self, x, condition):
        """Learn from rows (N, D) of the numerator, and (N, D) of the denominator."""
        label = np.repeat([1, 0], [len(x), len(condition)])
        trees = HistGradientBoostingClassifier(early_stopping=True, random_state=0)
        self.trees = trees.fit(np.concatenate([x, condition]), label)
        return self

    def log_ratio(self, x, condition):
        """Log p / q of each row, (N,)."""
        return self.trees.decision_function(x)


@dataclass
class SbiRatio:
    """sbi's NRE_A, whose ratio is normalised as ours is; NRE_B leaves a factor of c."""

    def fit(self, x, condition):
        """Learn from rows (N, D) and their conditions (N, C)."""
        from sbi.inference import NRE_A

        trainer = NRE_A(show_progress_bars=False)
        trainer.append_simulations(
            torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(condition, dtype=torch.float32)
        )
        self.estimator = trainer.train()
        return self

    def log_ratio(self, x, condition):
        """Log p(x | c) / p(x) of each row, (N,)."""
        theta = torch.as_tensor(x, dtype=torch.float32)
        observed = torch.as_tensor(condition, dtype=torch.float32)
        with torch.no_grad():
            return self.estimator.unnormalized_log_ratio(theta, observed).numpy()


@dataclass
class Method:
    """A row of the table.

    Attributes:
        name: of the row.
        make: an unfitted density.
        cases: on which it runs.
        needs: the package it needs.
        results: of the rounds, by case.
    """

    name: str
    make: Callable[[], Density]
    cases: tuple[str, ...]
    needs: str = "zuko"
    results: dict[str, list["Result"]] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """Of one fit.

    Attributes:
        quality: as `QUALITIES` says.
        seconds: of CPU time.
        memory: MiB at most, beyond the imported packages.
    """

    quality: float
    seconds: float
    memory: float


EIGHT_TREES = {"model": "trees", "n_ensemble": 8}
LINEAR = ("linear 2-d", "linear 10-d", "far and large 10-d")
METHODS = [
    Method("hepml_lite, splines", lambda: our_flow("spline"), ("ring", *LINEAR)),
    Method("zuko alone, splines", lambda: ZukoAlone(our_flow("spline")), ("ring", *LINEAR)),
    Method("hepml_lite, coupling", lambda: our_flow("coupling"), ("ring", *LINEAR)),
    Method("hepml_lite, affine", lambda: our_flow("affine"), LINEAR),
    Method("zuko alone, affine", lambda: ZukoAlone(our_flow("affine")), LINEAR),
    Method("hepml_lite, mixture", lambda: our_flow("affine", 16), ("ring",)),
    Method("zuko alone, mixture", lambda: ZukoAlone(our_flow("affine", 16)), ("ring",)),
    Method("scikit-learn, kernels", KernelEstimate, ("ring",), "sklearn"),
    Method("sbi, NPE", SbiPosterior, LINEAR, "sbi"),
    Method("hepml_lite, matching", our_flow_matching, ("ring", *LINEAR)),
    Method("torchcfm", lambda: TorchCfm(our_flow_matching()), LINEAR, "torchcfm"),
    Method("hepml_lite, ratio", OurRatio, ("ratio 2-d",)),
    Method("sbi, NRE", SbiRatio, ("ratio 2-d",), "sbi"),
    Method("hepml_lite, mlp", lambda: OurSampleRatio({}), ("ratio 3-d",)),
    Method("hepml_lite, 8 x 3 trees", lambda: OurSampleRatio(EIGHT_TREES), ("ratio 3-d",)),
    Method("scikit-learn, trees", TreesAlone, ("ratio 3-d",), "sklearn"),
    Method("hepml_lite, distilled", our_student, ("ring in 4 steps",)),
]


@dataclass(frozen=True)
class TwoGaussians:
    """A Gaussian with a mean and a correlation, and the standard one, in three features."""

    above = multivariate_normal(
        [0.5, -0.3, 0.2], [[1.0, 0.4, 0.0], [0.4, 1.2, -0.2], [0.0, -0.2, 0.8]]
    )
    below = multivariate_normal(np.zeros(3))

    def events(self, n: int, rng: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw n rows (n, 3) of each."""
        generator = np.random.default_rng(rng)
        return self.above.rvs(n, generator), self.below.rvs(n, generator)

    def log_ratio(self, x: np.ndarray) -> np.ndarray:
        """The exact log ratio of rows (N, 3), (N,)."""
        return self.above.logpdf(x) - self.below.logpdf(x)


def truth(case: str) -> GaussianRing | LinearGaussian | TwoGaussians:
    if case.startswith("ring"):
        return GaussianRing()
    if case == "ratio 3-d":
        return TwoGaussians()
    if case in ("linear 2-d", "ratio 2-d"):
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
        accuracies.append(classifier_two_sample_test(exact, theirs).value)
    return float(np.mean(accuracies))


def explained_variance(model: Density, known: LinearGaussian) -> float:
    """R² of the estimated log ratio of fresh pairs; p(x) is Gaussian, too."""
    x, condition = known.events(N_FRESH, rng=2)
    mean = known.mean(known.condition_mean[None])[0]
    spread = known.matrix * known.condition_width
    marginal = multivariate_normal(mean, spread @ spread.T + known.covariance)
    exact = known.log_prob(x, condition) - marginal.logpdf(x)
    return float(r2_score(exact, model.log_ratio(x, condition)))


def explained_of_two_samples(model: Density, known: TwoGaussians) -> float:
    """R² of the estimated log ratio of fresh rows of both samples."""
    x = np.concatenate(known.events(N_FRESH, rng=2))
    return float(r2_score(known.log_ratio(x), model.log_ratio(x, x)))


def strongest_judge(model: Density, known: GaussianRing) -> float:
    """Area under the ROC curve of the strongest classifier between truth and samples."""
    x, _ = known.events(N_JUDGED, rng=2)
    return densities.judge.judge(x, model.sample(N_JUDGED, None)).auc.value


QUALITIES = {
    "ring": ("KL divergence", divergence),
    "ring in 4 steps": ("AUC of the strongest judge", strongest_judge),
    "ratio 2-d": ("R² of the log ratio", explained_variance),
    "ratio 3-d": ("R² of the log ratio", explained_of_two_samples),
    "linear 2-d": ("two-sample accuracy", two_sample),
    "linear 10-d": ("two-sample accuracy", two_sample),
    "far and large 10-d": ("two-sample accuracy", two_sample),
}


def fitted_and_judged(method: str, case: str, seed: int) -> Result:
    make = next(each.make for each in METHODS if each.name == method)
    known = truth(case)
    x, condition = known.events(N_ROWS[case], rng=10 + seed)
    torch.manual_seed(seed)
    memory = peak_memory()
    started = time.process_time()
    model = make().fit(x, condition)
    seconds = time.process_time() - started
    memory = peak_memory() - memory
    _, judge = QUALITIES[case]
    return Result(judge(model, known), seconds, memory)


def peak_memory() -> float:
    """MiB of this process at most; at the start of a process what it shares with its parent."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(method: Method, case: str, seed: int) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as apart:
        result = apart.submit(fitted_and_judged, method.name, case, seed).result()
    method.results.setdefault(case, []).append(result)
    print(f"    round {seed + 1}, {method.name}: {result}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", default=list(N_ROWS), choices=list(N_ROWS))
    names = [method.name for method in METHODS]
    parser.add_argument("--methods", nargs="+", default=names, choices=names)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for package in sorted({method.needs for method in METHODS}):
        if find_spec(package):
            import_module(package if package != "sbi" else "sbi.inference")
    for case in options.cases:
        kind, _ = QUALITIES[case]
        print(f"{case}, {N_ROWS[case]} rows: {kind}, CPU time and memory of the fit", flush=True)
        compared = [method for method in METHODS if case in method.cases]
        chosen = [method for method in compared if method.name in options.methods]
        installed = [method for method in chosen if find_spec(method.needs)]
        for seed in range(options.rounds):
            for method in installed:
                run(method, case, seed)
        for method in chosen:
            if method not in installed:
                print(f"  {method.name:24s} not installed (pip install {method.needs})")
                continue
            results = method.results[case]
            qualities = [result.quality for result in results]
            seconds = median(result.seconds for result in results)
            memory = median(result.memory for result in results)
            spread = f"({min(qualities):.4f} to {max(qualities):.4f})"
            print(
                f"  {method.name:24s} {median(qualities):.4f} {spread} {seconds:6.1f} s "
                f"{memory:6.0f} MiB"
            )


if __name__ == "__main__":
    main()
