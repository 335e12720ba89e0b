"""Bits of their own for each weight: HGQ2 beside ours, on the jet tagger of the trigger.

HGQ2 (C. Sun et al., arXiv:2405.00645) needs Keras, so it gets an environment of its own:

    python -m venv --system-site-packages hgq2
    hgq2/bin/pip install "HGQ2==0.2.0"
    KERAS_BACKEND=torch hgq2/bin/python benchmarks/peers/hgq2_tagger.py

The same jets, nodes and batches. HGQ2 has its own default quantisers, starts from random weights
and has 80 epochs at each price; ours starts from a float network of 40 and has 40 more at each
price, one price after the other. HGQ2 also learns the bits of the activations. Its EBOPs are those
that it reports; it is not tuned here, so this is no race.
"""

import argparse
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from data_fetch import load
from hepml_lite.trigger import results
from hepml_lite.trigger.compression import tagger

BETAS = (1e-6, 1e-5, 3e-5, 1e-4)  # the price of a bit operation, against the cross entropy
BATCH = 256
RATE = 3e-3


def network(price: float) -> Any:
    """The tagger with quantisers of HGQ2; its outputs are logits."""
    import keras
    from hgq.config import LayerConfigScope, QuantizerConfigScope
    from hgq.layers import QDense

    with (
        QuantizerConfigScope(place="all", default_q_type="kbi", overflow_mode="SAT_SYM"),
        QuantizerConfigScope(place="datalane", default_q_type="kif", overflow_mode="WRAP"),
        LayerConfigScope(enable_ebops=True, beta0=price),
    ):
        hidden = [QDense(width, activation="relu") for width in tagger.SIZES[1:-1]]
        return keras.Sequential([*hidden, QDense(tagger.SIZES[-1])])


def trained(price: float, seed: int, epochs: int, inputs: np.ndarray, labels: np.ndarray) -> Any:
    """A network that was trained with this price of a bit operation."""
    import keras

    keras.utils.set_random_seed(seed)
    model = network(price)
    steps = epochs * -(-len(inputs) // BATCH)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(inputs, labels, batch_size=BATCH, epochs=epochs, verbose=0)
    return model


def operations(model: Any, inputs: np.ndarray) -> int:
    """EBOPs, as HGQ2 counts them, with the ranges of these inputs (N, D)."""
    from hgq.utils import trace_minmax

    trace_minmax(model, inputs, verbose=False)
    return sum(int(layer.ebops) for layer in model.layers)


def of_ours(settings: Sequence[str]) -> None:
    """Print what is stored of our own networks."""
    rows = [row for row in results.read_results().rows if row.part == "tagger"]
    for setting in settings:
        same = [row.numbers for row in rows if (row.method, row.setting) == ("own bits", setting)]
        areas = [numbers["auc"] for numbers in same]
        counts = [numbers["ebops"] for numbers in same]
        print(f"ours, price {setting:>5}: {shown(areas, counts)}")


def shown(areas: Sequence[float], counts: Sequence[float]) -> str:
    """Means with their spread over the seeds."""
    spread = np.std(areas, ddof=1) if len(areas) > 1 else np.nan
    low, high = min(counts), max(counts)
    return f"AUC {np.mean(areas):.4f} ± {spread:.4f}, EBOPs {low:.0f} to {high:.0f}"


def main() -> None:
    """Train at every price with every seed, and print both codes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "torch")
    tables = {s: tagger.observables(load("jet_classes", split=s)) for s in ("train", "test")}
    scale = tagger.JetInputs.of_training(tables["train"][0])
    inputs = {split: scale(table) for split, (table, _) in tables.items()}
    labels = {split: numbers for split, (_, numbers) in tables.items()}
    of_ours(["0.01", "0.1", "0.3", "1", "3"])
    for price in BETAS:
        areas, counts = [], []
        for seed in options.seeds:
            model = trained(price, seed, options.epochs, inputs["train"], labels["train"])
            counts.append(operations(model, inputs["train"]))
            logits = np.asarray(model.predict(inputs["test"], verbose=0), float)
            areas.append(tagger.mean_auc(logits, labels["test"]))
        print(f"HGQ2, price {price:.0e}: {shown(areas, counts)}", flush=True)


if __name__ == "__main__":
    main()
