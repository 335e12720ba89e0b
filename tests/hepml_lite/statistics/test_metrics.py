import math
import warnings
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as sk

from hepml_lite.statistics import metrics
from hepml_lite.statistics.metrics import Interval, bootstrap

NORMAL = NormalDist()


def gaussians(n, separation, seed=0):
    """n background jets at 0 and n signal jets at `separation`, both of unit width, shuffled."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([0, 1], n))
    return labels, rng.normal(size=2 * n) + separation * labels


def samples():
    labels, scores = gaussians(300, 1.0)
    rng = np.random.default_rng(1)
    weights = rng.exponential(size=600)
    some_zero = weights * (rng.random(600) < 0.7)
    return {
        "random": (labels, scores, None),
        "single precision": (labels, scores.astype(np.float32), None),
        "heavy ties": (labels, np.round(scores), None),
        "constant": (labels, np.full(600, 0.5), None),
        "weights": (labels, scores, weights),
        "weights and ties": (labels, np.round(scores), weights),
        "zero weights": (labels, np.round(scores, 1), some_zero),
    }


@pytest.fixture(params=samples())
def sample(request):
    return samples()[request.param]


def test_roc_curve_and_auc_equal_scikit_learn(sample):
    labels, scores, weights = sample
    ours = metrics.roc_curve(labels, scores, weights)
    theirs = sk.roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    expected = sk.roc_auc_score(labels, scores, sample_weight=weights)
    assert metrics.auc(labels, scores, weights) == pytest.approx(expected, rel=1e-12)


def test_accuracy_equals_scikit_learn(sample):
    labels, scores, weights = sample
    expected = sk.accuracy_score(labels, scores >= 0.5, sample_weight=weights)
    assert metrics.accuracy(labels, scores, weights=weights) == pytest.approx(expected)


def test_two_gaussians_have_the_analytic_auc_rejection_and_improvement():
    d = 1.5
    labels, scores = gaussians(200_000, d)
    assert metrics.auc(labels, scores) == pytest.approx(NORMAL.cdf(d / math.sqrt(2)), abs=0.002)
    for efficiency in (0.3, 0.8):
        cut = d - NORMAL.inv_cdf(efficiency)
        expected = 1 / (1 - NORMAL.cdf(cut))
        found = metrics.background_rejection(labels, scores, efficiency)
        assert found == pytest.approx(expected, rel=0.05)
    cuts = np.linspace(-3, 3, 601)
    best = max((1 - NORMAL.cdf(c - d)) / math.sqrt(1 - NORMAL.cdf(c)) for c in cuts)
    assert metrics.significance_improvement(labels, scores, 0.05) == pytest.approx(best, rel=0.02)


ALL = (
    metrics.auc,
    metrics.background_rejection,
    metrics.significance_improvement,
)


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("transform", [np.exp, np.arctan, lambda s: 3 * s - 7])
def test_monotone_transforms_change_nothing(metric, transform):
    labels, scores = gaussians(500, 1.0)
    assert metric(labels, transform(scores)) == metric(labels, scores)


@pytest.mark.parametrize("metric", ALL)
def test_the_order_of_the_jets_changes_nothing(metric, sample):
    labels, scores, weights = sample
    order = np.random.default_rng(0).permutation(len(labels))
    shuffled = None if weights is None else weights[order]
    value = metric(labels, scores, weights=weights)
    assert metric(labels[order], scores[order], weights=shuffled) == pytest.approx(value, rel=1e-12)


def test_swapping_the_classes_reflects_the_auc(sample):
    labels, scores, weights = sample
    area = metrics.auc(labels, scores, weights)
    assert metrics.auc(1 - labels, -scores, weights) == pytest.approx(area)
    assert metrics.auc(1 - labels, scores, weights) == pytest.approx(1 - area)


@pytest.mark.parametrize(
    "metric",
    [
        metrics.auc,
        metrics.accuracy,
        metrics.background_rejection,
        # without a bound: repeated jets count as independent, a jet of weight 3 does not
        lambda *a, **k: metrics.significance_improvement(*a, math.inf, **k),
    ],
)
def test_a_weight_is_a_repetition(metric):
    labels, scores = gaussians(200, 1.0)
    times = np.random.default_rng(3).integers(0, 4, len(labels))
    repeated = metric(np.repeat(labels, times), np.repeat(scores, times))
    assert metric(labels, scores, weights=times) == pytest.approx(repeated, rel=1e-12)


@pytest.mark.parametrize("metric", [metrics.auc, metrics.accuracy, metrics.background_rejection])
def test_a_weighted_sample_gives_the_answer_of_its_resample(metric):
    labels, scores = gaussians(4000, 1.0)
    rng = np.random.default_rng(5)
    weights = np.exp(0.5 * rng.standard_normal(len(labels)) + scores * (labels == 0))
    drawn = rng.choice(len(labels), 40_000, p=weights / weights.sum())
    resampled = metrics.bootstrap(metric, labels[drawn], scores[drawn], 50)
    error = resampled.high - resampled.low
    weighted = metric(labels, scores, weights=weights)
    assert abs(weighted - resampled.value) < 2 * error
    assert abs(metric(labels, scores) - resampled.value) > 2 * error  # without weights: another


def test_rejection_by_hand():
    labels = [1, 0, 1, 0, 0, 1, 0, 1]
    scores = [8, 7, 6, 5, 4, 3, 2, 1]  # signal passes at 8, 6, 3, 1
    assert metrics.background_rejection(labels, scores, 0.25) == math.inf
    assert metrics.background_rejection(labels, scores, 0.3) == 4  # one of four backgrounds passes
    assert metrics.background_rejection(labels, scores, 0.5) == 4
    assert metrics.background_rejection(labels, scores, 0.51) == pytest.approx(4 / 3)
    assert metrics.background_rejection(labels, scores, 1) == 1


def test_tied_jets_are_as_good_as_passing_them_at_random():
    assert metrics.background_rejection([0, 1, 0, 1], [5, 5, 5, 5], 0.3) == pytest.approx(1 / 0.3)
    assert metrics.auc([0, 1, 0, 1], [5, 5, 5, 5]) == 0.5


def test_rounded_sums_of_weights_do_not_move_the_working_point():
    labels, scores = np.tile([1, 0], 10), np.arange(20, 0, -1.0)
    for tenths in range(2, 11):  # summed, the first of ten weights of 0.7 fall short of 1/10
        weighted = metrics.background_rejection(labels, scores, tenths / 10, np.full(20, 0.7))
        assert weighted == pytest.approx(10 / (tenths - 1))


def test_perfect_separation_is_infinite_rejection_without_a_warning():
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.background_rejection(labels, scores) == math.inf
        interval = bootstrap(metrics.background_rejection, labels, scores, n_bootstrap=10, rng=0)
        band = metrics.roc_band(labels, scores, n_bootstrap=10, rng=0)
    assert tuple(interval) == (math.inf,) * 3
    assert str(interval) == "inf [inf, inf]"
    assert np.isinf(band.low[:-1]).all()


def test_significance_improvement_trusts_no_threshold_with_too_few_background_jets():
    labels = np.repeat([1, 0, 0], [50, 30, 970])
    scores = np.concatenate([np.full(50, 9.0), np.arange(8, 5, -0.1), np.arange(970) / -970])
    # all signal passes before any background: only the bound keeps the ratio finite
    efficiency, improvement = metrics.significance_improvement_curve(labels, scores, 0.2)
    assert improvement.max() == pytest.approx(1 / math.sqrt(26 / 1000))  # 25 is not below the bound
    assert metrics.significance_improvement(labels, scores, 0.5) == pytest.approx(
        1 / math.sqrt(5 / 1000)
    )
    assert (efficiency == 1).all()
    assert improvement[-1] == 1


def test_significance_improvement_counts_effective_background_jets():
    labels, scores = gaussians(2000, 2.0)
    weights = np.where((labels == 0) & (scores > 2), 50.0, 1.0)  # few heavy jets in the tail
    uniform = metrics.significance_improvement(labels, scores, 0.2, 7 * np.ones(4000))
    assert uniform == pytest.approx(metrics.significance_improvement(labels, scores, 0.2))
    order = np.argsort(-scores)
    w, heavy = weights[order], (labels == 0)[order]
    sum_w, sum_w2 = np.cumsum(w * heavy), np.cumsum(w**2 * heavy)
    passing_signal = np.cumsum(w * ~heavy) / (w * ~heavy).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = passing_signal / np.sqrt(sum_w / sum_w[-1])
        expected = ratio[np.sqrt(sum_w2) / sum_w < 0.2].max()
    found = metrics.significance_improvement(labels, scores, 0.2, weights)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("true_separation", [0.5, 2.0])
def test_bootstrap_interval_covers_the_true_auc_as_often_as_it_says(true_separation):
    truth = NORMAL.cdf(true_separation / math.sqrt(2))
    toys = [
        bootstrap(metrics.auc, *gaussians(60, true_separation, seed), n_bootstrap=100, rng=seed)
        for seed in range(120)
    ]
    covered = sum(toy.low <= truth <= toy.high for toy in toys)
    assert 0.56 < covered / len(toys) < 0.80


def test_bootstrap_of_an_efficiency_has_the_binomial_error():
    labels, scores = gaussians(2000, 1.0)

    def background_efficiency(labels, scores):
        return (scores[labels == 0] > 1).mean()

    interval = bootstrap(background_efficiency, labels, scores, n_bootstrap=500, rng=0)
    p = interval.value
    assert interval.error == pytest.approx(math.sqrt(p * (1 - p) / 2000), rel=0.15)


def test_a_seed_gives_the_same_interval_twice_and_another_seed_another():
    labels, scores = gaussians(200, 1.0)
    first, again, other = (bootstrap(metrics.auc, labels, scores, 50, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    generator = np.random.default_rng(1)
    assert bootstrap(metrics.auc, labels, scores, 50, generator) == first
    assert bootstrap(metrics.auc, labels, scores, 50, generator) != first


def test_a_wider_level_gives_a_wider_interval():
    labels, scores = gaussians(200, 1.0)
    narrow, wide = (bootstrap(metrics.auc, labels, scores, 200, 0, level) for level in (0.5, 0.95))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_resamples_keep_class_sizes_order_and_the_weights_of_their_jets():
    labels, scores = gaussians(50, 1.0)
    seen = []

    def probe(labels, scores, weights):
        assert labels.sum() == 50
        assert (labels == 0).sum() == 50
        np.testing.assert_array_equal(weights, np.exp(scores))
        seen.append(scores)
        return 0.0

    bootstrap(probe, labels, scores, n_bootstrap=20, rng=0, weights=np.exp(scores))
    resamples, full = seen[:-1], seen[-1]
    assert len(resamples) == 20
    assert all((np.diff(s) <= 0).all() for s in resamples)  # what makes sorting again linear
    assert all(len(np.unique(s)) < len(np.unique(full)) for s in resamples)


def test_a_sample_with_one_signal_jet_never_loses_it():
    interval = bootstrap(metrics.auc, [0, 0, 0, 1], [0.1, 0.5, 0.9, 0.6], n_bootstrap=200, rng=0)
    assert interval.low <= interval.value <= interval.high
    assert interval.low < interval.high


def test_positions_as_scores_compare_two_taggers_on_the_same_jets():
    labels, a = gaussians(300, 1.0)
    b = a + np.random.default_rng(5).normal(scale=0.3, size=600)

    def difference(labels, positions):
        i = positions.astype(int)
        return metrics.auc(labels, a[i]) - metrics.auc(labels, b[i])

    paired = bootstrap(difference, labels, np.arange(600), rng=0)
    alone = bootstrap(metrics.auc, labels, a, rng=0)
    assert paired.value == pytest.approx(metrics.auc(labels, a) - metrics.auc(labels, b))
    assert paired.error < alone.error / 2


def test_inputs_are_left_as_they_were_and_lists_and_booleans_are_welcome():
    labels, scores = gaussians(50, 1.0)
    before = labels.copy(), scores.copy()
    value = bootstrap(metrics.auc, labels, scores, 10, 0)
    np.testing.assert_array_equal(before, (labels, scores))
    assert bootstrap(metrics.auc, (labels == 1).tolist(), scores.tolist(), 10, 0) == value


def test_roc_band_holds_the_curve_and_its_working_points():
    labels, scores = gaussians(2000, 1.5)
    band = metrics.roc_band(labels, scores, n_bootstrap=100, rng=0)
    assert (band.low <= band.background_rejection).mean() > 0.95
    assert (band.high >= band.background_rejection).mean() > 0.95
    assert (band.background_rejection[1:] <= band.background_rejection[:-1]).all()
    for i in (9, 29, 79):
        point = metrics.background_rejection(labels, scores, band.signal_efficiency[i])
        assert band.background_rejection[i] == point
    at_30 = metrics.roc_band(labels, scores, n_bootstrap=100, rng=0, signal_efficiency=[0.3])
    same = bootstrap(metrics.background_rejection, labels, scores, n_bootstrap=100, rng=0)
    assert (at_30.low[0], at_30.high[0]) == (same.low, same.high)


@pytest.mark.parametrize(("passed", "total"), [(0, 10), (10, 10), (3, 10), (680, 1000)])
@pytest.mark.parametrize("level", [0.68, 0.95])
def test_efficiency_interval_equals_scipy(passed, total, level):
    theirs = binomtest(passed, total).proportion_ci(level, method="wilson")
    ours = metrics.efficiency_interval(passed, total, level)
    assert ours.value == passed / total
    np.testing.assert_allclose(ours[1:], theirs, atol=1e-12)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(304, 283, 325), "304 ± 21"),
        (Interval(0.9764, 0.9724, 0.9802), "0.976 ± 0.004"),
        (Interval(0.97641, 0.97342, 0.97802), "0.9764 +0.0016 −0.0030"),
        (Interval(12_345, 10_000, 14_900), "12300 ± 2400"),
        (Interval(0.5, 0.5, 0.5), "0.5"),
        (Interval(900, 500, math.inf), "900 [500, inf]"),
        (Interval(2.0, 2.1, 2.3), "2 [2.1, 2.3]"),
    ],
)
def test_intervals_print_as_physicists_write_them(interval, text):
    assert f"{interval}" == text


def test_the_inverse_of_an_interval_exchanges_its_ends():
    assert Interval(2.0, 1.0, 4.0).inverse() == (0.5, 0.25, 1.0)
    assert Interval(0.0, 0.0, 0.1).inverse() == (math.inf, 10.0, math.inf)


def test_a_format_prints_the_digits_that_it_asks_for():
    interval = Interval.symmetric(1298, 46)
    assert f"{interval:>12}|{interval:g}|{interval:.1f}" == "   1300 ± 50|1298 ± 46|1298.0 ± 46.0"


def test_interval_errors_fit_errorbar():
    interval = Interval(10.0, 8.0, 13.0)
    assert interval.errors == (2.0, 3.0)
    assert interval.error == 2.5


GOOD = [0, 1, 0, 1], [0.1, 0.9, 0.2, 0.3]


@pytest.mark.parametrize(
    ("labels", "scores", "weights", "message"),
    [
        ([1, 1], [0.1, 0.2], None, "0 background and 2 signal"),
        ([], [], None, "0 background and 0 signal"),
        ([0, 0, 1], [0.1, 0.2, 0.3], [1, 1, 0], "2 background and 0 signal"),
        ([0, 1], [0.1, math.nan], None, "1 of 2 scores are NaN or infinite"),
        ([0, 1], [0.1, -math.inf], None, "1 of 2 scores are NaN or infinite"),
        ([0, 1, 1], [0.1, 0.2], None, r"shapes \[\(3,\), \(2,\)\]"),
        ([0, 1], [[0.1, 0.9], [0.2, 0.8]], None, r"take the column scores\[:, 1\]"),
        ([0, 1], [0.1, 0.2], [1.0], "shapes"),
        ([1, 2], [0.1, 0.2], None, r"labels contain \[1 2\]"),
        ([-1, 1], [0.1, 0.2], None, r"labels contain \[-1  1\]"),
        ([0, 1], [0.1, 0.2], [1, -3], "1 weights are negative.*-3.0"),
        ([0, 1], [0.1, 0.2], [1, math.nan], "1 weights are negative, NaN or infinite"),
        ([0, 1], [0.1, 0.2], [0, 0], "0 background and 0 signal jets"),
    ],
)
def test_bad_samples_are_refused_with_the_reason(labels, scores, weights, message):
    with pytest.raises(ValueError, match=message):
        metrics.auc(labels, scores, weights=weights)


@pytest.mark.parametrize("metric", [*ALL, metrics.roc_curve, metrics.accuracy, metrics.roc_band])
def test_every_metric_refuses_bad_samples(metric):
    with pytest.raises(ValueError, match="0 background and 2 signal"):
        metric([1, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match="1 of 2 scores are NaN or infinite"):
        metric([0, 1], [0.1, math.nan])
    with pytest.raises(ValueError, match="1 weights are negative"):
        metric([0, 1], [0.1, 0.2], weights=[1, -3])


@pytest.mark.parametrize("efficiency", [0, -0.1, 1.1, math.nan])
def test_working_points_outside_the_unit_interval_are_refused(efficiency):
    with pytest.raises(
        ValueError, match=r"signal_efficiency is .*choose working points in \(0, 1]"
    ):
        metrics.background_rejection(*GOOD, efficiency)
    with pytest.raises(ValueError, match="signal_efficiency"):
        metrics.roc_band(*GOOD, signal_efficiency=[0.5, efficiency])


def test_too_few_background_jets_for_the_bound_are_refused():
    with pytest.raises(ValueError, match=r"0.2, but all background jets together have 0.71"):
        metrics.significance_improvement(*GOOD)
    with pytest.raises(ValueError, match="max_relative_background_error is 0"):
        metrics.significance_improvement(*GOOD, max_relative_background_error=0)


@pytest.mark.parametrize("level", [0, 1, 68])
def test_levels_outside_the_unit_interval_are_refused(level):
    with pytest.raises(ValueError, match=f"level is {level}"):
        bootstrap(metrics.auc, *GOOD, level=level)
    with pytest.raises(ValueError, match=f"level is {level}"):
        metrics.efficiency_interval(1, 2, level)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="n_bootstrap is 1"):
        bootstrap(metrics.auc, *GOOD, n_bootstrap=1)
    for passed, total, message in (
        (3, 2, "passed=3 of total=2"),
        (-1, 2, "passed is -1"),
        (0, 0, "total is 0"),
    ):
        with pytest.raises(ValueError, match=message):
            metrics.efficiency_interval(passed, total)
