"""Two-sample tests and distances against closed forms, direct sums, scipy, POT and scikit-learn."""

import numpy as np
import ot
import pytest
from scipy import stats
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hepml_lite.statistics import metrics, two_sample
from hepml_lite.statistics.two_sample.classifier_test import judged_scores

DISTANCES = [
    two_sample.frechet_distance,
    two_sample.kernel_distance,
    two_sample.energy_distance,
    two_sample.sliced_wasserstein_distance,
    two_sample.optimal_transport_distance,
]


def gaussian(n, d, seed, shift=0.0, width=1.0):
    return shift + width * np.random.default_rng(seed).normal(size=(n, d))


@pytest.fixture(scope="module")
def small():
    """Two samples in three features with whole weights."""
    rng = np.random.default_rng(5)
    return (
        gaussian(40, 3, 1),
        gaussian(30, 3, 2, 0.5),
        rng.integers(1, 4, 40),
        rng.integers(0, 3, 30),
    )


class Linear(LinearDiscriminantAnalysis):
    """The best classifier of shifted Gaussians, in a millisecond; it has no weights."""

    def fit(self, x, labels, sample_weight):
        return super().fit(x, labels)


def linear(n_features, seed):
    return Linear()


class TestClassifier:
    def test_shifted_gaussians(self):
        """The best accuracy is Phi(d/2), the best area Phi(d/sqrt(2))."""
        result = two_sample.classifier_two_sample_test(
            gaussian(3000, 1, 0), gaussian(3000, 1, 1, 1)
        )
        error = 0.46 / np.sqrt(6000)
        assert result.value == pytest.approx(stats.norm.cdf(0.5), abs=3.5 * error)
        assert result.auc == pytest.approx(stats.norm.cdf(np.sqrt(0.5)), abs=3.5 * result.auc_error)
        assert result.p_value < 1e-30

    def test_a_correlation_that_no_linear_classifier_sees(self):
        rng = np.random.default_rng(0)
        a = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 1000)
        b = gaussian(1000, 2, 1)
        ratio = stats.multivariate_normal(cov=[[1, 0.8], [0.8, 1]]).logpdf
        truth = stats.multivariate_normal(cov=np.eye(2)).logpdf
        best = metrics.auc(np.repeat([1, 0], 1000), ratio([*a, *b]) - truth([*a, *b]))
        assert two_sample.classifier_two_sample_test(a, b).auc > best - 0.05

    def test_p_values_of_one_distribution_are_uniform(self):
        results = [
            two_sample.classifier_two_sample_test(
                gaussian(120, 2, i), gaussian(180, 2, 1000 + i), i, make_classifier=linear
            )
            for i in range(200)
        ]
        p_values = np.array([result.p_value for result in results])
        assert 0.01 < (p_values < 0.05).mean() < 0.1
        assert stats.kstest(p_values, "uniform").pvalue > 0.01
        assert np.mean([result.value for result in results]) == pytest.approx(0.5, abs=0.01)
        pulls = [(result.auc - 0.5) / result.auc_error for result in results]
        assert np.std(pulls) == pytest.approx(1, abs=0.15)

    def test_weights_make_up_for_a_shift(self):
        """Of rows of N(1, 1) the weights exp(1/2 - x) make N(0, 1)."""
        a = gaussian(3000, 1, 0)
        b = gaussian(3000, 1, 1, 1)
        weights = np.exp(0.5 - b[:, 0])
        result = two_sample.classifier_two_sample_test(a, b, weights_b=weights)
        assert result.value == pytest.approx(0.5, abs=0.03)
        assert result.p_value > 0.01

    def test_constant_features_tell_nothing(self):
        a, b = gaussian(200, 2, 0), gaussian(200, 2, 1)
        a[:, 1] = b[:, 1] = 7
        assert two_sample.classifier_two_sample_test(a, b).value == pytest.approx(0.5, abs=0.1)

    def test_area_and_its_error_against_the_bootstrap(self):
        rng = np.random.default_rng(3)
        labels = rng.integers(0, 2, 2000)
        probability = stats.norm.cdf(rng.normal(size=2000) + labels).round(2)
        weights = rng.exponential(size=2000)
        _, area, variance = judged_scores(labels, probability, weights)
        assert area == pytest.approx(metrics.auc(labels, probability, weights))
        bootstrap = metrics.bootstrap(metrics.auc, labels, probability, weights=weights)
        assert np.sqrt(variance) == pytest.approx(bootstrap.error, rel=0.2)

    def test_a_seed_gives_the_same_result(self):
        a, b = gaussian(50, 2, 0), gaussian(50, 2, 1)
        first, again = (two_sample.classifier_two_sample_test(a, b, 3) for _ in range(2))
        assert first == again


class TestDistances:
    def test_frechet_of_gaussians(self):
        """Of N(0, 1) and N(m, s^2) in D dimensions: D m^2 + D (s - 1)^2."""
        distance = two_sample.frechet_distance(gaussian(50000, 3, 0), gaussian(50000, 3, 1, 0.5, 2))
        assert distance == pytest.approx(3 * 0.5**2 + 3, rel=0.03)

    def test_frechet_of_correlated_moments(self, small):
        """The squared distance of two Gaussians by POT."""
        a, b, *_ = small
        b = b @ [[1, 2, 0], [0, 1, 0], [0, 0, 3]]
        moments = [a.mean(0), b.mean(0), np.cov(a.T), np.cov(b.T)]
        expected = ot.gaussian.bures_wasserstein_distance(*moments) ** 2
        assert two_sample.frechet_distance(a, b) == pytest.approx(expected)

    def test_frechet_of_a_flat_sample(self, small):
        """A feature without width: the other two, and its variance in the other sample."""
        a, *_ = small
        flat = a * [1, 1, 0]
        apart = a * [0, 0, 1]
        expected = apart.mean(0)[2] ** 2 + apart.var(0, ddof=1)[2]
        assert two_sample.frechet_distance(flat, flat + 0) == pytest.approx(0, abs=1e-7)
        assert two_sample.frechet_distance(0 * a, apart) == pytest.approx(expected)

    def test_kernel_distance_as_a_direct_sum(self, small):
        a, b, *_ = small

        def direct(u, v):
            return np.array([[(x @ y / 3 + 1) ** 4 for y in v] for x in u])

        within = [direct(x, x)[~np.eye(len(x), dtype=bool)].mean() for x in (a, b)]
        expected = sum(within) - 2 * direct(a, b).mean()
        assert two_sample.kernel_distance(a, b) == pytest.approx(expected)

    def test_kernel_distance_has_no_bias(self):
        values = [
            two_sample.kernel_distance(gaussian(20, 2, 2 * i), gaussian(30, 2, 2 * i + 1))
            for i in range(400)
        ]
        assert abs(np.mean(values)) < 3 * np.std(values) / 20

    def test_energy_distance_in_one_dimension(self, small):
        a, b, v, w = small
        expected = stats.energy_distance(a[:, 0], b[:, 0], v, w) ** 2
        assert two_sample.energy_distance(a[:, 0], b[:, 0], v, w) == pytest.approx(expected)

    def test_wasserstein_of_each_feature(self, small):
        a, b, v, w = small
        expected = [stats.wasserstein_distance(a[:, i], b[:, i], v, w) for i in range(3)]
        assert two_sample.wasserstein_distances(a, b, v, w) == pytest.approx(expected)

    def test_sliced_wasserstein_against_pot(self, small):
        a, b, *_ = small
        ours = two_sample.sliced_wasserstein_distance(a, b, n_directions=5000)
        pots = ot.sliced_wasserstein_distance(a, b, n_projections=5000, p=1, seed=1)
        assert ours == pytest.approx(pots, rel=0.02)

    def test_exact_transport_against_linear_programming(self, small):
        a, b, *_ = small
        expected = stats.wasserstein_distance_nd(a[:12], b[:9])
        assert two_sample.optimal_transport_distance(a[:12], b[:9]) == pytest.approx(expected)

    @pytest.mark.parametrize("distance", [*DISTANCES[2:], two_sample.wasserstein_distances])
    def test_a_weight_of_two_is_the_row_twice(self, distance, small):
        a, b, v, w = small
        weighted = distance(a, b, v, w)
        repeated = distance(np.repeat(a, v, axis=0), np.repeat(b, w, axis=0))
        np.testing.assert_allclose(weighted, repeated)

    @pytest.mark.parametrize("distance", DISTANCES)
    def test_weights_of_one_distribution_give_that_of_resamples(self, distance):
        """Rows of N(1, 1) with weights exp(1/2 - x) are rows of N(0, 1)."""
        reference = gaussian(1500, 1, 0)
        rows = gaussian(1500, 1, 1, 1)
        weighted = distance(reference, rows, weights_b=np.exp(0.5 - rows[:, 0]))
        assert abs(weighted) < 0.1 * distance(reference, rows)

    @pytest.mark.parametrize("distance", DISTANCES)
    def test_chance_levels(self, distance):
        apart = two_sample.chance_level(distance, gaussian(60, 2, 0), gaussian(60, 2, 1, 1))
        assert apart.p_value == pytest.approx(1 / 101)
        assert apart.value > apart.floor + 3 * apart.spread

    def test_chance_levels_of_one_distribution_are_uniform(self):
        p_values = [
            two_sample.chance_level(
                two_sample.energy_distance, gaussian(15, 2, i), gaussian(15, 2, 1000 + i), i
            ).p_value
            for i in range(200)
        ]
        assert stats.kstest(p_values, "uniform").pvalue > 0.01


class TestTriangular:
    def test_by_hand(self):
        found = two_sample.triangular_distance([0.5] * 3 + [1.5], [0.5, 2.5], [0, 1, 2, 3])
        shares = [(0.75, 0.5), (0.25, 0.0), (0.0, 0.5)]
        assert found.value == pytest.approx(sum((p - q) ** 2 / (p + q) for p, q in shares) / 2)
        assert found.floor == pytest.approx(3 / 4 * (1 / 4 + 1 / 2))

    def test_the_floor_is_what_equal_distributions_have(self):
        rng = np.random.default_rng(0)
        found = []
        for _ in range(300):
            weights = rng.exponential(size=800)
            a, b = rng.random(800), rng.random(1500)
            edges = np.linspace(0, 1, 41)
            found.append(two_sample.triangular_distance(a, b, edges, weights))
        mean = np.mean([distance.value for distance in found])
        floor = np.mean([distance.floor for distance in found])
        assert mean == pytest.approx(floor * 39 / 40, rel=0.04)  # shares have one freedom less

    def test_no_overlap(self):
        assert two_sample.triangular_distance([0, 0], [9, 9], [0, 1, 2]).value == 1


def test_effective_sample_size():
    assert two_sample.effective_sample_size(np.full(7, 1e-200)) == pytest.approx(7)
    assert two_sample.effective_sample_size([1, 1, -1]) == pytest.approx(1 / 3)
    normal = np.random.default_rng(0).normal(size=100000)
    lognormal = two_sample.effective_sample_size(np.exp(0.5 * normal)) / 100000
    assert lognormal == pytest.approx(np.exp(-0.25), rel=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f(np.zeros((20, 2)), np.zeros((20, 3))), "a has 2 features and b has 3"),
        (lambda f: f([[1.0, np.nan]] * 3, np.zeros((9, 2))), "3 of 6 a are NaN"),
        (lambda f: f(np.zeros((1, 2)), np.zeros((9, 2))), r"a has 1 row\(s\)"),
        (lambda f: f(np.zeros(20), np.zeros((3, 3, 3))), r"b has shape \(3, 3, 3\)"),
        (
            lambda f: f(np.zeros(20), np.zeros(9), weights_b=-np.ones(9)),
            "of b are negative",
        ),
        (lambda f: f(np.zeros(20), np.zeros(9), weights_b=np.zeros(9)), "b has 0 row"),
        (lambda f: f(np.zeros(9), np.zeros(9), weights_a=np.ones(8)), r"weights of a .*\(8,\)"),
    ],
)
@pytest.mark.parametrize("distance", [*DISTANCES, two_sample.classifier_two_sample_test])
def test_bad_samples_are_refused(distance, call, message):
    with pytest.raises(ValueError, match=message):
        call(distance)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: two_sample.effective_sample_size([0, 0]), "sum to zero"),
        (lambda: two_sample.effective_sample_size([[1]]), "1 axes"),
        (lambda: two_sample.classifier_two_sample_test(range(19), range(20)), "at least 20"),
        (lambda: two_sample.classifier_two_sample_test(range(20), range(20), n_folds=1), "n_folds"),
        (lambda: two_sample.triangular_distance(np.eye(2), np.eye(2), [0, 1]), "2 features"),
        (lambda: two_sample.triangular_distance([1, 2], [1, 2], [1, 0]), "numbers that rise"),
    ],
)
def test_bad_settings_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
