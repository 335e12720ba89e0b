"""Train the landscape of top taggers with several seeds, and write the results for the course.

    python benchmarks/landscape.py train --seeds 1 2 3 --workers 2     # hours; resumes
    python benchmarks/landscape.py collect                             # results file and weights

Every row learns from the same training jets of the bundled sample and is judged on the same test
jets. Nothing was tuned on the test jets. A training stores its scores and weights in a work folder
(--work, output/landscape), so that an interrupted run continues. `collect` writes
hepml_lite/tagging/trained/landscape.json and the weights of the first seed beside it. Rows that
were not trained again do not change.
"""

import argparse
import hashlib
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from data_fetch import load
from hepml_lite.files import atomic_write
from hepml_lite.profiles import PROFILES
from hepml_lite.statistics.metrics import auc
from hepml_lite.tagging.ensembles import GoaT
from hepml_lite.tagging.landscape import RESULTS, judged
from hepml_lite.tagging.network_tagger import NetworkTagger
from hepml_lite.tagging.observable_taggers import (
    BoostedTrees,
    EnergyFlowLinear,
    MassTagger,
    NSubjettinessMLP,
)
from hepml_lite.tagging.tagger import Tagger
from hepml_lite.tagging.trained import file_name
from hepml_lite.tagging.training_recipes import TAGGERS
from hepml_lite.training.weights import read_weights, save_weights, write_weights

DATA = "top_tagging"
SLOW_FEATURES = BoostedTrees, EnergyFlowLinear, MassTagger, NSubjettinessMLP


def sample(split: str, jets: int | None):
    return load(DATA, split=split)[:jets]


def one(name: str, seed: int, options: argparse.Namespace) -> str:
    """Train one row with one seed, unless that was done before; return one line of report."""
    torch.set_num_threads(1)
    stem = options.work / f"{file_name(name)}-{seed}"
    if stem.with_suffix(".npz").exists():
        return f"{name}, seed {seed}: done before"
    jets = {split: sample(split, options.jets) for split in ("train", "val", "test")}
    tagger = TAGGERS[name](options.profile)
    run = from_features if isinstance(tagger, SLOW_FEATURES) else from_jets
    left = run(tagger, jets, seed, stem)
    save(stem.with_suffix(".npz"), parameters=tagger.n_parameters, **left)
    area = auc(jets["test"].label, left["test"])
    return f"{name}, seed {seed}: AUC {area:.4f}, {left['seconds']:.0f} s"


def from_jets(tagger, jets: dict, seed: int, stem: Path) -> dict:
    """Train a tagger; the weights of a network are stored beside its scores."""
    started = time.process_time()
    tagger.fit(jets["train"], seed=seed)
    seconds, started = time.process_time() - started, time.process_time()
    test = tagger.score(jets["test"])
    microseconds = 1e6 * (time.process_time() - started) / len(test)
    if isinstance(tagger, NetworkTagger):
        save_weights(tagger.network, stem.with_suffix(".safetensors"))
    val = tagger.score(jets["val"])
    return {"test": test, "val": val, "seconds": seconds, "microseconds": microseconds}


def from_features(tagger: Tagger, jets: dict, seed: int, stem: Path) -> dict:
    """Fit a tagger on observables, which are computed once for all seeds."""
    file = stem.with_name(f"{stem.name.rpartition('-')[0]}_features.npz")
    if not file.exists():
        started = time.process_time()
        features = {split: tagger.features(part) for split, part in jets.items()}
        each = (time.process_time() - started) / sum(map(len, jets.values()))
        save(file, seconds_a_jet=each, **features)
    features = dict(np.load(file))
    each, started = float(features["seconds_a_jet"]), time.process_time()
    tagger.fit_features(features["train"], jets["train"].label, seed)
    seconds, started = time.process_time() - started, time.process_time()
    scores = {split: tagger.score_features(features[split]) for split in ("test", "val")}
    scoring = (time.process_time() - started) / sum(map(len, scores.values()))
    return scores | {
        "seconds": seconds + each * len(jets["train"]), "microseconds": 1e6 * (each + scoring),
    }  # fmt: skip


def save(path: Path, **arrays) -> None:
    """Write an .npz, whole or not at all."""
    with atomic_write(path) as temporary:
        np.savez(temporary, **arrays)


def train(options: argparse.Namespace) -> None:
    options.work.mkdir(parents=True, exist_ok=True)
    jobs = [(name, seed) for seed in options.seeds for name in options.rows]
    with ProcessPoolExecutor(options.workers) as pool:
        futures = {pool.submit(one, *job, options): job for job in jobs}
        for future in as_completed(futures):
            try:
                print(time.strftime("%H:%M"), future.result(), flush=True)
            except Exception as error:
                print(f"{futures[future]} failed: {type(error).__name__}: {error}", flush=True)


def runs(name: str, work: Path) -> dict[int, dict[str, np.ndarray]]:
    """The stored results of a row's trainings, by seed."""
    files = sorted(work.glob(f"{file_name(name)}-[0-9]*.npz"))
    return {int(file.stem.rpartition("-")[2]): dict(np.load(file)) for file in files}


def halved(path: Path, out: Path) -> str:
    """Copy weights in half precision; return the hash. It changes scores less than another seed."""
    small = {k: v.half() if v.is_floating_point() else v for k, v in read_weights(path).items()}
    write_weights(small, out)
    return hashlib.sha256(out.read_bytes()).hexdigest()


def collect(options: argparse.Namespace) -> None:
    val, test = (sample(split, options.jets) for split in ("val", "test"))
    found = {name: left for name in TAGGERS if (left := runs(name, options.work))}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = json.loads(options.out.read_text("utf8"))["rows"] if options.out.exists() else {}
    for name, left in found.items():
        scores = [run["test"] for run in left.values()]
        times = {
            key: float(np.median([run[kind] for run in left.values()]))
            for key, kind in (("train_seconds", "seconds"), ("microseconds", "microseconds"))
        }
        parameters = int(next(iter(left.values()))["parameters"])
        row = judged(name, test.label, scores, parameters, **times)
        rows[name] = {"figures": row.as_json(), "seeds": list(left)}
        weights = options.work / f"{file_name(name)}-{options.seeds[0]}.safetensors"
        if weights.exists():
            out = options.out.parent / f"{file_name(name)}.safetensors"
            rows[name] |= {"weights_seed": options.seeds[0], "sha256": halved(weights, out)}
        print(row.name, row.auc, row.accuracy, row.rejection_30, row.rejection_50, sep=", ")
    if set(found) == set(TAGGERS):  # the meta-tagger needs the scores of all taggers
        rows["GoaT"] = goat(found, val, test)
    content = {
        "data": {key: test.card[key] for key in ("command", "seed", "sha256")},
        "jets": {"train": len(sample("train", options.jets)), "test": len(test)},
        "profile": options.profile,
        "made by": "python benchmarks/landscape.py",
        "versions": {name: version(name) for name in ("torch", "numpy", "scikit-learn")},
        "times": "of one core, CPU seconds",
        "rows": rows,
    }
    options.out.write_text(json.dumps(content, indent=1) + "\n", "utf8")


def goat(found: dict, val, test) -> dict:
    """The meta-tagger: it combines the scores of all rows, fitted on the validation jets."""
    seeds = sorted(set.intersection(*(set(left) for left in found.values())))
    scores, parameters = [], 0
    for seed in seeds:
        of_val, of_test = (
            np.stack([left[seed][part] for left in found.values()], 1) for part in ("val", "test")
        )  # (N, T)
        meta = GoaT().fit(val.label, of_val, seed=seed)
        scores.append(meta.score(of_test))
        parameters = meta.n_parameters
    row = judged("GoaT", test.label, scores, parameters)
    return {"figures": row.as_json(), "seeds": seeds, "of": list(found)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("train", "collect"))
    parser.add_argument("--rows", nargs="+", default=list(TAGGERS), choices=list(TAGGERS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--profile", choices=PROFILES, default="lesson")
    parser.add_argument("--jets", type=int, help="of each split; default all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("output/landscape"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    (train if options.what == "train" else collect)(options)


if __name__ == "__main__":
    main()
