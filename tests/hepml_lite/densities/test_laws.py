"""The laws of every trained density: a new model is one line in `MODELS`."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import density_laws as laws
import numpy as np
import pytest
import torch

from hepml_lite import densities
from hepml_lite.densities import (
    Diffusion,
    FewSteps,
    Flow,
    FlowMatching,
    SetFlowMatching,
    TrainedDensity,
    TrainingPlan,
    truncated,
)
from hepml_lite.exact.densities import Events, TwoMoons, linear_gaussian
from hepml_lite.statistics.settings_checks import Seed

QUICK = TrainingPlan(epochs=15, batch_size=500, learning_rate=1e-2, device="cpu", progress=False)
QuickFlow = partial(Flow, n_layers=2, hidden_features=(32, 32), plan=QUICK)
QuickMatching = partial(FlowMatching, width=32, n_blocks=1, tolerance=1e-3, plan=QUICK)
QuickDiffusion = partial(Diffusion, width=32, n_blocks=1, plan=QUICK)


def quick_student() -> FewSteps:
    """Of a diffusion, with four steps."""
    return FewSteps(teacher=QuickDiffusion(), n_paths=2500, width=32, n_blocks=1, plan=QUICK)


MODELS: dict[str, Callable[[], TrainedDensity]] = {
    "flow of splines": partial(QuickFlow, kind="spline"),
    "coupling flow": partial(QuickFlow, kind="coupling"),
    "affine flow": partial(QuickFlow, kind="affine"),
    "flow of several modes": partial(QuickFlow, kind="affine", n_modes=8),
    "flow matching": QuickMatching,
    "diffusion": QuickDiffusion,
    "student of four steps": quick_student,
}
# Seeds over which a loss with random numbers is averaged; a model that is not here has none.
N_SEEDS = {"flow matching": 100, "diffusion": 100}
# log_prob follows a differential equation, which takes a thousand times as long as a flow.
SLOW = ("flow matching", "diffusion")

MOONS = TwoMoons(width=0.2)
LINEAR = linear_gaussian(2, 3)


@pytest.fixture(scope="module", params=MODELS)
def name(request) -> str:
    return request.param


@cache
def fitted_plane(name: str) -> TrainedDensity:
    """The model, fitted to two moons."""
    return MODELS[name]().fit(*MOONS.events(4000))


@pytest.fixture(scope="module")
def plane(name) -> TrainedDensity:
    return fitted_plane(name)


@cache
def fitted_conditional(name: str) -> TrainedDensity:
    """The model, fitted to a linear Gaussian of two features and three conditions."""
    return MODELS[name]().fit(*LINEAR.events(4000))


@pytest.fixture(scope="module")
def conditional(name) -> TrainedDensity:
    return fitted_conditional(name)


def test_density_integrates_to_one(name, plane):
    if laws.has_likelihood(plane):
        n = 80 if name in SLOW else 200
        laws.assert_integrates_to_one(plane, MOONS, n)


def test_no_model_beats_the_truth(name, plane, conditional):
    if laws.has_likelihood(plane):
        n = 3000 if name in SLOW else 20_000
        laws.assert_does_not_beat_the_truth(plane, MOONS, n, largest_divergence=0.25)
        laws.assert_does_not_beat_the_truth(conditional, LINEAR, n, largest_divergence=0.05)


def test_rows_far_away(plane, conditional):
    if laws.learns_from_rows(plane):
        laws.assert_finite_far_away(plane)
        laws.assert_finite_far_away(conditional)


def test_every_row_teaches(plane, conditional):
    if laws.learns_from_rows(plane):
        laws.assert_learns_from_every_row(plane)
        laws.assert_learns_from_every_row(conditional)


def test_samples_follow_rng(plane, conditional):
    laws.assert_samples_follow_rng(plane)
    laws.assert_samples_follow_rng(conditional)


def test_order_and_weights_of_rows(name, conditional):
    if not laws.learns_from_rows(conditional):
        return
    x, condition = LINEAR.events(200, rng=5)
    n_seeds = N_SEEDS.get(name, 1)
    laws.assert_order_does_not_matter(conditional, x, condition, n_seeds)
    laws.assert_weight_two_is_the_row_twice(conditional, x, condition, n_seeds)


def test_weighted_sample_and_its_resample(name):
    laws.assert_weighted_is_resampled(MODELS[name])


class RightMoons(TwoMoons):
    """Two moons cut at x0 = 0: one half of the events, by symmetry."""

    def events(self, n: int, rng: Seed = 0) -> Events:
        x, _ = super().events(4 * n, rng)
        return x[x[:, 0] > 0][:n], None

    def log_prob(self, x: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        return np.where(x[:, 0] > 0, super().log_prob(x) + np.log(2), -np.inf)


def test_truncated_flow():
    n_draws = 40_000
    right = truncated(fitted_plane("coupling flow"), [0, -np.inf], np.inf, n_draws)
    error = 1 / np.sqrt(n_draws)  # relative, of an acceptance of one half
    laws.assert_integrates_to_one(right, MOONS, tolerance=0.005 + 3 * error)
    known = RightMoons(width=0.2)
    laws.assert_does_not_beat_the_truth(right, known, largest_divergence=0.25)
    np.testing.assert_array_equal(right.sample(20, rng=1), right.sample(20, rng=1))


LOAD = """
import sys
from pathlib import Path
import numpy as np
import torch
from hepml_lite import densities
torch.set_num_threads(1)
points = np.load(sys.argv[1] + "/points.npz")
for path in Path(sys.argv[1]).glob("*.safetensors"):
    model = densities.load(path)
    sample = model.sample(10, points["condition"], rng=3)
    results = {"sample": sample[0] if isinstance(sample, tuple) else sample}
    try:
        results["log_prob"] = model.log_prob(points["x"], points["condition"])
    except NotImplementedError:
        pass
    np.savez(path.with_suffix(".npz"), **results)
"""


def test_another_process_loads_equal_models(tmp_path):
    """One process for all models: its imports take longer than the rest."""
    x, condition = LINEAR.events(50, rng=5)
    np.savez(tmp_path / "points.npz", x=x, condition=condition)
    for name in MODELS:
        densities.save(fitted_conditional(name), tmp_path / f"{name}.safetensors")
    sets = a_set_model()
    densities.save(sets, tmp_path / "sets.safetensors")
    subprocess.run([sys.executable, "-c", LOAD, str(tmp_path)], check=True)
    for name in MODELS:
        model = fitted_conditional(name)
        results = np.load(tmp_path / f"{name}.npz")
        np.testing.assert_array_equal(results["sample"], model.sample(10, condition, rng=3))
        assert ("log_prob" in results) == laws.has_likelihood(model)
        if laws.has_likelihood(model):
            np.testing.assert_array_equal(results["log_prob"], model.log_prob(x, condition))
    of_sets = np.load(tmp_path / "sets.npz")["sample"]
    np.testing.assert_array_equal(of_sets, sets.sample(10, condition, rng=3)[0])


def a_set_model() -> SetFlowMatching:
    """Fitted to sets of up to four particles, all at the mean of their condition."""
    x, condition = LINEAR.events(200)
    particles = x[:, None] + np.random.default_rng(0).normal(size=(200, 4, 2))
    mask = np.arange(4) < np.random.default_rng(1).integers(1, 5, size=(200, 1))
    plan = replace(QUICK, epochs=2)
    return SetFlowMatching(plan=plan, width=8, n_layers=1).fit(particles, mask, condition)


X = np.random.default_rng(0).normal(size=(20, 2))
BAD_INPUT = {
    "one row": ({"x": X[:1]}, "1 row"),
    "no row": ({"x": X[:0]}, "0 row"),
    "constant feature": ({"x": np.where([True, False], X, 1.0)}, r"\[1\] are the same"),
    "NaN": ({"x": np.where(X[3] == X, np.nan, X)}, "row 3, feature 0"),
    "condition of another length": ({"x": X, "condition": X[:19]}, "19 rows and x has 20"),
    "constant condition": ({"x": X, "condition": np.ones(20)}, r"\[0\] are the same"),
    "weights that sum to zero": ({"x": X, "weights": np.zeros(20)}, "sum to zero"),
    "negative weights": ({"x": X, "weights": -np.ones(20)}, "not negative"),
    "weights of another length": ({"x": X, "weights": np.ones(19)}, "one weight for each row"),
    "validation of other features": ({"x": X, "validation": (X[:, :1], None, None)}, "had 2"),
}


@pytest.mark.parametrize("bad", BAD_INPUT)
def test_bad_input(name, bad):
    arguments, message = BAD_INPUT[bad]
    with pytest.raises(ValueError, match=message):
        MODELS[name]().fit(**arguments)


def test_more_dimensions_than_in_the_fit(conditional):
    with pytest.raises(ValueError, match="4 features and the fit had 3"):
        conditional.sample(2, np.zeros(4))
    if laws.has_likelihood(conditional):
        with pytest.raises(ValueError, match="3 features and the fit had 2"):
            conditional.log_prob(np.zeros((2, 3)), np.zeros(3))


class Broken(Flow):
    """A flow that breaks the laws: its density is 2 % too large, and far rows teach nothing."""

    def log_density(self, network, z, c):
        log_density = super().log_density(network, z, c) + 0.02
        is_near = (z.abs() < 5).all(-1)
        return torch.where(is_near, log_density, log_density.detach())


def test_laws_can_be_broken():
    model = Broken(plan=QUICK, kind="affine", n_layers=1).fit(*MOONS.events(1000))
    with pytest.raises(AssertionError, match="integrates to"):
        laws.assert_integrates_to_one(model, MOONS)
    with pytest.raises(AssertionError, match="teaches nothing"):
        laws.assert_learns_from_every_row(model)
