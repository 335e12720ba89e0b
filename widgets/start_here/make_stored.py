"""Make stored.npz, the tagged test sample of "Cut or learn?"; about five minutes on one core.

Run `python widgets/start_here/make_stored.py` after a change of the data, the network or the
training loop. It trains the particle flow network with three seeds, keeps mass, scores and truth of
every test jet and the constituents of 200 of them, and writes what was done to stored.json.
"""

import argparse
import hashlib
import json
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

import data_fetch
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.scored_jets import ScoredJets
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.inputs import network_inputs
from hepml_lite.statistics.metrics import auc, background_rejection
from hepml_lite.training import cosine, cross_entropy, fit, predict

FOLDER = Path(__file__).parent
SEEDS = (1, 2, 3)
BATCH_SIZE, LEARNING_RATE = 128, 3e-3  # with these, twelve epochs are enough


def log_odds(train: Jets, val: Jets, test: Jets, seed: int, epochs: int) -> np.ndarray:
    """Train on one sample, return ln p(top)/p(QCD) of each test jet, (N,)."""
    torch.manual_seed(seed)
    network = ParticleFlowNetwork()
    fit(
        network,
        (*network_inputs(train), train.label),
        cross_entropy,
        validation=(*network_inputs(val), val.label),
        epochs=epochs,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        schedule=cosine,
        seed=seed,
        device="cpu",
        progress=False,
    )
    logits = predict(network, network_inputs(test), device="cpu")  # (N, 2)
    return logits[:, 1] - logits[:, 0]


def card(results: ScoredJets, test: Jets, epochs: int, seconds: float) -> dict:
    """What was done, and numbers to recognise it by."""
    labels = results.label
    return {
        "data": "data_fetch.load('top_tagging'), split 'test'",
        "data_card": {key: test.card.get(key) for key in ("command", "seed", "sha256")},
        "jets": len(labels),
        "network": "ParticleFlowNetwork(), fed with networks.inputs.network_inputs",
        "seeds": SEEDS,
        "epochs": epochs,
        "batch_size": BATCH_SIZE,
        "learning_rate": LEARNING_RATE,
        "seconds_on_one_core": round(seconds),
        "auc": [round(auc(labels, s), 4) for s in results.trainings()],
        "background_rejection_at_0.5": [
            round(background_rejection(labels, s, 0.5)) for s in results.trainings()
        ],
        "versions": {name: version(name) for name in ("torch", "numpy")},
    }


def main() -> None:
    """Load, train, store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--jets", type=int, help="train on the first so many only, to try it out")
    parser.add_argument("--out", type=Path, default=FOLDER / "stored.npz")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    started = time.perf_counter()
    train, val, test = (data_fetch.load("top_tagging", split=s) for s in ("train", "val", "test"))
    train = train[: arguments.jets]
    scores = [log_odds(train, val, test, seed, arguments.epochs) for seed in SEEDS]
    results = ScoredJets.from_jets(test, {"PFN": np.stack(scores)}, shown=200)
    results.save(arguments.out)
    made = card(results, test, arguments.epochs, time.perf_counter() - started)
    made["sha256"] = hashlib.sha256(arguments.out.read_bytes()).hexdigest()
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    arguments.out.with_suffix(".json").write_text(text, "utf8")
    print(text)


if __name__ == "__main__":
    main()
