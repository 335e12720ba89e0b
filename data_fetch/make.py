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
    """Generate n jets and write `<name>.npz` and its card into `folder`, both or neither.

    Raises:
        ValueError: for an unknown recipe, or numbers below one.
        ModuleNotFoundError: if pythia8mc is not installed.
    """
    jets = run.generate_jets(name, n, seed, workers)
    sample = Sample(name, folder, remedy=f"make it again: hepml data generate {name}")
    files.write_arrays(sample.path, packing.pack(jets))
    card = _card(name, jets, seed, files.sha256(sample.path))
    with files.atomic(folder / f"{name}.json") as temporary:
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
    stored = files.read_arrays(sample.path)
    total = len(stored["label"])
    if not 1 <= n <= total:
        raise ValueError(f"cannot regenerate {n} jets of {sample.name}: choose from 1 to {total}")
    recipe, seed = run.recipe(sample.name), sample.card["seed"]
    chunks = range(-(-n // recipe.CHUNK))
    again = packing.pack(Jets.concatenate([recipe.chunk(seed, c) for c in chunks]))
    return float(np.mean(_same_jets(stored, again, n)))


def _same_jets(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray], n: int):
    """For each of the first n jets: are all its stored numbers equal?"""
    pairs = [_rows(arrays, n) for arrays in (first, second)]
    return [a == b for a, b in zip(*pairs, strict=True)]


def _rows(arrays: Mapping[str, np.ndarray], n: int) -> list[bytes]:
    counts = arrays["n_constituents"].astype(int)
    edges = np.concatenate([[0], np.cumsum(counts)])
    per_jet = [key for key in arrays if len(arrays[key]) == len(counts)]
    rows = []
    for i in range(n):
        inside = slice(edges[i], edges[i + 1])
        parts = [arrays[k][i : i + 1] if k in per_jet else arrays[k][inside] for k in arrays]
        rows.append(b"".join(part.tobytes() for part in parts))
    return rows
