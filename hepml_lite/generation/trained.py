"""Models of showers that a script has trained, as small weights with a card.

`benchmarks/train_shower_models.py` makes them: from the bundled samples without their tests.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from hepml_lite import densities
from hepml_lite.containers.showers import Geometry
from hepml_lite.densities import SetDensity, TrainedDensity
from hepml_lite.files import write_text
from hepml_lite.generation.showers.profiles import ShowerProfiles
from hepml_lite.generation.showers.two_steps import TwoStepVoxels

FOLDER = Path(__file__).parent / "weights"
CARD = FOLDER / "card.json"
NAMES = {
    "profiles": "layers and moments by flow matching",
    "profiles_one_step": "its student of one step",
    "layers": "energies of layers, the first step to voxels",
    "shapes": "voxels given the layers, the second step",
    "layers_one_step": "the student of the first step",
    "shapes_one_step": "the student of the second step",
}
LIBRARIES = ("numpy", "torch", "scikit-learn", "zuko")


def profiles(one_step: bool = False) -> ShowerProfiles:
    """The trained model of layers and moments.

    Raises:
        ValueError: the file is damaged.
    """
    return ShowerProfiles(_density("profiles_one_step" if one_step else "profiles"))


def voxels(geometry: Geometry) -> TwoStepVoxels:
    """The trained model of voxels.

    Args:
        geometry: that of the sample `calo_showers`.

    Raises:
        ValueError: another number of voxels than the model has, or a damaged file.
    """
    model = TwoStepVoxels(geometry)
    model.layers = ShowerProfiles(_density("layers"))
    model.shapes = _density("shapes")
    if model.shapes.n_features != geometry.n_voxels:
        raise ValueError(
            f"the geometry has {geometry.n_voxels} voxels and the model {model.shapes.n_features}: "
            "give that of data_fetch.load('calo_showers')"
        )
    return model


def save(name: str, density: TrainedDensity, seconds: float) -> None:
    """Write a model, and its entry on the card.

    Args:
        name: one of `NAMES`.
        density: trained.
        seconds: of CPU time of the training.
    """
    path = densities.save(density, FOLDER / f"{name}.safetensors")
    card = json.loads(CARD.read_text("utf8")) if CARD.is_file() else {"models": {}}
    card["command"] = "python benchmarks/train_shower_models.py"
    card["versions"] = {library: version(library) for library in LIBRARIES}
    card["models"][name] = {
        "content": NAMES[name],
        "seconds": round(seconds),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    write_text(CARD, json.dumps(card, indent=2) + "\n")


def _density(name: str) -> TrainedDensity:
    path = FOLDER / f"{name}.safetensors"
    expected = json.loads(CARD.read_text("utf8"))["models"][name]["sha256"]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(
            f"{path} is damaged: its hash is {found}, expected {expected}; restore it: "
            "git restore hepml_lite/generation/weights, or reinstall the course"
        )
    density = densities.load(path)
    if isinstance(density, SetDensity):
        raise ValueError(f"{path} holds a density of sets: train it anew")
    return density
