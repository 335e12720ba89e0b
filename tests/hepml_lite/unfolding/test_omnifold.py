"""OmniFold follows the exact recursion of a Gaussian problem, and its limits are exact."""

import numpy as np
import pytest

from hepml_lite.densities import TrainingPlan
from hepml_lite.exact.gaussian_recursion import GaussianUnfolding
from hepml_lite.unfolding import OmniFold, SimulatedEvents

N = 6000

FEW_EPOCHS = TrainingPlan(epochs=2, batch_size=256, learning_rate=1e-2, progress=False)


def simulation_of(problem, n=N, rng=0):
    true, measured = problem.simulation(n, rng)
    return SimulatedEvents.of(true[:, None], measured[:, None])


def unfolded(events, data, n_iterations, rng=0):
    method = OmniFold(n_iterations=n_iterations, model="trees", folds=2)
    return method.fit(events).unfold(data[:, None], rng=rng)


def mean_of(events, weights):
    return np.average(events.true[:, 0], weights=weights)


def error_of_mean(problem):
    """Of an unfolded mean: that of N data, and that of N simulated events at both levels."""
    data_variance = problem.truth.width**2 + problem.smearing**2
    simulated_variance = problem.prior.width**2 + problem.smearing**2
    return ((data_variance + simulated_variance) / N) ** 0.5


def test_mean_and_width_follow_the_recursion():
    problem = GaussianUnfolding()
    events = simulation_of(problem)
    result = unfolded(events, problem.nature(N)[1], 8)
    error = error_of_mean(problem)
    for weights, exact in zip(result.history, problem.steps(8), strict=True):
        mean = mean_of(events, weights)
        width = np.average((events.true[:, 0] - mean) ** 2, weights=weights) ** 0.5
        assert mean == pytest.approx(exact.mean, abs=3 * error)
        assert width == pytest.approx(exact.width, abs=3 * error)


def test_a_perfect_detector_gives_the_density_ratio():
    problem = GaussianUnfolding(smearing=0)
    events = simulation_of(problem, 20_000)
    result = unfolded(events, problem.nature(20_000)[1], 1)
    exact = problem.weights(events.true[:, 0], 1)
    assert np.mean(np.abs(result.weights - exact)) < 0.1


def test_no_iteration_gives_the_prior():
    problem = GaussianUnfolding()
    result = unfolded(simulation_of(problem), problem.nature(N)[1], 0)
    np.testing.assert_array_equal(result.weights, 1)


def test_a_simulation_that_is_right_keeps_its_weights():
    problem = GaussianUnfolding(truth=GaussianUnfolding().prior)
    events = simulation_of(problem)
    result = unfolded(events, problem.nature(N)[1], 3)
    assert mean_of(events, result.weights) == pytest.approx(0, abs=3 * error_of_mean(problem))
    # the ratio of two equal samples has about ten free parameters: an error of sqrt(2 * 10 / N)
    assert result.weights.std() < 3 * (20 / N) ** 0.5


def test_generator_weights_are_the_prior_as_in_their_resample():
    problem = GaussianUnfolding()
    rng = np.random.default_rng(3)
    true, measured = problem.simulation(2 * N, rng)
    generator_weights = np.exp(0.5 * true)
    chosen = rng.choice(len(true), N, p=generator_weights / generator_weights.sum())
    weighted = SimulatedEvents.of(true[:N, None], measured[:N, None], generator_weights[:N])
    resampled = SimulatedEvents.of(true[chosen, None], measured[chosen, None])
    data = problem.nature(N)[1]
    answers = []
    for events in (weighted, resampled):
        result = unfolded(events, data, 1)
        answers.append(mean_of(events, result.weights))
    # one iteration from a prior with the mean 0.5 is the truth; from the mean 0 it is 0.33
    assert answers[0] == pytest.approx(answers[1], abs=3 * error_of_mean(problem))
    assert answers[0] == pytest.approx(problem.truth.mean, abs=3 * error_of_mean(problem))


def test_seeds_agree_within_the_randomness_of_trainings():
    problem = GaussianUnfolding()
    events = simulation_of(problem)
    data = problem.nature(N)[1]
    means = []
    for seed in range(2):
        means.append(mean_of(events, unfolded(events, data, 2, seed).weights))
    assert means[0] != means[1]
    assert means[0] == pytest.approx(means[1], abs=error_of_mean(problem))


def warm(**settings):
    """Two iterations of networks that continue a training."""
    problem = GaussianUnfolding()
    true, measured = problem.simulation(600)
    events = SimulatedEvents.of(true[:, None], measured[:, None])
    method = OmniFold(n_iterations=2, folds=2, plan=FEW_EPOCHS, **settings)
    return method.fit(events).unfold(problem.nature(600)[1][:, None]).history


def test_a_warm_start_changes_what_follows_the_first_iteration_alone():
    fresh = warm()
    continued = warm(fresh=False)
    np.testing.assert_array_equal(continued[1], fresh[1])
    assert np.abs(continued[2] - fresh[2]).max() > 0


def test_trees_have_no_warm_start():
    with pytest.raises(ValueError, match="fresh=False continues a training"):
        warm(fresh=False, model="trees")
