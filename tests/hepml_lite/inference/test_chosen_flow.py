"""Held-out pairs choose the flow: a linear one for a linear problem, a rich one for moons."""

import numpy as np
import pytest

from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.exact.posterior_tasks import TASKS
from hepml_lite.inference import calibration, chosen_flow


def test_a_linear_problem_gets_the_linear_flow():
    """Ten means with Gaussian noise: the loss is close to the entropy of the exact posterior."""
    task = TASKS["gaussian_linear"]
    theta, x = task.joint(1500, rng=1)
    plan = TrainingPlan(epochs=15, batch_size=75, learning_rate=1e-2, progress=False)
    pair = {"linear": Flow(plan=plan, n_layers=0), "affine": Flow(plan=plan, kind="affine")}
    choice = chosen_flow.fit(theta, x, prior=task.prior, densities=pair, rng=0)
    assert choice.name == "linear"
    entropy = 10 * np.log(2 * np.pi * np.e * 0.05) / 2
    assert choice.losses["linear"] == pytest.approx(entropy, abs=0.6)
    observed = task.joint(1, rng=3)[1][0]
    exact = task.posterior(observed, 1000, rng=0)
    draws = choice.posterior.sample(1000, observed, rng=0)
    assert float(calibration.c2st(exact, draws)) < 0.62


def test_two_moons_get_splines():
    task = TASKS["two_moons"]
    theta, x = task.joint(1000, rng=1)
    plan = TrainingPlan(epochs=20, batch_size=50, learning_rate=1e-2, progress=False)
    pair = {"linear": Flow(plan=plan, n_layers=0), "spline": Flow(plan=plan, n_layers=2)}
    choice = chosen_flow.fit(theta, x, densities=pair, rng=0)
    assert choice.name == "spline"
    assert choice.losses["spline"] < choice.losses["linear"] - 1


def test_the_ladder_begins_with_a_linear_flow():
    ladder = chosen_flow.ladder(1000, np.random.default_rng(0).normal(size=(100, 2)))
    assert list(ladder) == ["linear", "affine", "spline"]
    assert ladder["linear"].n_layers == 0


def test_bad_input_is_refused():
    few = np.zeros((10, 1))
    with pytest.raises(ValueError, match="at least 40"):
        chosen_flow.fit(few, few)
    many = np.random.default_rng(0).normal(size=(50, 1))
    with pytest.raises(ValueError, match="densities is empty"):
        chosen_flow.fit(many, many, densities={})
