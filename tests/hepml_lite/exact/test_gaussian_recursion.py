import numpy as np
import pytest

from hepml_lite.exact import Gaussian, GaussianUnfolding
from hepml_lite.unfolding import iterative_bayes


def grid_problem(model, n_bins=400):
    """A fine grid: true and measured points, response, prior and measured spectrum."""
    t = np.linspace(-9, 9, n_bins)
    x = np.linspace(-13, 13, n_bins + 100)
    noise = Gaussian(0.0, model.smearing)
    response = np.exp(noise.log_density(x[:, None] - t)) * (x[1] - x[0])
    of_data = Gaussian(model.truth.mean, np.hypot(model.truth.width, model.smearing))
    return t, response, np.exp(model.prior.log_density(t)), np.exp(of_data.log_density(x))


@pytest.mark.parametrize(
    "model",
    [
        GaussianUnfolding(),
        GaussianUnfolding(Gaussian(-0.5, 0.9), Gaussian(0.7, 1.3), smearing=0.5),
        GaussianUnfolding(Gaussian(0.0, 1.0), Gaussian(0.0, 1.0), smearing=1.0),
    ],
)
def test_iterative_bayes_on_a_fine_grid_follows_the_recursion_at_each_of_8_iterations(model):
    t, response, prior, measured = grid_problem(model)
    history = iterative_bayes(measured, response, prior, 8).history
    for spectrum, expected in zip(history, model.steps(8), strict=True):
        mean = np.average(t, weights=spectrum)
        width = np.sqrt(np.average((t - mean) ** 2, weights=spectrum))
        np.testing.assert_allclose([mean, width], expected, rtol=0, atol=1e-4)


def test_weights_are_the_ratio_of_the_recursion_to_the_prior():
    model = GaussianUnfolding()
    t, response, prior, measured = grid_problem(model)
    last = iterative_bayes(measured, response, prior, 3).unfolded
    ratio = last / last.sum() / (prior / prior.sum())
    near = np.abs(t) < 3
    np.testing.assert_allclose(model.weights(t, 3)[near], ratio[near], rtol=1e-6)


def test_a_perfect_detector_needs_one_iteration_and_the_truth_is_a_fixed_point():
    perfect = GaussianUnfolding(smearing=0.0)
    np.testing.assert_allclose(perfect.steps(1)[1], perfect.truth)
    smeared = GaussianUnfolding()
    np.testing.assert_allclose(smeared.next_step(smeared.truth), smeared.truth)
    np.testing.assert_allclose(smeared.steps(200)[-1], smeared.truth, atol=0.02)


def test_events_have_the_means_and_widths_of_the_model():
    model = GaussianUnfolding()
    true, measured = model.nature(200_000, rng=3)
    assert abs(true.mean() - model.truth.mean) < 4 * model.truth.width / 200_000**0.5
    expected = np.hypot(model.truth.width, model.smearing)
    assert abs(measured.std() / expected - 1) < 4 / 400_000**0.5
    assert np.corrcoef(true, measured)[0, 1] == pytest.approx(
        model.truth.width / expected, abs=0.01
    )
    assert not np.array_equal(true, model.nature(200_000, rng=4)[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prior": Gaussian(0.0, 0.0)}, "width of the prior is 0.0"),
        ({"truth": Gaussian(np.nan, 1.0)}, "mean of the truth is nan"),
        ({"smearing": -1.0}, "smearing is -1.0"),
    ],
)
def test_impossible_models_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        GaussianUnfolding(**settings)
