"""Make stored.npz of "From noise to showers"; some minutes of CPU time.

Run `python widgets/generation/make_stored.py` after a change of the models or of the metrics.
Finished parts are kept in a work folder, so that an interrupted run continues; `--part NAME` makes
only one of them, `--again NAME` makes one anew and takes the rest from stored.npz.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor

from data_fetch import load
from hepml_lite.densities import FlowMatching, ode
from hepml_lite.exact import CamelBack, DrellYan
from hepml_lite.generation import trained, worth
from hepml_lite.generation.evaluation import judge_views, table_views
from hepml_lite.generation.evaluation.metric_table import floors, significances
from hepml_lite.generation.events.methods import make
from hepml_lite.generation.showers import profiles
from widgets.generation.stored import (
    COORDINATES,
    DISTORTIONS,
    ENERGIES,
    GENERATORS,
    MASS_EDGES,
    METHODS,
    METRIC_NAMES,
    N_GENERATED,
    N_SHOWN,
    N_STRENGTHS,
    N_TRAINING,
    STEPS,
    STORED,
    TIMES,
    StoredFrames,
)

SEED = 5
N_PROFILES = 300  # showers of each energy in a mean profile
N_EVENTS = 15_000  # muon pairs
N_JUDGED = 4000
N_CELLS = 20
N_REPEATS = 200
N_METRIC_ROWS = 2000
N_FLOORS = 30  # the spread of a floor is known to 13 %
N_FAULTY = 4  # repetitions of each fault
N_EPOCHS = 10  # of the muon pairs
Arrays = dict[str, Any]


def frames(model: FlowMatching, condition: Tensor, n_between: int = 2) -> list[Tensor]:
    """z (N, D) at each of `TIMES`, from noise, for standardised conditions (N, C)."""
    network = model.fitted_network()
    velocity = model.velocity_given(network, condition)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(SEED)
        z = torch.randn(len(condition), model.n_z)
        found = [z]
        for start, end in pairwise(TIMES):
            between = np.linspace(start, end, n_between + 1).tolist()
            z = ode.with_fixed_steps(velocity, z, between).x
            found.append(z)
    return found


def as_matching(density: object) -> FlowMatching:
    """The density, which must be flow matching."""
    assert isinstance(density, FlowMatching)
    return density


def showers() -> Arrays:
    """Voxels on the way from noise to showers."""
    geometry = load("calo_showers").geometry
    model = trained.voxels(geometry)
    energy = np.repeat(ENERGIES, N_SHOWN)
    layers = model.sample_layers(energy, SEED)
    shapes = as_matching(model.shapes)
    condition = shapes.condition_change.forward(
        torch.as_tensor(model.shape_conditions(layers, energy))
    )[0].float()
    found = []
    for z in frames(shapes, condition):
        voxels = model.energies(shapes.change.inverse(z.double()).numpy(), layers)
        found.append(np.log(np.maximum(voxels, model.threshold / 2) / model.threshold))
    by_time = np.stack(found, axis=1)  # (E N_SHOWN, T, V)
    return {"showers": by_time.reshape(len(ENERGIES), N_SHOWN, len(TIMES), -1)}


def layer_profiles() -> Arrays:
    """Mean energies of the layers on the way, and those of cascades of about the same energy."""
    model = as_matching(trained.profiles().density)
    n_layers = len(load("calo_profiles").card["depths"]) - 1
    means = []
    for energy in ENERGIES:
        condition = torch.as_tensor(profiles.log_energy(np.full(N_PROFILES, energy)))
        c = model.condition_change.forward(condition)[0].float()
        found = [model.change.inverse(z.double()).numpy() for z in frames(model, c)]
        means.append([x[:, :n_layers].mean(axis=0) for x in found])
    x, energies = profiles.profiles_of(load("calo_profiles"))
    true = []
    for energy in ENERGIES:
        near = np.abs(np.log(energies / energy)) < 0.1
        true.append(x[near, :n_layers].mean(axis=0))
    return {"profiles": np.array(means), "true_profiles": np.array(true)}


def peaks() -> Arrays:
    """Masses of muon pairs on the way, in coordinates that suit the peak and in others."""
    truth = DrellYan()
    events, _ = truth.events(N_EVENTS, SEED)
    found = []
    for name in COORDINATES:
        generator = make("flow matching", name, N_EPOCHS).fit(events, SEED)
        model = as_matching(generator.density)
        heights = []
        for z in frames(model, torch.zeros(N_EVENTS, 0), n_between=3):
            numbers = model.change.inverse(z.double()).numpy()
            made = generator.coordinates.to_events(numbers, np.random.default_rng(SEED))
            heights.append(shares(made[:, 0]))
        found.append(heights)
    return {"masses": np.array(found), "true_masses": shares(events[:, 0])}


def shares(mass: np.ndarray) -> np.ndarray:
    """Share of the events in each bin of the mass; what is outside is left out."""
    return np.histogram(mass, MASS_EDGES)[0] / len(mass)


def steps() -> Arrays:
    """Quality against time, for each sampler and number of steps."""
    test = load("calo_profiles", split="test")[:N_JUDGED]
    x, energy = profiles.profiles_of(test, SEED)
    logs = profiles.log_energy(energy)

    def judged(made: np.ndarray) -> tuple[float, float]:
        rounded = profiles.as_stored(made, test, SEED)
        views = table_views(np.hstack([x, logs]), np.hstack([rounded, logs]))
        auc = judge_views(views, SEED).auc
        return auc.value, auc.error

    def timed(model: profiles.ShowerProfiles) -> tuple[float, float, float]:
        start = time.process_time()
        made = model.sample(energy, SEED)
        spent = 1e3 * (time.process_time() - start) / len(energy)
        return (*judged(made), spent)

    model = trained.profiles()
    matching = as_matching(model.density)
    found = np.zeros((3, len(METHODS), len(STEPS)))
    for i, method in enumerate(METHODS):
        for j, n_steps in enumerate(STEPS):
            matching.sampler = method.lower()
            matching.n_steps = n_steps
            found[:, i, j] = timed(model)
    training, of_training = profiles.profiles_of(load("calo_profiles", split="val"), SEED)
    rounded = np.hstack([training, profiles.log_energy(of_training)])
    real = judge_views(table_views(np.hstack([x, logs]), rounded), SEED).auc
    return {
        "auc": found[0],
        "auc_error": found[1],
        "milliseconds": found[2],
        "one_step": np.array(timed(trained.profiles(one_step=True))),
        "real": np.array([real.value, real.error]),
    }


def metrics() -> Arrays:
    """Which metric sees which distortion: layers and moments of cascades of 5 to 50 GeV."""
    x, energy = profiles.profiles_of(load("calo_profiles"))
    chosen = x[(energy > 5) & (energy < 50)][:N_METRIC_ROWS]
    rows = np.column_stack([chosen[:, 20], chosen[:, 21:], chosen[:, 4:18:3]])
    found = np.zeros((len(DISTORTIONS), N_STRENGTHS, len(METRIC_NAMES)))
    floor = floors(rows, N_FLOORS, SEED)
    for j in range(N_STRENGTHS):
        strengths = {name: values[j] for name, values in DISTORTIONS.items()}
        table = significances(rows, strengths, floor, n_repeats=N_FAULTY, rng=SEED + j)
        found[:, j] = table[list(METRIC_NAMES)].to_numpy()
    return {"significances": found}


def amplification() -> Arrays:
    """What generated samples are worth, for generators trained on a hundred events."""
    truth = CamelBack()
    edges = truth.quantiles(N_CELLS)

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        return truth.events(n, rng)[0][:, 0]

    def resampler(training: np.ndarray, rng: np.random.Generator) -> worth.Sampler:
        return lambda n, rng: rng.choice(training, n)

    def kernels(training: np.ndarray, rng: np.random.Generator) -> worth.Sampler:
        width = 0.25 * len(training) ** -0.2 * 2  # between both humps and one of them
        return lambda n, rng: rng.choice(training, n) + width / 2 * rng.normal(size=n)

    def two_gaussians(training: np.ndarray, rng: np.random.Generator) -> worth.Sampler:
        start = np.array([[-1.0], [1.0]])
        fit = GaussianMixture(2, means_init=start).fit(training[:, None])

        def sample(n: int, rng: np.random.Generator) -> np.ndarray:
            which = rng.choice(2, n, p=fit.weights_)
            widths = np.sqrt(fit.covariances_[:, 0, 0])
            return fit.means_[which, 0] + widths[which] * rng.normal(size=n)

        return sample

    makers = dict(zip(GENERATORS, (resampler, kernels, two_gaussians), strict=True))
    curves = [
        worth.amplification_curve(
            draw, edges, maker, N_TRAINING, N_GENERATED, n_repeats=N_REPEATS, rng=SEED
        )
        for maker in makers.values()
    ]
    return {
        "factors": np.array([curve.factor for curve in curves]),
        "factor_errors": np.array([curve.factor_error for curve in curves]),
    }


PARTS: dict[str, Callable[[], Arrays]] = {
    "amplification": amplification,
    "metrics": metrics,
    "peaks": peaks,
    "layer_profiles": layer_profiles,
    "showers": showers,
    "steps": steps,
}


def kept(name: str, work: Path) -> Arrays:
    """A part, from the work folder if it was made before."""
    path = work / f"{name}.npz"
    if not path.exists():
        start = time.process_time()
        made = PARTS[name]()
        work.mkdir(parents=True, exist_ok=True)
        np.savez(path, **made)
        print(f"{name}: {time.process_time() - start:.0f} s", flush=True)
    with np.load(path) as stored:
        return dict(stored)


def main() -> None:
    """Make what is missing, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("output/generation_dashboard"))
    parser.add_argument("--part", choices=PARTS, help="only this one; nothing is stored")
    parser.add_argument("--again", choices=PARTS, help="only this one; the rest stays as stored")
    options = parser.parse_args()
    if options.part:
        kept(options.part, options.work)
        return
    arrays: Arrays = vars(StoredFrames.load()) if options.again else {}
    for name in [options.again] if options.again else PARTS:
        arrays |= kept(name, options.work)
    StoredFrames(**arrays).save()
    card = {
        "data": "calo_showers, calo_profiles; exact.DrellYan and exact.CamelBack",
        "models": "hepml_lite/generation/weights, and flow matching of muon pairs",
        "command": "python widgets/generation/make_stored.py",
        "versions": {name: version(name) for name in ("numpy", "torch", "scikit-learn")},
        "sha256": hashlib.sha256(STORED.read_bytes()).hexdigest(),
    }
    STORED.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", "utf8")
    print(card)


if __name__ == "__main__":
    main()
