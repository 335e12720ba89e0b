"""Density ratios of two Gaussians with a known answer, and samples that cannot be compared."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from hepml_lite.densities import fit_ratio
from hepml_lite.densities.classifiers import QuadraticMLP, weighted_cross_entropy

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
        ({"numerator": np.zeros((1, 3))}, "1 row"),
        ({"numerator": np.ones((50, 3)), "denominator": np.ones((50, 3))}, "same in all rows"),
        ({"condition": (np.ones(50), np.ones(49))}, "49 rows"),
        ({"condition": np.ones(50)}, "give a tuple"),
        ({"groups": (np.arange(50), None)}, "groups"),
        ({"model": "deep_sets"}, "a table"),
        ({"weights": (np.full(50, np.inf), None)}, "infinite"),
    ],
)
def test_samples_that_cannot_be_compared(change, message):
    above, below = samples(50)
    arguments = {"numerator": above, "denominator": below} | change
    with pytest.raises(ValueError, match=message):
        fit_ratio(**arguments)


def assert_same_within_error(first: np.ndarray, second: np.ndarray, tolerance: float) -> None:
    """Two estimates of the log ratio of the same rows; the tolerance is their distance in rms."""
    assert np.sqrt(np.mean((first - second) ** 2)) < tolerance


def test_a_weight_of_two_is_a_row_twice_in_the_loss():
    torch.manual_seed(0)
    network = QuadraticMLP(3)
    x = torch.randn(8, 3)
    label = torch.arange(8) % 2.0
    twice = torch.tensor([0, 0, 1, 2, 3, 4, 5, 6, 7])
    weights = torch.ones(8)
    weights[0] = 2
    once = 8 * weighted_cross_entropy(network, x, label, weights)
    repeated = 9 * weighted_cross_entropy(network, x[twice], label[twice], torch.ones(9))
    torch.testing.assert_close(once, repeated)
    gradients = [torch.autograd.grad(loss, network.mlp.parameters()) for loss in (once, repeated)]
    torch.testing.assert_close(*gradients)
    order = torch.randperm(8)
    shuffled = 8 * weighted_cross_entropy(network, x[order], label[order], weights[order])
    torch.testing.assert_close(once, shuffled)


def test_a_weighted_sample_is_its_resample():
    above, below = samples(8000)
    weights = np.exp(0.7 * below[:, 0])  # moves the mean of the first feature by 0.7
    rng = np.random.default_rng(5)
    resample = below[rng.choice(len(below), len(below), p=weights / weights.sum())]
    weighted = fit_ratio(above, below, weights=(None, weights), folds=2)
    resampled = fit_ratio(above, resample, groups=(np.arange(8000), 8000 + rng.permutation(8000)))
    _, fresh = samples(2000, seed=1)
    assert_same_within_error(weighted.log_ratio(fresh), resampled.log_ratio(fresh), 0.3)
    truth = ABOVE.logpdf(fresh) - multivariate_normal([0.7, 0, 0]).logpdf(fresh)
    assert np.corrcoef(weighted.log_ratio(fresh), truth)[0, 1] > 0.97


def test_rows_of_weight_zero_do_not_count():
    above, below = samples(2000)
    far = np.full((2000, 3), 50.0)
    weights = np.repeat([1.0, 0.0], 2000)
    fitted = fit_ratio(above, np.concatenate([below, far]), weights=(None, weights), model="trees")
    assert explained(fitted.log_ratio(below), below) > 0.8
    assert fitted.denominator.mean_weight.value == pytest.approx(1, abs=1e-6)


def test_scores_stay_in_the_order_of_the_rows():
    above, below = samples(2000)
    order = np.random.default_rng(6).permutation(2000)
    fitted = fit_ratio(above, below, model="trees")
    shuffled = fit_ratio(above, below[order], model="trees")
    first = fitted.denominator.log_ratio[order]
    assert np.corrcoef(first, shuffled.denominator.log_ratio)[0, 1] > 0.9


def test_signed_weights_subtract():
    """Of a mixture a part is subtracted with negative weights: what is left is the rest."""
    rng = np.random.default_rng(7)
    wanted = rng.normal(1, 1, (6000, 1))
    unwanted = rng.normal(-1, 1, (2, 2000, 1))
    below = rng.normal(0, 1, (6000, 1))
    mixture = np.concatenate([wanted, *unwanted])
    weights = np.repeat([1.0, 1.0, -1.0], [6000, 2000, 2000])
    fitted = fit_ratio(mixture, below, weights=(weights, None), folds=2)
    x = np.linspace(-0.5, 2, 20)[:, None]
    np.testing.assert_allclose(fitted.log_ratio(x), x[:, 0] - 0.5, atol=0.35)
    few = np.where(np.arange(10_000) < 3, -1.0, 1.0)
    with pytest.raises(ValueError, match=r"3 of 10000 weights of the numerator are negative"):
        fit_ratio(mixture, below, weights=(few, None))


def test_events_in_both_samples_stay_in_one_fold():
    """The same rows with weights of no meaning: without groups a row is seen in the other class."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 10))
    number = np.arange(300)
    weights = rng.exponential(size=300)
    fitted = fit_ratio(
        x, x, weights=(weights, None), groups=(number, number), model="trees", calibrate=False
    )
    correlation = np.corrcoef(fitted.denominator.log_ratio, np.log(weights))[0, 1]
    assert abs(correlation) < 4 / np.sqrt(300)


def test_conditions_of_both_samples_enter():
    """The ratio of N(c, 1) and N(0, 1) with the same c in both is c x - c²/2."""
    rng = np.random.default_rng(9)
    c = rng.normal(size=(2, 6000, 1))
    fitted = fit_ratio(
        c[0] + rng.normal(size=(6000, 1)), rng.normal(size=(6000, 1)), condition=(c[0], c[1])
    )
    x, condition = rng.normal(size=(2, 500, 1))
    truth = (condition * x - condition**2 / 2)[:, 0]
    assert np.corrcoef(fitted.log_ratio(x, condition), truth)[0, 1] > 0.97
    with pytest.raises(ValueError, match="1 features and the fit has 2, conditions included"):
        fitted.log_ratio(x)


def test_sets_are_compared_whatever_stands_in_the_padding():
    rng = np.random.default_rng(10)
    mask = rng.random((2, 1500, 6)) < 0.7
    features = rng.normal(size=(2, 1500, 6, 2))
    features[0, ..., 0] += 0.3  # the log ratio is Σ (0.3 x - 0.045) over the particles
    features[~mask] = np.nan
    fitted = fit_ratio(
        (features[0], mask[0]), (features[1][:, :5], mask[1][:, :5]), model="deep_sets", folds=2
    )
    assert fitted.numerator.log_ratio.mean() > fitted.denominator.log_ratio.mean() + 0.2
    table = features[0][:, 0]
    with pytest.raises(ValueError, match="table"):
        fit_ratio(np.nan_to_num(table), (features[1], mask[1]))


def test_a_module_is_a_template():
    above, below = samples(1000)
    template = torch.nn.Linear(3, 2)
    before = template.weight.detach().clone()
    fitted = fit_ratio(above, below, model=template, folds=2)
    torch.testing.assert_close(template.weight, before)
    networks = [classifier.network for classifier in fitted.fitted.ensemble[0]]
    assert not torch.equal(networks[0].weight, networks[1].weight)


def test_an_ensemble_has_an_error_of_the_right_size(fitted):
    """Within a factor: a bias that all members share is not in their spread."""
    above, below = samples(1500)
    ensemble = fit_ratio(above, below, n_ensemble=4, bootstrap=True, folds=2)
    _, fresh = samples(2000, seed=1)
    truth = ABOVE.logpdf(fresh) - BELOW.logpdf(fresh)
    pull = (ensemble.log_ratio(fresh) - truth) / ensemble.log_ratio_error(fresh)
    assert 0.2 < np.median(np.abs(pull)) < 2.5  # 0.67 for an exact Gaussian error
    with pytest.raises(ValueError, match="n_ensemble"):
        fitted.log_ratio_error(fresh)


def test_samples_without_overlap_are_reported():
    above, below = samples(500)
    with pytest.warns(UserWarning, match="hardly overlap"):
        fitted = fit_ratio(above + 20, below, folds=2)
    with pytest.warns(UserWarning, match="clipped to 500"):
        weights = fitted.weights(above + 20)
    assert weights.max() == pytest.approx(500)
    assert fitted.effective_sample_size <= 500
