"""A tracker whose best thickness is known, found by the gradient of the uncertainty."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from hepml_lite.exact import TrackerThickness
from hepml_lite.inference import experiment_design
from hepml_lite.inference.experiments.experiment_design import DesignPlan

TRACKER = TrackerThickness()


def test_the_known_optimum_is_one():
    found = minimize_scalar(TRACKER.uncertainty, bounds=(0.1, 30), method="bounded")
    assert found.x == pytest.approx(TRACKER.best_thickness, rel=1e-3)


def test_the_simulator_has_its_variance():
    torch.manual_seed(0)
    measured = TRACKER.simulate(torch.zeros(20_000, 1), torch.full((20_000, 1), np.log(2.0)))
    assert float(measured.var()) == pytest.approx(TRACKER.variance(2.0), rel=0.05)


@pytest.fixture(scope="module")
def found():
    """Far too thin at the start."""
    return experiment_design.optimise(
        TRACKER.sample_prior, TRACKER.simulate, [np.log(0.7)], low=-2.0, high=4.0
    )


def test_the_gradient_leads_to_the_optimum(found):
    """Around the optimum the uncertainty is flat: a fifth of the thickness costs a percent."""
    thickness = np.exp(found.design[0])
    assert thickness == pytest.approx(TRACKER.best_thickness, rel=0.2)
    best = TRACKER.uncertainty(TRACKER.best_thickness)
    assert TRACKER.uncertainty(thickness) == pytest.approx(best, rel=0.01)


def test_the_loss_is_the_entropy_of_the_posterior(found):
    expected = TRACKER.expected_loss(TRACKER.best_thickness)
    assert found.losses[-100:].mean() == pytest.approx(expected, abs=0.03)


def test_the_learned_width_is_right(found):
    width = np.median(found.uncertainty(np.linspace(-1, 1, 21)[:, None]))
    assert width == pytest.approx(TRACKER.uncertainty(TRACKER.best_thickness), rel=0.05)


def test_limits_hold():
    """Material costs: with at most thickness two, the best is two."""
    plan = DesignPlan(n_steps=150, n_warm_up=50)
    cheap = experiment_design.optimise(
        TRACKER.sample_prior, TRACKER.simulate, [0.0], high=np.log(2.0), plan=plan
    )
    assert cheap.design[0] == pytest.approx(np.log(2.0), abs=0.05)


def test_a_seed_gives_the_same_path_twice():
    plan = DesignPlan(n_steps=5, n_warm_up=2)
    paths = [
        experiment_design.optimise(
            TRACKER.sample_prior, TRACKER.simulate, [0.0], plan=plan, rng=3
        ).path
        for _ in range(2)
    ]
    assert (paths[0] == paths[1]).all()


@pytest.mark.parametrize(
    ("start", "simulate", "message"),
    [
        ([5.0], TRACKER.simulate, "between low"),
        ([0.0], lambda theta, design: theta + 1, "without a gradient"),
    ],
)
def test_bad_input_is_refused(start, simulate, message):
    with pytest.raises(ValueError, match=message):
        experiment_design.optimise(TRACKER.sample_prior, simulate, start, high=4.0)


def test_a_tracker_without_scattering_is_refused():
    with pytest.raises(ValueError, match="scattered"):
        TrackerThickness(scattered=0.0)
