"""Small trained networks of the tagging landscape, and their results."""

import hashlib
import json
import re
from pathlib import Path

from hepml_lite.tagging.network_tagger import NetworkTagger
from hepml_lite.tagging.training_recipes import TRAINING_RECIPES
from hepml_lite.training.weights import load_weights

FOLDER = Path(__file__).parent


def file_name(row: str) -> str:
    """The name of a row's files, without suffix: "ParT, IRC safe" → "part_irc_safe"."""
    return re.sub(r"[^a-z0-9]+", "_", row.lower()).strip("_")


def trained_tagger(row: str) -> NetworkTagger:
    """The tagger of a row as benchmarks/landscape.py trained it (first seed, "lesson" size).

    Weights are stored in half precision and used in single precision.

    Raises:
        ValueError: no network of that name is stored; the message lists those that are. Or the file
            is damaged: its hash is not that of landscape.json.
    """
    path = FOLDER / f"{file_name(row)}.safetensors"
    if row not in TRAINING_RECIPES or not path.is_file():
        paths = {name: FOLDER / f"{file_name(name)}.safetensors" for name in TRAINING_RECIPES}
        stored = [name for name, file in paths.items() if file.is_file()]
        raise ValueError(f"no trained {row!r}; there are: {', '.join(stored)}")
    tagger = NetworkTagger(TRAINING_RECIPES[row])
    tagger.network = tagger.make(seed=0)
    _require_hash(row, path)
    load_weights(tagger.network, path).eval()
    return tagger


def _require_hash(row: str, path: Path) -> None:
    """Compare a file of weights with the results that were written together with it."""
    results = json.loads((FOLDER / "landscape.json").read_text("utf8"))
    expected = results["rows"][row]["sha256"]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(
            f"{path} is damaged: its SHA-256 should be {expected}, but is {found}; "
            f"restore it: git restore hepml_lite/tagging/trained/{path.name}"
        )
