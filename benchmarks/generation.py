"""All generators of showers and jets, judged alike, several seeds each.

    python benchmarks/fresh_cascades.py FOLDER
    python benchmarks/generation.py --fresh FOLDER

writes `hepml_lite/generation/results.json`, row by row: what is there already is not computed
again, so that the script can be stopped and go on.

Models of showers are trained on the bundled samples without their tests: 24 000 profiles, 8000
showers in voxels, all dequantised. They are judged at the incident energies of fresh cascades, or
of the bundled test without a folder. "real" is the training sample against the same cascades.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from data_fetch import load
from data_fetch.generate import calo_showers
from hepml_lite.containers.events import Events
from hepml_lite.containers.showers import Geometry, Showers
from hepml_lite.containers.stored_steps import JUDGED_ABOVE
from hepml_lite.densities import Consistency, FlowMatching
from hepml_lite.generation import jets as clouds
from hepml_lite.generation.evaluation import (
    GaussianModel,
    Resampler,
    judge_views,
    memorisation,
    neighbour_metrics,
    table_views,
)
from hepml_lite.generation.evaluation.strong_judge import FEWEST_ROWS
from hepml_lite.generation.events import (
    VariationalAutoencoder,
    VectorQuantisedAutoencoder,
    WassersteinGAN,
)
from hepml_lite.generation.results import RESULTS, Result, Results, read_results, write_results
from hepml_lite.generation.showers import (
    ShowerProfiles,
    ThreeStepVoxels,
    TwoStepVoxels,
    judge_showers,
    profiles,
)
from hepml_lite.generation.showers.coordinates import profile_coordinates
from hepml_lite.generation.showers.refinement import (
    BridgeRefinement,
    RegressionRefinement,
    WeightRefinement,
)
from hepml_lite.generation.showers.two_steps import (
    THRESHOLD,
    students_plan,
    voxels_by_autoencoder,
    voxels_by_words,
)
from hepml_lite.generation.showers.views import feature_rows
from hepml_lite.statistics.intervals import central_interval

sys.path.append(str(Path(__file__).parent))
import fresh_cascades

SHOWER_PARTS = {
    "profiles": (
        "real",
        "gaussian",
        "resampler",
        "flow_matching",
        "one_step",
        "flow",
        "diffusion",
        "vae",
        "vector_quantised",
        "gan",
    ),
    "voxels": (
        "real",
        "gaussian",
        "resampler",
        "parametrised",
        "three_steps",
        "two_steps",
        "one_step",
        "vae",
        "vector_quantised",
    ),
    "refinement": ("parametrised", "weights", "regression", "bridge"),
}
JET_PARTS = {"jets": ("resampler", "matching", "next_token", "adversarial")}
PARTS = {**SHOWER_PARTS, **JET_PARTS}
BATCHES = {1: 5, 100: 2, 10_000: 1}  # showers at once, and how often they are timed
MOST_NEIGHBOURS = 3000  # rows of nearest-neighbour metrics
Numbers = dict[str, float]


@dataclass
class Bench:
    """The samples of all parts.

    Attributes:
        fresh: folder of fresh cascades; None: the bundled test.
        n_showers: fresh cascades to read.
        profile_teachers: fitted models that have students, by seed, so that none is trained twice.
        voxel_teachers: the same.
    """

    fresh: Path | None
    n_showers: int
    profile_teachers: dict[int, ShowerProfiles] = field(default_factory=dict)
    voxel_teachers: dict[int, TwoStepVoxels] = field(default_factory=dict)

    @cached_property
    def events(self) -> Events:
        """The sample of profiles, which also says how they are rounded."""
        return load("calo_profiles")

    @cached_property
    def profiles(self) -> tuple[np.ndarray, np.ndarray]:
        """Profiles of the training and their incident energies."""
        parts = [load("calo_profiles", split=split) for split in ("train", "val")]
        found = [profiles.profiles_of(part, seed) for seed, part in enumerate(parts)]
        return np.concatenate([x for x, _ in found]), np.concatenate([e for _, e in found])

    @cached_property
    def showers(self) -> Showers:
        """Showers of the training."""
        parts = [load("calo_showers", split=split) for split in ("train", "val")]
        return parts[0].concatenate(parts).dequantised(0)

    @cached_property
    def judged(self) -> fresh_cascades.FreshShowers:
        """Showers that the judges see, rounded and dequantised as the stored ones."""
        if self.fresh is not None:
            found = fresh_cascades.read(self.fresh, self.n_showers)
            return found._replace(profiles=profiles.as_stored(found.profiles, self.events, 7))
        test = load("calo_profiles", split="test")
        x, energy = profiles.profiles_of(test, 7)
        return fresh_cascades.FreshShowers(energy, np.zeros((len(x), 0)), x)

    @cached_property
    def judged_voxels(self) -> fresh_cascades.FreshShowers:
        """The same with voxels."""
        if self.fresh is not None:
            return self.judged
        test = load("calo_showers", split="test").dequantised(7)
        return fresh_cascades.FreshShowers(
            test.energy.astype(float), test.voxels, np.zeros((len(test), 0))
        )


def run_profiles(bench: Bench, method: str, seed: int) -> Numbers:
    """Train a model of layers and moments, and judge it."""
    x, energy = bench.profiles
    judged = bench.judged
    depths = tuple(bench.events.card["depths"])
    numbers: Numbers = {}
    if method == "real":
        made, of_made = x[: len(judged.energy)], energy[: len(judged.energy)]
    elif method in ("gaussian", "resampler"):
        model = GaussianModel() if method == "gaussian" else Resampler()
        logs = profiles.log_energy(judged.energy)
        made = model.fit(x, profiles.log_energy(energy)).sample(logs, seed)
        of_made = judged.energy
    else:
        density = untrained_profiles(bench, method, depths, seed)
        density.density.plan.progress = False
        density.fit(x, energy, rng=seed)
        if method == "flow_matching":
            bench.profile_teachers[seed] = density
        numbers |= milliseconds(density.sample)
        made, of_made = density.sample(judged.energy, seed + 100), judged.energy
    made = profiles.as_stored(np.maximum(made, 0), bench.events, seed + 200)
    real_rows = np.hstack([judged.profiles, profiles.log_energy(judged.energy)])
    made_rows = np.hstack([made, profiles.log_energy(of_made)])
    verdict = judge_views(table_views(real_rows, made_rows), seed)
    numbers |= {f"auc_{name}": area.value for name, area in verdict.areas.items()}
    numbers |= {"auc": verdict.auc.value, "auc_error": verdict.auc.error}
    n_layers = len(depths) - 1
    return numbers | response(judged.profiles, made, n_layers) | copies(x, judged.profiles, made)


def untrained_profiles(
    bench: Bench, method: str, depths: tuple[float, ...], seed: int
) -> ShowerProfiles:
    """The model of this name; a student has the teacher of its seed, trained or not."""
    if method in profiles.KINDS:
        return profiles.profiles_by(method, depths)
    if method == "one_step":
        usual = profiles.profiles_by("flow_matching", depths)
        teacher = bench.profile_teachers.get(seed, usual)
        return ShowerProfiles(student_of(teacher.density))
    change = profile_coordinates(depths)
    if method == "gan":
        return ShowerProfiles(WassersteinGAN(change=change))
    if method == "vae":
        return ShowerProfiles(VariationalAutoencoder(n_codes=12, change=change))
    return ShowerProfiles(VectorQuantisedAutoencoder(n_words=8, n_entries=32, change=change))


def run_voxels(bench: Bench, method: str, seed: int) -> Numbers:
    """Train a model of voxels, and judge it."""
    training = bench.showers
    judged = bench.judged_voxels
    energy = judged.energy
    numbers: Numbers = {}
    of_made = energy
    rng = np.random.default_rng(seed)
    if method == "real":
        made, of_made = training.voxels, training.energy.astype(float)
    elif method == "parametrised":
        made = calo_showers.showers("parametrised", energy, rng)
    elif method in ("gaussian", "resampler"):
        simple = GaussianModel() if method == "gaussian" else Resampler()
        logs = profiles.log_energy(training.energy)
        voxels = np.log(training.voxels + THRESHOLD) if method == "gaussian" else training.voxels
        made = simple.fit(voxels, logs).sample(profiles.log_energy(energy), seed)
        if method == "gaussian":
            made = np.maximum(np.exp(made) - THRESHOLD, 0)
    else:
        model = trained_voxels(bench, method, seed)
        if seed == 0:
            numbers |= milliseconds(model.sample)
        made = model.sample(energy, seed + 100)
    geometry = training.geometry
    verdict = judge_showers(judged.voxels, made, energy, of_made, geometry, rng=seed)
    numbers |= {f"auc_{name}": area.value for name, area in verdict.areas.items()}
    numbers |= {"auc": verdict.auc.value, "auc_error": verdict.auc.error}
    samples = [
        (training.voxels, training.energy),
        (judged.voxels, energy),
        (made, of_made),
    ]
    rows = [feature_rows(np.where(v >= JUDGED_ABOVE, v, 0.0), e, geometry) for v, e in samples]
    return numbers | copies(*rows)


def trained_voxels(bench: Bench, method: str, seed: int) -> TwoStepVoxels:
    """The fitted model of this name; a student has the two steps of its seed as teacher."""
    showers = bench.showers
    if method == "one_step":
        if seed not in bench.voxel_teachers:
            trained_voxels(bench, "two_steps", seed)
        teacher = bench.voxel_teachers[seed]
        plan = replace(students_plan(), progress=False)
        return teacher.in_one_step(showers.voxels, showers.energy, plan, rng=seed)
    makers: dict[str, Callable[[Geometry], TwoStepVoxels]] = {
        "two_steps": TwoStepVoxels,
        "three_steps": ThreeStepVoxels,
        "vae": voxels_by_autoencoder,
        "vector_quantised": voxels_by_words,
    }
    model = makers[method](showers.geometry)
    model.shapes.plan.progress = False
    model.layers.density.plan.progress = False
    model.fit(showers.voxels, showers.energy, rng=seed)
    if method == "two_steps":
        bench.voxel_teachers[seed] = model
    return model


def run_refinement(bench: Bench, method: str, seed: int) -> Numbers:
    """Refine parametrised showers towards cascades of the same energies; 28 sums of voxels."""
    training = bench.showers
    energy = training.energy.astype(float)
    judged = bench.judged_voxels
    rng = np.random.default_rng(seed)
    slow = sums(training.voxels, energy, training)
    fast = sums(calo_showers.showers("parametrised", energy, rng), energy, training)
    n_starts = 4 if method == "weights" else 1  # weights throw some away
    of_start = np.tile(judged.energy, n_starts)
    start = sums(calo_showers.showers("parametrised", of_start, rng), of_start, training)
    made = start
    numbers: Numbers = {}
    if method == "weights":
        weights = WeightRefinement().fit(fast, slow, energy, rng=seed).weights(start, of_start)
        numbers["effective"] = float(weights.sum() ** 2 / (weights**2).sum() / len(weights))
        kept = rng.random(len(weights)) < weights / np.quantile(weights, 0.999)
        made, of_start = start[kept], of_start[kept]
        numbers["kept"] = float(kept.mean())
        if kept.sum() < FEWEST_ROWS:  # too few for a judge, which is a result, too
            return numbers
    elif method != "parametrised":
        model = RegressionRefinement() if method == "regression" else BridgeRefinement()
        plan = model.plan if isinstance(model, RegressionRefinement) else model.bridge.density.plan
        plan.progress = False
        made = model.fit(fast, slow, energy, rng=seed).transport(start, of_start, seed)
    real_rows = np.hstack(
        [sums(judged.voxels, judged.energy, training), profiles.log_energy(judged.energy)]
    )
    made_rows = np.hstack([made, profiles.log_energy(of_start)])
    verdict = judge_views(table_views(real_rows, made_rows), seed)
    moved = made - start if len(made) == len(start) else np.zeros_like(start)
    numbers["moved"] = float((moved / slow.std(axis=0)).__abs__().mean())
    return numbers | {"auc": verdict.auc.value, "auc_error": verdict.auc.error}


def run_jets(bench: Bench, method: str, seed: int) -> Numbers:
    """Train a generator of top jets of 30 particles, and compare distributions with the test."""
    sample = load("top_tagging")
    tops = sample[sample.label == 1].dequantised(0)
    cloud = clouds.cloud_of(tops)
    n = len(cloud.mask) // 2
    training = clouds.Cloud(cloud.particles[:n], cloud.mask[:n])
    real = clouds.Cloud(cloud.particles[n:], cloud.mask[n:])
    if method == "resampler":
        drawn = np.random.default_rng(seed).integers(n, size=n)
        made = clouds.Cloud(training.particles[drawn], training.mask[drawn])
    else:
        model = {
            "matching": clouds.CloudMatching,
            "next_token": clouds.NextToken,
            "adversarial": clouds.AdversarialSets,
        }[method]()
        made = model.fit(training, rng=seed).sample(n, seed)
    measured = clouds.clouds
    return {
        name: 1e3 * measured.in_batches(distance, real, made, rng=seed).value
        for name, distance in (
            ("w1_mass", measured.w1_mass),
            ("w1_particles", measured.w1_particles),
            ("w1_number", measured.w1_number),
        )
    }


RUNS: dict[str, Callable[[Bench, str, int], Numbers]] = {
    "profiles": run_profiles,
    "voxels": run_voxels,
    "refinement": run_refinement,
    "jets": run_jets,
}


def student_of(teacher: object) -> Consistency:
    """A one-step student of flow matching, which it trains first if that is not trained."""
    assert isinstance(teacher, FlowMatching)
    student = Consistency(teacher=teacher)
    student.plan.progress = False
    return student


def response(real: np.ndarray, made: np.ndarray, n_layers: int) -> Numbers:
    """Mean response of made over real, and the ratio of the widths of the central 68 %."""
    totals = [rows[:, :n_layers].sum(axis=1) for rows in (real, made)]
    widths = [np.diff(np.ravel(central_interval(total[:, None]))).item() for total in totals]
    return {
        "response_shift": float(totals[1].mean() - totals[0].mean()),
        "response_width": widths[1] / widths[0],
    }


def copies(training: np.ndarray, real: np.ndarray, made: np.ndarray) -> Numbers:
    """Memorisation, precision, recall, density and coverage in standardised features.

    "closer" compares training and real samples of the same size, so that only a part of the copies
    of a large training sample has its original in it.
    """
    width = real.std(axis=0)
    width[width == 0] = 1.0
    n = min(len(training), len(real), len(made), MOST_NEIGHBOURS)
    of_training, of_real, of_made = (rows / width for rows in (training, real, made))
    small = memorisation(of_training[:n], of_real[:n], of_made[:n])
    repeated = np.resize(of_real, of_training.shape)  # only its distances to the training count
    return {
        "closer": small.closer_to_training,
        "copies": memorisation(of_training, repeated, of_made[:n]).copies,
        **neighbour_metrics(of_real[:n], of_made[:n])._asdict(),
    }


def sums(voxels: np.ndarray, energy: np.ndarray, showers: Showers) -> np.ndarray:
    """Shares of the incident energy in layers and in rings, (N, L + R)."""
    grid = np.asarray(voxels, dtype=float).reshape(len(voxels), *showers.grid().shape[1:])
    both = np.hstack([grid.sum(axis=(2, 3)), grid.sum(axis=(1, 2))])
    return both / energy[:, None]


def milliseconds(sample: Callable[..., np.ndarray]) -> Numbers:
    """CPU time of a shower, made alone, with a hundred, and with ten thousand [ms]."""
    found = {}
    for n, n_times in BATCHES.items():
        energy = np.geomspace(1, 100, n)
        start = time.process_time()
        for seed in range(n_times):
            sample(energy, seed)
        found[f"ms_{n}"] = 1e3 * (time.process_time() - start) / (n_times * n)
    return found


def main() -> None:
    """Compute what is missing and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--methods", nargs="+", help="only these, of those of a part")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--fresh", type=Path, help="folder of benchmarks/fresh_cascades.py")
    parser.add_argument("--showers", type=int, default=25_000, help="fresh cascades to read")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    bench = Bench(options.fresh, options.showers)
    results = read_results(options.out) if options.out.is_file() else Results({}, ())
    for seed in options.seeds:
        for part in options.parts:
            for method in PARTS[part]:
                is_asked = options.methods is None or method in options.methods
                is_done = any(
                    (row.part, row.method, row.seed) == (part, method, seed) for row in results.rows
                )
                if is_done or not is_asked:
                    continue
                start = time.process_time()
                numbers = RUNS[part](bench, method, seed)
                rounded = {name: round(float(value), 5) for name, value in numbers.items()}
                row = Result(part, method, seed, rounded, round(time.process_time() - start, 1))
                print(row, flush=True)
                setup = results.setup | {part: described(bench, part)}
                results = Results(setup, (*results.rows, row))
                write_results(results, options.out)


def described(bench: Bench, part: str) -> str:
    """Sizes of the samples, in words."""
    if part == "jets":
        return "top jets of the bundled sample, 30 leading particles: half trains, half judges"
    judged = bench.judged if part == "profiles" else bench.judged_voxels
    trained = len(bench.profiles[1]) if part == "profiles" else len(bench.showers)
    kind = "bundled test" if bench.fresh is None else "fresh cascades"
    return f"{trained} training showers, {len(judged.energy)} showers of the {kind} for the judges"


if __name__ == "__main__":
    main()
