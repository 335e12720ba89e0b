"""Train the anomaly trigger of "Fill the budget": `python -m widgets.trigger.make_stored`."""

import json

import numpy as np

import data_fetch
from data_fetch.files import sha256, write_arrays
from hepml_lite.files import write_text
from hepml_lite.trigger.anomaly.on_chip import train_for_chip
from hepml_lite.trigger.anomaly.variational import train_variational
from widgets.trigger.samples import LAYERS, SAMPLE, STORED

SEED = 1


def main() -> None:
    """Train on the background of the training split, and store whole numbers."""
    background = data_fetch.load(SAMPLE, split="train").of_class("background")
    trained = train_variational(background, seed=SEED)
    chip = train_for_chip(trained, background, seed=SEED)
    arrays = {"offset": chip.scaling.offset, "shift": chip.scaling.shift}
    for layer in LAYERS:
        arrays[f"weight_{layer}"] = chip.network.layers[layer].weight
        arrays[f"bias_{layer}"] = chip.network.layers[layer].bias
    write_arrays(STORED, {name: array.astype(np.int16) for name, array in arrays.items()})
    card = {
        "title": "An anomaly trigger 57-28-15-8 in whole numbers",
        "made_by": "python -m widgets.trigger.make_stored",
        "sample": SAMPLE,
        "background_events": len(background),
        "seed": SEED,
        "sha256": sha256(STORED),
    }
    write_text(STORED.with_suffix(".json"), json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
