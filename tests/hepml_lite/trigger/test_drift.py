"""Alarms, thresholds that follow, and learning on: exact run lengths and laws of memory."""

import numpy as np
import pytest

from hepml_lite.trigger import continual, drift_alarms, following_threshold

#: Average run lengths of a two-sided CUSUM with k = 1/2, of the table in D. C. Montgomery,
#: *Introduction to Statistical Quality Control*: limit 4 and 5 for shifts of 0, 0.5, 1, 2.
PUBLISHED = {4.0: {0.0: 168.0, 0.5: 26.6, 1.0: 8.38, 2.0: 3.34}}
PUBLISHED[5.0] = {0.0: 465.0, 0.5: 38.0, 1.0: 10.4, 2.0: 4.01}


def two_sided(shift, limit):
    """Both sums: their rates of alarms add (exact for a CUSUM without a head start)."""
    rise = drift_alarms.average_run_length(shift, limit)
    fall = drift_alarms.average_run_length(-shift, limit)
    return 1 / (1 / rise + 1 / fall)


@pytest.mark.parametrize("limit", [4.0, 5.0])
def test_run_lengths_are_the_published_ones(limit):
    for shift, published in PUBLISHED[limit].items():
        assert two_sided(shift, limit) == pytest.approx(published, rel=0.01)


def test_siegmunds_formula_is_near_the_exact_run_length():
    for shift in (0.0, 0.25, 0.5, 1.0):
        exact = drift_alarms.average_run_length(shift, 4.0)
        assert drift_alarms.siegmund_run_length(shift, 4.0) == pytest.approx(exact, rel=0.05)


def test_the_limit_has_the_false_alarms_that_were_asked_for():
    limit = drift_alarms.limit_for(930)
    assert limit == pytest.approx(5.0, abs=0.01)
    cusum = drift_alarms.Cusum.with_false_alarms(100)
    rng = np.random.default_rng(1)
    for shift, wanted in ((0.0, 100.0), (1.0, two_sided(1.0, cusum.limit))):
        mean, error = drift_alarms.simulated_run_length(cusum, shift, 3000, rng)
        assert abs(mean - wanted) < 4 * error


def test_sums_add_deviations_and_forget():
    cusum = drift_alarms.Cusum(limit=2.0, reference=0.5)
    rise, fall = cusum.sums([1.0, 1.0, -3.0, 2.0, 2.0])
    np.testing.assert_allclose(rise, [0.5, 1.0, 0.0, 1.5, 3.0])
    np.testing.assert_allclose(fall, [0, 0, 2.5, 0, 0])
    assert cusum.first_alarm([1.0, 1.0, -3.0, 2.0, 2.0]) == 3
    assert cusum.first_alarm([0.0, 0.0]) == 0


def test_deviations_of_counts_have_unit_width():
    counts = np.random.default_rng(2).poisson(40, 200_000)
    z = drift_alarms.deviations(counts, np.full(len(counts), 40.0))
    assert abs(z.mean()) < 0.01
    assert z.std() == pytest.approx(1, abs=0.01)


def exponential_batches(scales, n=20_000, seed=3):
    rng = np.random.default_rng(seed)
    return [rng.exponential(scale, n) for scale in scales]


def test_a_following_threshold_holds_the_rate_and_a_fixed_one_does_not():
    scales = np.linspace(1, 0.7, 40)
    batches = exponential_batches(scales)
    share, start = 0.01, np.log(100)
    moving = following_threshold.following_threshold(batches, share, start, 0.5, 1.0)
    fixed = following_threshold.fixed_threshold(batches, start)
    assert fixed.share[-1] < 0.3 * share
    late = np.log(100) * 0.3 / 40 / (0.5 * 1.0)  # drift of the quantile over gain and scale
    assert moving.share[5:].mean() == pytest.approx(share * np.exp(-late / 0.85), rel=0.03)


def test_in_a_constant_beam_the_threshold_is_the_quantile():
    batches = exponential_batches(np.ones(300), n=5000)
    moving = following_threshold.following_threshold(batches, 0.02, 1.0, 0.3, 1.0)
    assert moving.threshold[20:].mean() == pytest.approx(np.log(50), abs=0.03)
    kept = following_threshold.quantile_threshold(batches, 0.02, 1.0)
    assert kept.threshold[20:].mean() == pytest.approx(np.log(50), abs=0.03)
    assert following_threshold.tail_length(np.concatenate(batches), 0.02) == pytest.approx(
        1, rel=0.05
    )


def test_a_reservoir_holds_each_row_with_equal_probability():
    rng = np.random.default_rng(4)
    counts = np.zeros(60)
    for _ in range(500):
        reservoir = continual.Reservoir(12, rng)
        for part in np.arange(60.0).reshape(4, 15, 1):
            reservoir.add(part)
        counts[reservoir.rows[:, 0].astype(int)] += 1
    expected = 500 * 12 / 60
    chi2 = np.sum((counts - expected) ** 2 / (expected * (1 - 12 / 60)))
    assert chi2 < 59 + 5 * np.sqrt(2 * 59)


def two_beams():
    """Rows of two kinds: another pair of six numbers varies in each."""
    rng = np.random.default_rng(5)
    first, second = np.zeros((2, 1500, 12))
    first[:, :6] = rng.normal(0, 1, (1500, 2)) @ rng.normal(0, 1, (2, 6))
    second[:, 6:] = rng.normal(0, 1, (1500, 2)) @ rng.normal(0, 1, (2, 6))
    return first, second


def test_replay_forgets_less_than_the_last_crossings_and_uses_less_than_retraining():
    first, second = two_beams()
    left = {}
    for strategy in continual.STRATEGIES:
        learner = continual.Learner(strategy, n_memory=100, n_first=150, n_steps=70, seed=1)
        learner.see(first)
        learner.see(second)
        left[strategy] = (learner.score(first).mean(), learner.score(second).mean(), learner)
    assert left["replay"][0] < 0.5 * left["last crossings"][0]
    assert left["replay"][1] < 0.5 * left["frozen"][1]
    assert left["replay"][2].rows_in_memory == 100 < left["retrained"][2].rows_in_memory
    assert left["replay"][2].steps_taken < left["retrained"][2].steps_taken


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: continual.Learner("all"), "choose one of"),
        (lambda: continual.Learner("frozen").score(np.zeros((2, 3))), "seen nothing"),
        (lambda: drift_alarms.average_run_length(0, -1), "limit"),
        (lambda: drift_alarms.deviations([-1.0], [2.0]), "not negative"),
        (lambda: following_threshold.following_threshold([], 1.5, 0, 0.3, 1), "share"),
        (lambda: following_threshold.tail_length(np.ones(100), 0.01), "both"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
