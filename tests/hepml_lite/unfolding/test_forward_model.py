"""A forward model unfolds a Gaussian nature, whatever the prior of the simulation."""

import numpy as np
import pytest

from hepml_lite.densities import Flow, TrainingPlan
from hepml_lite.exact.gaussian_recursion import Gaussian, GaussianUnfolding
from hepml_lite.unfolding import ConditionalGeneration, ForwardModel, SimulatedEvents

N = 6000
PLAN = TrainingPlan(epochs=20, batch_size=512, learning_rate=2e-2, progress=False)
PRIORS = (Gaussian(0.0, 1.0), Gaussian(0.8, 1.3))


def linear_flow():
    return Flow(kind="affine", n_layers=0, plan=PLAN)


def simulation_of(problem):
    true, measured = problem.simulation(N)
    return SimulatedEvents.of(true[:, None], measured[:, None])


def data_of(problem):
    return problem.nature(N)[1][:, None]


@pytest.fixture(scope="module")
def answers():
    """Unfolded samples (N,) of the same data, for each prior."""
    unfolded = []
    for prior in PRIORS:
        problem = GaussianUnfolding(prior=prior)
        method = ForwardModel(linear_flow, linear_flow, linear_flow)
        method.fit(simulation_of(problem))
        unfolded.append(method.unfold(data_of(problem)).samples[0, :, 0])
    return unfolded


def test_the_truth_of_nature_comes_back(answers):
    truth = GaussianUnfolding().truth
    for unfolded in answers:
        # four errors of the mean of the data, 1.07 / sqrt(N); those of the response add to it
        assert unfolded.mean() == pytest.approx(truth.mean, abs=0.06)
        assert unfolded.std() == pytest.approx(truth.width, abs=0.06)


def test_the_prior_does_not_matter_as_it_does_for_a_posterior(answers):
    posteriors = []
    for prior in PRIORS:
        problem = GaussianUnfolding(prior=prior)
        method = ConditionalGeneration(linear_flow).fit(simulation_of(problem))
        posteriors.append(method.unfold(data_of(problem)).samples.mean())
    of_forward_model = abs(answers[0].mean() - answers[1].mean())
    of_posterior = abs(posteriors[0] - posteriors[1])
    assert of_posterior > 0.15
    assert of_forward_model < of_posterior / 3


def test_an_event_gets_draws_of_its_posterior_in_nature():
    problem = GaussianUnfolding()
    method = ForwardModel(linear_flow, linear_flow, linear_flow, n_samples=20)
    data = data_of(problem)
    samples = method.fit(simulation_of(problem)).unfold(data).samples[..., 0]
    gain = problem.truth.width**2 / (problem.truth.width**2 + problem.smearing**2)
    slope = np.polyfit(data[:, 0], samples.mean(axis=0), 1)[0]
    assert slope == pytest.approx(gain, abs=0.06)


def test_nothing_is_unfolded_before_fit():
    with pytest.raises(ValueError, match="call fit"):
        ForwardModel().unfold(np.zeros((3, 1)))
