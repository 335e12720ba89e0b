"""Posteriors against exact ones: a linear Gaussian, moved, scaled and cut by the prior."""

import numpy as np
import pytest

from hepml_lite import exact
from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.inference import EventFeatures, MeanFeatures, calibration, likelihood, posterior

SHORT = TrainingPlan(epochs=15, batch_size=256, learning_rate=5e-3, patience=None, progress=False)


def pairs(n, location=0.0, scale=1.0, seed=0):
    """theta ~ N(0, 1) and x = theta + noise of N(0, 1), two of each, in other units."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(n, 2))
    x = theta + rng.normal(size=(n, 2))
    return location + scale * theta, location + scale * x


@pytest.mark.parametrize(("location", "scale"), [(0.0, 1.0), (1000.0, 0.01)])
@pytest.mark.parametrize("method", ["flow", "flow_matching"])
def test_moved_and_scaled_data_have_the_same_posterior(method, location, scale):
    """The exact posterior of x is N(x/2, 1/2)."""
    plan = SHORT if method == "flow" else posterior.plan_for(20_000, method)
    plan.epochs = min(plan.epochs, 15)
    fitted = posterior.fit(*pairs(4000, location, scale), method=method, plan=plan)
    x = np.array([1.0, -0.5])
    draws = fitted.sample(1000, location + scale * x)
    expected = x / 2 + np.sqrt(0.5) * np.random.default_rng(1).normal(size=(1000, 2))
    found = (draws - location) / scale
    assert calibration.c2st(expected, found).value < 0.57


def test_a_posterior_is_cut_by_its_prior():
    theta, x = pairs(4000)
    prior = exact.UniformPrior(np.array([0.0, -9.0]), np.array([9.0, 9.0]))
    inside = theta[:, 0] > 0
    fitted = posterior.fit(theta[inside], x[inside], prior=prior, plan=SHORT)
    draws = fitted.sample(500, [0.0, 0.0])
    assert (draws[:, 0] >= 0).all()
    assert 0.3 < fitted.acceptance([0.0, 0.0]) <= 1
    assert fitted.log_prob([[-0.1, 0.0]], [0.0, 0.0]) == -np.inf
    grid = np.stack(np.meshgrid(np.linspace(0, 4, 60), np.linspace(-4, 4, 120)), -1).reshape(-1, 2)
    area = (4 / 59) * (8 / 119)
    assert np.exp(fitted.log_prob(grid, [0.0, 0.0])).sum() * area == pytest.approx(1, abs=0.1)


def test_a_posterior_outside_its_prior_ends_with_a_message():
    """Sampling does not loop for ever."""
    far = exact.UniformPrior(np.full(2, 90.0), np.full(2, 99.0))
    fitted = posterior.fit(*pairs(500), prior=far, plan=TrainingPlan(epochs=1, progress=False))
    with pytest.raises(ValueError, match="outside in all"):
        fitted.sample(2, [0.0, 0.0])


def test_counts_with_outliers():
    """A few huge counts do not squeeze the others: p(theta | x) of a Poisson mean exp(theta)."""
    rng = np.random.default_rng(0)
    theta = rng.uniform(0, 9, (4000, 1))
    x = rng.poisson(np.exp(theta)).astype(float)
    x[:3] = 1e7
    fitted = posterior.fit(theta, x, plan=SHORT)
    draws = fitted.sample(1000, [20.0])
    assert draws.mean() == pytest.approx(np.log(20), abs=0.25)
    assert draws.std() == pytest.approx(1 / np.sqrt(20), rel=0.5)


def test_likelihood_of_independent_events():
    """Four events of N(theta, 1) with a flat prior: N(mean, 1/4)."""
    rng = np.random.default_rng(0)
    prior = exact.UniformPrior(np.array([-3.0]), np.array([3.0]))
    theta = prior.sample(4000, rng)
    plan = TrainingPlan(epochs=15, batch_size=128, learning_rate=1e-2, progress=False)
    small = Flow(n_layers=0, plan=plan)  # the linear layer is exact here
    fitted = likelihood.fit(theta, theta + rng.normal(size=(4000, 1)), density=small)
    x = np.array([[0.0], [0.4], [1.0], [0.6]])
    draws = fitted.sample(1000, x, prior)
    assert draws.mean() == pytest.approx(0.5, abs=0.15)
    assert draws.std() == pytest.approx(0.5, rel=0.15)


def test_a_posterior_of_sets():
    """The order of events does not matter, and more of them make it narrower."""
    rng = np.random.default_rng(0)
    prior = exact.UniformPrior(np.array([-1.0]), np.array([1.0]))
    theta = prior.sample(400, rng)
    sets = theta[:, None] + rng.normal(size=(400, 40, 1))
    features = EventFeatures().fit(theta[:200], sets[:200])
    embedding = MeanFeatures(features)
    several = np.concatenate([embedding(sets[200:, :n]) for n in (10, 20, 40)])
    fitted = posterior.fit(np.tile(theta[200:], (3, 1)), several, prior=prior, plan=SHORT)
    observed = 0.2 + rng.normal(size=(1, 40, 1))
    summaries = embedding(observed)
    np.testing.assert_allclose(embedding(observed[:, ::-1]), summaries, rtol=1e-5)
    widths = [fitted.sample(500, embedding(observed[:, :n])[0]).std() for n in (10, 40)]
    assert widths[1] < widths[0]


def test_bad_input_is_refused():
    theta, x = pairs(50)
    with pytest.raises(ValueError, match="give one of flow, flow_matching"):
        posterior.fit(theta, x, method="normal")
    with pytest.raises(ValueError, match="49 rows"):
        posterior.fit(theta, x[1:])
