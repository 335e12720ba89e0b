"""What generated events are worth: the multinomial law, its inverse, and honest pulls."""

import numpy as np
import pytest

from hepml_lite.exact.camel_back import CamelBack
from hepml_lite.generation.worth import (
    amplification_curve,
    ensemble_histogram,
    equivalent_size,
    expected_error,
    quantile_error,
    shares_of_cells,
)

TRUTH = CamelBack()
EDGES = TRUTH.quantiles(10)


def draw_truth(n, rng):
    return TRUTH.events(n, rng)[0][:, 0]


def resampler(training, rng):
    return lambda n, rng: rng.choice(training, n)


def parametric(training, rng):
    """The true form with a fitted centre and width."""
    centre = np.abs(training).mean()
    width = np.abs(training).std()
    return lambda n, rng: rng.choice([-1, 1], n) * centre + width * rng.normal(size=n)


def test_camel_back_is_normalised_and_its_cells_are_equal():
    x = np.linspace(-8, 8, 8001)
    density = np.exp(TRUTH.log_prob(x[:, None]))
    assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-6)
    below = np.trapezoid(np.where(x <= 0.7, density, 0), x)
    assert TRUTH.cumulative(0.7) == pytest.approx(below, abs=2e-3)
    np.testing.assert_allclose(TRUTH.cumulative(EDGES), np.arange(1, 10) / 10)
    values = draw_truth(200_000, np.random.default_rng(0))
    np.testing.assert_allclose(shares_of_cells(values, EDGES), 0.1, atol=0.003)
    log_p = TRUTH.log_prob(values[:, None])
    assert TRUTH.entropy == pytest.approx(-log_p.mean(), abs=4 * log_p.std() / 447)


def test_the_mean_error_of_true_samples_is_the_multinomial_law():
    rng = np.random.default_rng(0)
    found = [quantile_error(shares_of_cells(draw_truth(100, rng), EDGES)) for _ in range(2000)]
    error = np.std(found) / np.sqrt(2000)
    assert np.mean(found) == pytest.approx(expected_error(100, 10), abs=4 * error)
    assert equivalent_size(expected_error(137, 10), 10) == pytest.approx(137)


def test_a_resampler_is_worth_at_most_its_training_sample():
    curve = amplification_curve(draw_truth, EDGES, resampler, 100, [100, 10_000], 60, rng=0)
    assert curve.factor[0] == pytest.approx(0.5, abs=0.1)  # two multinomial errors
    assert curve.factor[1] == pytest.approx(1, abs=4 * curve.factor_error[1])
    assert curve.factor_error.shape == (2,)


def test_the_true_form_amplifies_and_saturates():
    curve = amplification_curve(draw_truth, EDGES, parametric, 100, [100, 3000, 30_000], 60, rng=0)
    assert curve.factor[1] > 2
    assert curve.factor[2] / curve.factor[1] < 1.5, "ten times the events, hardly more worth"


def test_pulls_with_errors_of_the_ensemble_are_honest_and_those_of_counting_are_not():
    rng = np.random.default_rng(1)
    edges = np.linspace(-2, 2, 9)
    exact = np.diff(TRUTH.cumulative(edges))
    trainings = [draw_truth(500, rng) for _ in range(40)]
    samples = [resampler(one, rng)(50_000, rng) for one in trainings]
    found = ensemble_histogram(samples, edges)
    honest = np.array([found.pulls(exact, member) for member in range(40)])
    counted = np.array([found.poisson_pulls(exact, member) for member in range(40)])
    assert honest.std() == pytest.approx(1, abs=0.2)
    assert counted.std() > 5
    np.testing.assert_allclose(found.error, np.sqrt(exact * (1 - exact) / 500), rtol=0.4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shares_of_cells([], EDGES), "empty|at least one"),
        (lambda: shares_of_cells([0.1, np.nan], EDGES), "NaN|finite"),
        (lambda: shares_of_cells([0.1], [1.0, 0.0]), "do not rise"),
        (lambda: quantile_error([3.0, 4.0]), "sum to 7"),
        (lambda: quantile_error([1.0]), "two or more"),
        (lambda: ensemble_histogram([[1.0, 2.0]], [0, 1, 2]), "two or more"),
        (lambda: ensemble_histogram([[1.0], [1.0, 2.0]], [0, 1, 2]), "all of one size"),
        (lambda: amplification_curve(draw_truth, EDGES, resampler, 10, [], 3), "at least one size"),
        (lambda: amplification_curve(draw_truth, EDGES, resampler, 10, [5], 1), "n_repeats"),
        (lambda: CamelBack(width=0), "positive"),
    ],
)
def test_impossible_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
