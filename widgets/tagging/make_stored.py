"""Make stored.npz, the jets and scores of "Which tagger, and at what price?"; an hour or less.

Run `python widgets/tagging/make_stored.py` after a change of the data, of the trained networks or
of the variations. It scores the test jets of top_tagging with every stored network (observable
taggers are fitted again), without change and after each variation of
hepml_lite.jet_physics.variations.systematics. It scores the samples with another shower and with
multiple interactions, and trains a few taggers on fewer jets. Scores are kept in a work folder, so
that a second run makes only the new ones. `--weights` looks for networks that are not stored yet.
"""

import argparse
import hashlib
import json
import os
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.files import atomic_write
from hepml_lite.jet_physics.variations.systematics import vary
from hepml_lite.statistics.metrics import auc
from hepml_lite.statistics.scored_variation import ScoredVariation
from hepml_lite.statistics.tagger_rates import TaggerRates
from hepml_lite.tagging.network_tagger import NetworkTagger
from hepml_lite.tagging.tagger import Tagger
from hepml_lite.tagging.trained import FOLDER, file_name
from hepml_lite.tagging.training_recipes import TAGGERS, TRAINING_RECIPES
from hepml_lite.training.weights import load_weights

HERE = Path(__file__).parent
DATA: Final = "top_tagging"
LEVELS = 3  # mild, medium, strong
CHANGES = {  # name in the dashboard: name in `systematics.VARIATIONS`, strengths
    "energy scale up": ("energy scale", (1, 2, 5)),
    "energy scale down": ("energy scale", (-1, -2, -5)),
    "energy resolution": ("energy resolution", (5, 10, 20)),
    "lost particles": ("lost particles", (2, 5, 10)),
    "soft threshold": ("soft threshold", (0.5, 1, 2)),
    "angular resolution": ("angular resolution", (2, 5, 20)),
}
OTHERS = {"Vincia shower": "top_tagging_vincia", "multiple interactions": "top_tagging_mpi"}
CURVES = ("mass", "trees", "PFN", "ParticleNet", "PELICAN")
SIZES = (300, 1000, 3000, 10_000)  # training jets
SEEDS = (1, 2)
STEPS = 400  # least number of training steps


@dataclass(frozen=True)
class Samples:
    """All jets that are scored, by name: nominal, each change and level, each other sample."""

    test: Jets
    changed: dict[str, list[Jets]]
    others: dict[str, Jets]

    @classmethod
    def read(cls, n_test: int | None, n_varied: int) -> "Samples":
        """The bundled samples; those that are missing are left out."""
        test, others = load(DATA, split="test")[:n_test], {}
        for name, data in OTHERS.items():
            try:
                others[name] = load(data)[:n_test]
            except (ValueError, FileNotFoundError) as error:
                print(f"without {name}: {error}", flush=True)
        few = test[:n_varied]
        changed = {k: [vary(few, name, s) for s in grid] for k, (name, grid) in CHANGES.items()}
        return cls(test, changed, others)

    def parts(self) -> dict[str, Jets]:
        """One name for each sample."""
        levels = {f"{name} {k}": j for name, js in self.changed.items() for k, j in enumerate(js)}
        return {"nominal": self.test, **levels, **self.others}


def stored_weights(row: str, weights: Path) -> Path | None:
    """The file with the network of a row, if there is one."""
    paths = (FOLDER / f"{file_name(row)}.safetensors", weights / f"{file_name(row)}-1.safetensors")
    return next((path for path in paths if path.is_file()), None)


def features(row: str, made: Tagger, split: str, options: argparse.Namespace) -> np.ndarray:
    """The inputs of a tagger on observables; benchmarks/landscape.py may have stored them."""
    kept, own = (
        folder / f"{file_name(row)}_features{part}.npz"
        for folder, part in ((options.weights, ""), (options.work, f"_{split}"))
    )
    if not kept.is_file() and not own.is_file():
        found = made.features(load(DATA, split=split))
        if not isinstance(found, np.ndarray):  # sparse inputs are quick to make again
            return found
        kept_features: dict[str, Any] = {split: found}
        np.savez(own, **kept_features)
    with np.load(kept if kept.is_file() else own) as stored:
        return stored[split]


def tagger(row: str, weights: Path | None, options: argparse.Namespace) -> Any:
    """The network of a row with its weights, or the tagger on observables, fitted."""
    made = TAGGERS[row]("lesson")
    if not isinstance(made, NetworkTagger):
        read = features(row, made, "train", options)
        return made.fit_features(read, load(DATA, split="train").label, seed=1)
    if weights is None:
        raise FileNotFoundError(f"{row}: no stored weights; train it with benchmarks/landscape.py")
    made.network = made.make(seed=0)
    load_weights(made.network, weights).eval()
    return made


def scored(row: str, samples: Samples, options: argparse.Namespace) -> dict[str, np.ndarray] | None:
    """Scores of a row in every sample, and its number of parameters; None without weights."""
    weights = stored_weights(row, options.weights)
    if row in TRAINING_RECIPES and weights is None:
        return None
    key = hashlib.sha256(weights.read_bytes() if weights else b"").hexdigest()[:12]
    path = options.work / f"{file_name(row)}-{key}-{options.varied}.npz"
    done = dict(np.load(path)) if path.exists() else {}
    missing = {name: jets for name, jets in samples.parts().items() if name not in done}
    if missing:
        started, fitted = time.process_time(), tagger(row, weights, options)
        done |= {name: fitted.score(jets).astype(np.float32) for name, jets in missing.items()}
        done["parameters"] = np.array(fitted.n_parameters)
        with atomic_write(path) as temporary:
            np.savez(temporary, **done)
        print(f"{row}: {time.process_time() - started:.0f} s", flush=True)
    return done


def sample(samples: Samples, rows: dict[str, dict[str, np.ndarray]]) -> TaggerRates:
    """All scores in one sample, without learning curves."""
    nominal = {row: done["nominal"] for row, done in rows.items()}
    parameters = {row: int(done["parameters"]) for row, done in rows.items()}
    made, variations = TaggerRates.from_scores(samples.test, nominal, parameters), {}
    for name, levels in samples.changed.items():
        scores = [[done[f"{name} {k}"] for k in range(len(levels))] for done in rows.values()]
        labels = levels[0].label
        before = made.scores[:, : len(labels)]
        strengths = CHANGES[name][1]
        variations[name] = ScoredVariation.counted(
            strengths, labels, scores, made.thresholds, before
        )
    for name, jets in samples.others.items():
        scores = [[done[name]] for done in rows.values()]
        variations[name] = ScoredVariation.counted([1.0], jets.label, scores, made.thresholds)
    return replace(made, variations=variations)


def one_auc(row: str, n_jets: int, seed: int, options: argparse.Namespace) -> float:
    """AUC on the test jets after training on a small number of jets."""
    train, test = load(DATA, split="train"), load(DATA, split="test")
    few = np.random.default_rng(seed).permutation(len(train))[:n_jets]
    made = TAGGERS[row]("lesson")
    if not isinstance(made, NetworkTagger):
        read = {split: features(row, made, split, options) for split in ("train", "test")}
        made.fit_features(read["train"][few], train.label[few], seed=seed)
        return auc(test.label, made.score_features(read["test"]))
    recipe = made.recipe
    epochs = max(recipe.epochs, round(STEPS * recipe.batch_size / n_jets))
    made = TAGGERS[row]("lesson", epochs=epochs, device="cpu")
    return auc(test.label, made.fit(train[few], seed=seed).score(test))


def curves(options: argparse.Namespace, full: TaggerRates) -> dict[str, np.ndarray]:
    """Training jets, AUC and its spread over trainings (K, 3) of a few taggers."""
    path = options.work / "curves.json"
    done = json.loads(path.read_text()) if path.exists() else {}
    for row in () if options.no_curves else CURVES:
        for n_jets, seed in ((n, s) for n in SIZES for s in SEEDS):
            key = f"{row}, {n_jets} jets, seed {seed}"
            if key not in done:
                started = time.process_time()
                done[key] = one_auc(row, n_jets, seed, options)
                print(f"{key}: {done[key]:.4f}, {time.process_time() - started:.0f} s", flush=True)
                path.write_text(json.dumps(done, indent=1))
    found = {}
    for row in CURVES:
        points: list[tuple[float, float, float]] = []
        for n in SIZES:
            keys = [f"{row}, {n} jets, seed {s}" for s in SEEDS]
            if all(key in done for key in keys):
                values = [done[key] for key in keys]
                points.append((n, float(np.mean(values)), float(np.std(values, ddof=1))))
        if row in full.jets.taggers:
            points.append((len(load(DATA, split="train")), full.auc[full.jets.row(row)], 0.0))
        if len(points) > 1:
            found[row] = np.array(points)
    return found


def card(made: TaggerRates, test: Jets, path: Path, seconds: float) -> dict:
    """A record of how the file was made, with hashes and numbers that identify it."""
    return {
        "data": f"data_fetch.load({DATA!r}), split 'test'",
        "data_card": {key: test.card.get(key) for key in ("command", "seed", "sha256")},
        "jets": len(test),
        "auc": dict(zip(made.jets.taggers, made.auc.round(4).tolist(), strict=True)),
        "variations": {name: v.strengths.tolist() for name, v in made.variations.items()},
        "varied_jets": {name: int(v.total.sum()) for name, v in made.variations.items()},
        "curves": {name: curve[:, 0].astype(int).tolist() for name, curve in made.curves.items()},
        "seconds_of_the_last_run": round(seconds),
        "versions": {name: version(name) for name in ("torch", "numpy", "scikit-learn")},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def main() -> None:
    """Load, score, store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=list(TAGGERS), choices=list(TAGGERS))
    parser.add_argument("--jets", type=int, help="test jets; default all")
    parser.add_argument("--varied", type=int, default=5000, help="of them are varied")
    parser.add_argument("--no-curves", action="store_true", help="train no more for curves")
    parser.add_argument("--weights", type=Path, default=Path("output/landscape"))
    parser.add_argument("--work", type=Path, default=Path("output/tagging_dashboard"))
    parser.add_argument("--out", type=Path, default=HERE / "stored.npz")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    started = time.process_time()
    samples = Samples.read(options.jets, options.varied)
    rows = {row: scored(row, samples, options) for row in options.rows}
    made = sample(samples, {row: done for row, done in rows.items() if done})
    made = replace(made, curves=curves(options, made))
    made.save(options.out)
    text = card(made, samples.test, options.out, time.process_time() - started)
    text = json.dumps(text, indent=2, ensure_ascii=False) + "\n"
    options.out.with_suffix(".json").write_text(text, "utf8")
    print(text)


if __name__ == "__main__":
    main()
