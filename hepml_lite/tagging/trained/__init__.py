"""Small trained networks of the tagging landscape, and what they reached."""

import re
from pathlib import Path

from hepml_lite.tagging.network_tagger import NetworkTagger
from hepml_lite.tagging.training_recipes import TRAINING_RECIPES
from hepml_lite.training.weights import load_weights

FOLDER = Path(__file__).parent


def file_name(row: str) -> str:
    """Name of a row's files, without ending: "ParT, IRC safe" → "part_irc_safe"."""
    return re.sub(r"[^a-z0-9]+", "_", row.lower()).strip("_")


def trained_tagger(row: str) -> NetworkTagger:
    """The tagger of a row as benchmarks/landscape.py trained it (first seed, "lesson" size).

    Weights are stored in half precision and used in single.

    Raises:
        ValueError: no network of that name was stored, naming those that were.
    """
    path = FOLDER / f"{file_name(row)}.safetensors"
    if row not in TRAINING_RECIPES or not path.is_file():
        paths = {name: FOLDER / f"{file_name(name)}.safetensors" for name in TRAINING_RECIPES}
        stored = [name for name, file in paths.items() if file.is_file()]
        raise ValueError(f"no trained {row!r}; there are: {', '.join(stored)}")
    tagger = NetworkTagger(TRAINING_RECIPES[row])
    tagger.network = tagger.make(seed=0)
    load_weights(tagger.network, path).eval()
    return tagger
