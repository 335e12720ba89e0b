"""Make a sample with its data card, and prove that a stored one comes from its recipe."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hepml_lite.jets import Jets

from . import files, packing
from .generate import pythia, run
from .samples import Sample


def make(name: str, n: int, seed: int, workers: int, folder: Path) -> Sample:
    """Generate n jets and write `<name>.npz` and, last, its card into `folder`.

    Raises:
        ValueError: for an unknown recipe, or numbers below one.
        ModuleNotFoundError: if pythia8mc is not installed.
        OSError: if the folder cannot be written; the jets made so far are kept for the next try.
    """
    sample = Sample(name, folder, remedy=f"make it again: hepml data generate {name}")
    with run.generated_jets(name, n, seed, workers) as jets:
        files.write_arrays(sample.path, packing.pack(jets))
        card = _card(name, jets, seed, files.sha256(sample.path))
        with files.atomic(sample.card_path) as temporary:
            temporary.write_text(json.dumps(card, indent=2) + "\n")
    return sample


def _card(name: str, jets: Jets, seed: int, sha256: str) -> Mapping[str, Any]:
    counts = np.bincount(jets.label, minlength=len(jets.names)).tolist()
    return {
        "name": name,
        **run.recipe(name).CARD,
        "jets": dict(zip(jets.names, counts, strict=True)),
        "split": "fixed, by position: 60 % train, 20 % val, 20 % test",
        "recipe": f"data_fetch/generate/{name}.py",
        "command": f"hepml data generate {name} --events {len(jets)} --seed {seed}",
        "seed": seed,
        "pythia8mc": pythia.version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "licence": "data: CC0-1.0 (made with Pythia 8 and FastJet, which are GPL programs)",
        "sha256": sha256,
    }


def agreement(sample: Sample, n: int) -> float:
    """Share of the first n stored jets that the recipe makes again bit for bit.

    Raises:
        ValueError: if n is not between 1 and the number of stored jets.
        ModuleNotFoundError: if pythia8mc is not installed.
    """
    stored = sample.jets()
    if not 1 <= n <= len(stored):
        raise ValueError(
            f"cannot regenerate {n} jets of {sample.name}: choose from 1 to {len(stored)}"
        )
    recipe, seed = run.recipe(sample.name), sample.card["seed"]
    chunks = range(-(-n // recipe.CHUNK))
    again = Jets.concatenate([recipe.chunk(seed, number) for number in chunks])
    return float(np.mean(_same(stored[:n], packing.unpack(packing.pack(again[:n])))))


def _same(first: Jets, second: Jets) -> np.ndarray:
    """For each pair of jets: are all their numbers equal?"""
    width = max(first.mask.shape[1], second.mask.shape[1])
    first, second = first.padded(width), second.padded(width)
    equal = first.label == second.label
    for key in ("constituents", "mask", "pid"):
        pair = getattr(first, key), getattr(second, key)
        if pair[0] is not None:
            equal &= (pair[0] == pair[1]).reshape(len(first), -1).all(axis=1)
    return equal
