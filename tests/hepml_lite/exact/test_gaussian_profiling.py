"""The exact iteration of truth and nuisance agrees with sums over a grid."""

from itertools import pairwise

import numpy as np
import pytest

from hepml_lite.exact import Gaussian, GaussianProfiling


def step_on_a_grid(model, step):
    """Mean, variance and nuisance after one iteration, by sums over t, m₁ and m₂."""
    t = np.linspace(-6, 7, 151)
    first = np.linspace(-6, 7, 91)[:, None, None]
    second = np.linspace(-6, 8, 91)[:, None]
    known = Gaussian(0.0, model.smearing)
    shifted = Gaussian(0.0, model.shifted_smearing)

    def response(theta):
        return np.exp(known.log_density(first - t) + shifted.log_density(second - t - theta))

    data = (response(model.nuisance) * np.exp(model.truth.log_density(t))).sum(-1)
    joint = response(step.nuisance) * np.exp(step.truth.log_density(t))
    posterior = joint / joint.sum(-1, keepdims=True) * (data / data.sum())[..., None]
    new = posterior.sum((0, 1))
    mean = new @ t
    nuisance = (posterior * (second - t)).sum()
    return mean, new @ t**2 - mean**2, nuisance


@pytest.mark.parametrize("model", [GaussianProfiling(), GaussianProfiling(smearing=1.0)])
def test_two_iterations_are_those_of_a_grid(model):
    steps = model.steps(2)
    for before, after in pairwise(steps):
        mean, variance, nuisance = step_on_a_grid(model, before)
        assert after.truth.mean == pytest.approx(mean, abs=1e-4)
        assert after.truth.width**2 == pytest.approx(variance, abs=1e-4)
        assert after.nuisance == pytest.approx(nuisance, abs=1e-4)


def test_many_iterations_find_nature_and_a_tight_constraint_does_not():
    model = GaussianProfiling()
    last = model.steps(200)[-1]
    assert last.truth == pytest.approx(model.truth, abs=1e-6)
    assert last.nuisance == pytest.approx(model.nuisance, abs=1e-6)
    held = model.steps(200, n_events=100, constraint=1e-4)[-1]
    assert abs(held.nuisance) < 1e-3
    # half of the shift goes into the truth: both parts are as precise as each other
    assert held.truth.mean == pytest.approx(model.truth.mean + model.nuisance / 2, abs=0.01)


def test_events_have_the_moments_of_the_model():
    model = GaussianProfiling()
    true, measured = model.nature(40_000)
    assert (measured - true[:, None]).mean(axis=0) == pytest.approx([0, 0.6], abs=0.015)
    assert (measured - true[:, None]).std(axis=0) == pytest.approx([0.6, 0.6], abs=0.015)


def test_a_width_of_zero_is_refused():
    with pytest.raises(ValueError, match="smearing"):
        GaussianProfiling(shifted_smearing=0.0)
