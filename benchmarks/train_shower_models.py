"""Train the models of showers that notebooks and dashboards load; some ten minutes of CPU time.

    python benchmarks/train_shower_models.py

trains what is not there yet, one model after the other; `--again NAME` trains one anew.
"""

import argparse
import time
from functools import cache

import numpy as np

from data_fetch import load
from hepml_lite.densities import Consistency, FlowMatching, TrainedDensity, TrainingPlan
from hepml_lite.generation import trained
from hepml_lite.generation.showers import TwoStepVoxels, profiles

SEED = 3


def plan(epochs: int, batch_size: int = 256, learning_rate: float = 2e-3) -> TrainingPlan:
    """A plan without early stop, and without a bar."""
    return TrainingPlan(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=None,
        progress=False,
    )


@cache
def profile_rows() -> tuple[np.ndarray, np.ndarray]:
    """Profiles and incident energies of the training."""
    parts = [load("calo_profiles", split=split) for split in ("train", "val")]
    found = [profiles.profiles_of(part, seed) for seed, part in enumerate(parts)]
    return np.concatenate([x for x, _ in found]), np.concatenate([e for _, e in found])


@cache
def voxel_rows() -> tuple[np.ndarray, np.ndarray]:
    """Voxels and incident energies of the training."""
    parts = [load("calo_showers", split=split).dequantised(0) for split in ("train", "val")]
    voxels = np.concatenate([part.voxels for part in parts])
    return voxels, np.concatenate([part.energy for part in parts]).astype(float)


def student_of(teacher: TrainedDensity, epochs: int) -> Consistency:
    """An untrained student of one step."""
    assert isinstance(teacher, FlowMatching)
    return Consistency(teacher=teacher, plan=plan(epochs, learning_rate=5e-4))


def train(name: str) -> TrainedDensity:
    """The model of this name; students need their teachers on disk."""
    if name.startswith("profiles"):
        x, energy = profile_rows()
        model = profiles.profiles_by("flow_matching", tuple(load("calo_profiles").card["depths"]))
        model.density.plan = plan(70, 512)
        if name == "profiles_one_step":
            model.density = student_of(trained.profiles().density, 10)
        return model.fit(x, energy, rng=SEED).density
    voxels, energy = voxel_rows()
    geometry = load("calo_showers").geometry
    two_steps = TwoStepVoxels(geometry)
    if name.endswith("_one_step"):
        teacher = trained.voxels(geometry)
        two_steps.layers.density = student_of(teacher.layers.density, 10)
        two_steps.shapes = student_of(teacher.shapes, 4)
    else:
        two_steps.layers.density.plan = plan(70, 512)
        two_steps.shapes.plan = plan(16, learning_rate=3e-3)
    if name.startswith("layers"):
        two_steps.fit_layers(voxels, energy, rng=SEED)
        return two_steps.layers.density
    two_steps.fit_shapes(voxels, energy, rng=SEED)
    return two_steps.shapes


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", nargs="+", default=[], choices=trained.NAMES)
    parser.add_argument("--only", nargs="+", default=list(trained.NAMES), choices=trained.NAMES)
    options = parser.parse_args()
    for name in options.only:
        path = trained.FOLDER / f"{name}.safetensors"
        if path.is_file() and name not in options.again:
            continue
        start = time.process_time()
        density = train(name)
        trained.save(name, density, time.process_time() - start)
        print(name, density.history, flush=True)


if __name__ == "__main__":
    main()
