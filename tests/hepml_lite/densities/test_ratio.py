"""Density ratios of two Gaussians with a known answer, and samples that cannot be compared."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from hepml_lite.densities import fit_ratio

MEAN = [0.5, -0.3, 0.2]
COVARIANCE = [[1.0, 0.4, 0.0], [0.4, 1.2, -0.2], [0.0, -0.2, 0.8]]
ABOVE = multivariate_normal(MEAN, COVARIANCE)
BELOW = multivariate_normal(np.zeros(3))


def samples(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """N rows of each of the two Gaussians."""
    rng = np.random.default_rng(seed)
    return ABOVE.rvs(n, rng), BELOW.rvs(n, rng)


def explained(log_ratio: np.ndarray, x: np.ndarray) -> float:
    """R² of the log ratio."""
    truth = ABOVE.logpdf(x) - BELOW.logpdf(x)
    return 1 - np.mean((log_ratio - truth) ** 2) / truth.var()


@pytest.fixture(scope="module")
def fitted():
    return fit_ratio(*samples(6000))


def test_the_network_knows_the_ratio_of_gaussians(fitted):
    _, fresh = samples(5000, seed=1)
    assert explained(fitted.log_ratio(fresh), fresh) > 0.97


def test_trees_know_it_roughly():
    fitted = fit_ratio(*samples(6000), model="trees", n_ensemble=2)
    _, fresh = samples(5000, seed=1)
    assert explained(fitted.log_ratio(fresh), fresh) > 0.85


def test_the_mean_weight_of_the_denominator_is_one(fitted):
    assert fitted.denominator.weights.mean() == pytest.approx(1, abs=1e-6)
    assert 0 < fitted.effective_sample_size < 6000


def test_weights_turn_one_sample_into_the_other(fitted):
    _, fresh = samples(20_000, seed=2)
    weights = fitted.weights(fresh)
    np.testing.assert_allclose(np.average(fresh, axis=0, weights=weights), MEAN, atol=0.08)


def test_rows_of_the_fit_are_judged_by_classifiers_that_did_not_see_them():
    """Of two samples of the same density, in many features: nothing can be learned."""
    rng = np.random.default_rng(3)
    above, below = rng.normal(size=(2, 400, 20))
    fitted = fit_ratio(above, below, model="trees", calibrate=False)
    assert fitted.numerator.log_ratio.mean() < 0.1  # rows that were seen have more than 1


def test_more_rows_of_one_sample_do_not_matter():
    above, below = samples(3000)
    fitted = fit_ratio(above, below[:1000], model="trees")
    assert fitted.denominator.weights.mean() == pytest.approx(1, abs=1e-6)


def test_the_same_seed_gives_the_same_ratio(fitted):
    above, below = samples(1000)
    first, again = (fit_ratio(above, below, model="trees", rng=4) for _ in range(2))
    np.testing.assert_array_equal(first.log_ratio(below), again.log_ratio(below))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numerator": np.zeros((0, 3))}, "numerator"),
        ({"numerator": np.full((50, 3), np.nan)}, "NaN"),
        ({"numerator": np.ones((50, 2))}, "features"),
        ({"weights": (np.zeros(50), np.ones(50))}, "sum to"),
        ({"weights": (np.ones(49), np.ones(50))}, "weight"),
        ({"model": "forest"}, "forest"),
        ({"folds": 1}, "folds"),
    ],
)
def test_samples_that_cannot_be_compared(change, message):
    above, below = samples(50)
    arguments = {"numerator": above, "denominator": below} | change
    with pytest.raises(ValueError, match=message):
        fit_ratio(**arguments)
