"""AUC and max SIC of the outlier detectors in several seeds, written to stored results.

    python benchmarks/anomaly_outliers.py --part images --seeds 0 1 2

Each part is a list of methods on one sample, at the size of a lesson; a row of the results is one
training. Every detector sees background only, but for the scan of contamination, and is judged on
the test split. The time is CPU time of training and scoring on one core.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from data_fetch import load
from hepml_lite.anomaly_detection.contrastive import AnomalyCLR, DarkCLR
from hepml_lite.anomaly_detection.contrastive.semivisible import semivisible
from hepml_lite.anomaly_detection.kernels import OneClassKernel, QuantumKernel, gaussian_kernel
from hepml_lite.anomaly_detection.outliers import (
    Autoencoder,
    DensityOutliers,
    DirichletVAE,
    NormalisedAutoencoder,
    VariationalAutoencoder,
    inputs,
    results,
)
from hepml_lite.anomaly_detection.outliers.demonstrations import bottleneck_scan, mixed
from hepml_lite.anomaly_detection.outliers.normalised import Chains, of_unit_momentum
from hepml_lite.anomaly_detection.reports import improvement
from hepml_lite.containers.jets import Jets
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.statistics.metrics import auc, bootstrap

TRAINING_JETS = 10_000  # of the background class
TRAINING_EVENTS = 20_000
WIDTHS = (1, 2, 4, 8, 16, 32, 64)
SHARES = (0.0, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5)
N_BOOTSTRAP = 50


class Scored(NamedTuple):
    """Scores of one training on one test."""

    method: str
    rows: str
    background: str
    signal: str
    setting: float
    labels: np.ndarray
    scores: np.ndarray
    seconds: float


def judged(scored: Scored, part: str, seed: int) -> dict[str, object]:
    """One row of the results."""
    area = bootstrap(auc, scored.labels, scored.scores, N_BOOTSTRAP)
    best = improvement(scored.labels, scored.scores)
    of_kind = [scored.scores[scored.labels == kind].mean() for kind in (0, 1)]
    return {
        "part": part,
        "method": scored.method,
        "rows": scored.rows,
        "background": scored.background,
        "signal": scored.signal,
        "setting": scored.setting,
        "seed": seed,
        "auc": round(area.value, 4),
        "auc_test_error": round(area.error, 4),
        "max_sic": round(best.largest, 3),
        "largest_possible_sic": round(best.largest_possible, 1),
        "score_of_background": f"{of_kind[0]:.5g}",
        "score_of_signal": f"{of_kind[1]:.5g}",
        "cpu_seconds": round(scored.seconds, 1),
    }


@cache
def jets_of(split: str) -> Jets:
    """Jets of one split of `top_tagging`."""
    return load("top_tagging", split=split)


@cache
def observables_of(split: str) -> np.ndarray:
    """Observables (N, 8) of these jets, which take longer than most trainings."""
    return inputs.jet_observables(jets_of(split))


def timed(run: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """What a function returns, and its CPU time [s]."""
    start = time.process_time()
    value = run()
    return value, time.process_time() - start


def of_classes(train: Jets, test: Jets) -> Iterator[tuple[int, Jets, np.ndarray]]:
    """For each class as background: its number, its training jets, labels of the test."""
    for usual in (0, 1):
        kept = train[train.label == usual][:TRAINING_JETS]
        yield usual, kept, (test.label != usual).astype(int)


def image_methods(seed: int, only_normalised: bool) -> Iterator[Scored]:
    """Autoencoders on images, tops in QCD and QCD in tops."""
    train = jets_of("train")
    test = jets_of("test")
    normalised = {
        "NAE": lambda: NormalisedAutoencoder(change=None, keep=of_unit_momentum, n_latent=3)
    }
    others = {
        "AE": lambda: Autoencoder(change=None),
        "VAE": lambda: VariationalAutoencoder(change=None),
    }
    test_rows = inputs.jet_images(test)
    for usual, kept, labels in of_classes(train, test):
        names = test.names[usual], test.names[1 - usual]
        rows = inputs.jet_images(kept)
        for name, make in (normalised if only_normalised else others).items():
            detector = make()
            scores, seconds = timed(lambda d=detector, r=rows: d.fit(r, rng=seed).score(test_rows))
            yield Scored(name, "images", *names, np.nan, labels, scores, seconds)
            if name == "VAE":
                for kind in ("kl", "r_z", "elbo"):
                    detector.score_name = kind
                    more = detector.score(test_rows)
                    yield Scored(f"VAE {kind}", "images", *names, np.nan, labels, more, seconds)
        if only_normalised:
            continue
        bright = (test_rows**2).sum((1, 2)) / (test_rows**4).sum((1, 2))
        yield Scored("bright pixels", "images", *names, np.nan, labels, bright, 0.0)
        yield from dirichlet(kept, test, names, labels, seed)
        yield from constituents(kept, test, names, labels, seed)


def dirichlet(
    kept: Jets, test: Jets, names: tuple[str, str], labels: np.ndarray, seed: int
) -> Iterator[Scored]:
    """The Dirichlet VAE with two and with three components, and its scores."""
    rows = inputs.momentum_fractions(kept)
    test_rows = inputs.momentum_fractions(test)
    for n_components in (2, 3):
        detector = DirichletVAE(n_components=n_components)
        scores, seconds = timed(lambda d=detector: d.fit(rows, rng=seed).score(test_rows))
        name = f"Dirichlet VAE {n_components}"
        yield Scored(name, "fractions", *names, np.nan, labels, scores, seconds)
        for kind in ("share", "reconstruction", "kl"):
            detector.score_name = kind
            more = detector.score(test_rows)
            yield Scored(f"{name} {kind}", "fractions", *names, np.nan, labels, more, seconds)


def constituents(
    kept: Jets, test: Jets, names: tuple[str, str], labels: np.ndarray, seed: int
) -> Iterator[Scored]:
    """An autoencoder on leading constituents."""
    rows = inputs.leading_constituents(kept)
    test_rows = inputs.leading_constituents(test)
    scores, seconds = timed(lambda: Autoencoder().fit(rows, rng=seed).score(test_rows))
    yield Scored("AE", "constituents", *names, np.nan, labels, scores, seconds)


def observable_methods(seed: int) -> Iterator[Scored]:
    """Detectors on eight observables, tops in QCD and QCD in tops."""
    train = jets_of("train")
    test = jets_of("test")
    small = TrainingPlan(epochs=3, batch_size=64, learning_rate=3e-4, progress=False)
    chains = Chains(step=0.025, cooling=0.1, latent_cooling=0.1)
    methods = {
        "AE": lambda: Autoencoder(n_latent=2, hidden=(32, 16)),
        "VAE": lambda: VariationalAutoencoder(n_latent=2, hidden=(32, 16), noise=0.5),
        "NAE": lambda: NormalisedAutoencoder(
            n_latent=3, hidden=(32, 16), normalising=small, chains=chains
        ),
        "flow density": DensityOutliers,
        "one-class Gaussian kernel": lambda: OneClassKernel(kernel=gaussian_kernel),
        "one-class quantum kernel": lambda: OneClassKernel(kernel=QuantumKernel()),
        "one-class product kernel": lambda: OneClassKernel(kernel=QuantumKernel(n_layers=1)),
    }
    test_rows = observables_of("test")
    for usual, _, labels in of_classes(train, test):
        names = test.names[usual], test.names[1 - usual]
        rows = observables_of("train")[train.label == usual][:TRAINING_JETS]
        mass = np.abs(test_rows[:, 0] - np.median(rows[:, 0]))
        yield Scored("distance from median mass", "mass", *names, np.nan, labels, mass, 0.0)
        for name, make in methods.items():
            scores, seconds = timed(lambda m=make, r=rows: m().fit(r, rng=seed).score(test_rows))
            yield Scored(name, "observables", *names, np.nan, labels, scores, seconds)


def scans(seed: int) -> Iterator[Scored]:
    """Width of the bottleneck, and signal in the training, of autoencoders of QCD images."""
    train = jets_of("train")
    test = jets_of("test")
    background = inputs.jet_images(train.of_class("QCD")[:TRAINING_JETS])
    signal = inputs.jet_images(train.of_class("top")[:TRAINING_JETS])
    rows = inputs.jet_images(test)
    for width in WIDTHS:
        found, seconds = timed(
            lambda n=width: bottleneck_scan(
                lambda m: Autoencoder(change=None, n_latent=m), [n], background, rows, test.label,
                rng=seed,
            )
        )  # fmt: skip
        one = found[0].judged
        yield Scored("bottleneck", "images", "QCD", "top", width, one.labels, one.scores, seconds)
    for share in SHARES:
        training = mixed(background, signal, share, rng=seed)
        scores, seconds = timed(
            lambda r=training: Autoencoder(change=None).fit(r, rng=seed).score(rows)
        )
        yield Scored("contamination", "images", "QCD", "top", share, test.label, scores, seconds)


def event_methods(seed: int) -> Iterator[Scored]:
    """AnomalyCLR with both losses, and an autoencoder on the raw objects."""
    train = load("trigger_objects", split="train").of_class("background")[:TRAINING_EVENTS]
    test = load("trigger_objects", split="test")
    found = {}
    raw = Autoencoder(change=None, hidden=(32, 16))
    found["AE on raw objects"] = timed(
        lambda: raw.fit(inputs.trigger_rows(train), rng=seed).score(inputs.trigger_rows(test))
    )
    for name in ("AnomCLR", "AnomCLR+"):
        model = AnomalyCLR(loss_name=name)
        found[name] = timed(lambda m=model: m.fit(train, rng=seed).score(test))
    found["sum of pT"] = test.objects[..., 0].sum(1), 0.0
    found["number of objects"] = (test.objects[..., 0] > 0).sum(1), 0.0
    for name, (scores, seconds) in found.items():
        for kind in range(1, len(test.names)):
            chosen = (test.label == 0) | (test.label == kind)
            labels = (test.label[chosen] == kind).astype(int)
            yield Scored(
                name, "objects", "background", test.names[kind], np.nan, labels, scores[chosen],
                seconds,
            )  # fmt: skip


def dark_methods(seed: int) -> Iterator[Scored]:
    """DarkCLR, and an autoencoder of images, on approximate semivisible jets and on tops."""
    train = jets_of("train").of_class("QCD")[:TRAINING_JETS]
    test = jets_of("test")
    half = len(test.of_class("QCD")) // 2
    usual = test.of_class("QCD")[:half]
    signals = {
        "semivisible": semivisible(test.of_class("QCD")[half:], 0.4, rng=0),
        "top": test.of_class("top")[:half],
    }
    images = Autoencoder(change=None)
    model = DarkCLR()
    _, of_images = timed(lambda: images.fit(inputs.jet_images(train), rng=seed))
    _, of_model = timed(lambda: model.fit(train, rng=seed))
    plain = Autoencoder(n_latent=3, hidden=(32, 16)).fit(model.represent(train), rng=seed)
    methods = {
        "AE": (lambda jets: images.score(inputs.jet_images(jets)), of_images),
        "darkCLR with NAE": (model.score, of_model),
        "darkCLR with AE": (lambda jets: plain.score(model.represent(jets)), of_model),
        "fewest constituents": (lambda jets: -jets.n_constituents.astype(float), 0.0),
    }
    for name, (score, seconds) in methods.items():
        of_background = score(usual)
        for signal, jets in signals.items():
            scores = np.concatenate([of_background, score(jets)])
            labels = np.repeat([0, 1], [len(usual), len(jets)])
            yield Scored(name, "jets", "QCD", signal, np.nan, labels, scores, seconds)


PARTS: dict[str, Callable[[int], Iterator[Scored]]] = {
    "images": lambda seed: image_methods(seed, only_normalised=False),
    "normalised": lambda seed: image_methods(seed, only_normalised=True),
    "observables": observable_methods,
    "scans": scans,
    "events": event_methods,
    "dark": dark_methods,
}


def main() -> None:
    """Run parts and write each into its own file of the stored results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, nargs="*", default=list(PARTS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for part in options.part:
        rows = kept_rows(part, options.seeds)
        for seed in options.seeds:
            for scored in PARTS[part](seed):
                rows.append(judged(scored, part, seed))
                print(rows[-1], flush=True)
            write(part, rows)


def kept_rows(part: str, seeds: list[int]) -> list[dict[str, object]]:
    """Rows of an earlier run with other seeds, which stay."""
    file = results.path(part)
    if not file.is_file():
        return []
    table = pd.read_csv(file)
    return table[~table["seed"].isin(seeds)].to_dict("records")


def write(part: str, rows: list[dict[str, object]]) -> None:
    """The results of one part, in the order of the seeds."""
    table = pd.DataFrame(rows).sort_values("seed", kind="stable")
    results.path(part).write_text(table.to_csv(index=False), encoding="utf-8")


if __name__ == "__main__":
    main()
