"""The numbers behind "Cut or learn?": working points, their comparison."""

import math

import numpy as np
import pytest

from hepml_lite.statistics.equal_efficiency import compare_at_equal_efficiency, matched_threshold
from hepml_lite.statistics.intervals import efficiency_interval, weighted_efficiency_interval
from hepml_lite.statistics.working_point import WorkingPoint, in_window, working_point


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def tagged(rng, n=2000, shared=0.7):
    """Two scores of the same power that share part of their noise: neither is better."""
    labels = np.arange(n) % 2
    common = rng.normal(size=n)
    scores = [
        1.5 * labels + math.sqrt(shared) * common + math.sqrt(1 - shared) * rng.normal(size=n)
        for _ in range(2)
    ]
    return labels, *scores


def test_everything_passes_the_full_window():
    mass, labels = np.array([10.0, 90.0, 172.0, 300.0]), np.array([0, 0, 1, 1])
    everything = working_point(labels, in_window(mass, (0, 300)))
    assert everything.signal_efficiency.value == everything.background_rejection.value == 1
    narrow = working_point(labels, in_window(mass, (172, 172)))  # both edges belong to it
    assert narrow == WorkingPoint(1, 2, 0, 2)


def test_rejection_without_surviving_background_is_a_lower_limit():
    point = WorkingPoint(50, 100, 0, 1000)
    rejection = point.background_rejection
    assert rejection.value == math.inf
    assert 1000 / 1.1 < rejection.low < 1000 / 0.9  # Wilson with 68 %: about z^2 = 1 event
    significance = point.significance(1000, 1e6)
    assert significance.value == math.inf
    assert 0 < significance.low < math.inf


def test_significance_interval_holds_what_new_samples_give(rng):
    point = WorkingPoint(600, 1000, 20, 1000)
    expected = point.significance(1000, 1e6)
    assert expected.value == pytest.approx(600 / math.sqrt(20_000))
    signal, background = rng.binomial(1000, 0.6, 4000), rng.binomial(1000, 0.02, 4000)
    spread = (1000 * signal / 1000 / np.sqrt(1e6 * background / 1000)).std()
    assert expected.error == pytest.approx(spread, rel=0.15)
    with pytest.raises(ValueError, match=r"expected_background is 0: give a number in \(0, inf\)"):
        point.significance(1000, 0)


@pytest.mark.parametrize("window", [(math.nan, 200), (210, 140)])
def test_impossible_windows_are_refused(window):
    with pytest.raises(ValueError, match="low <= high"):
        in_window(np.array([100.0]), window)


def test_integer_masks_are_refused_since_they_would_pick_positions():
    with pytest.raises(ValueError, match="one bool a jet"):
        working_point(np.array([0, 1]), np.array([1, 1]))


def test_threshold_accepts_as_many_signal_jets_as_the_cut(rng):
    labels, cut_score, score = tagged(rng)
    for threshold in (-1.0, 0.5, 2.0):
        found = compare_at_equal_efficiency(labels, cut_score > threshold, score)
        assert found.network.passed_signal == found.cut.passed_signal
        assert found.threshold in score[labels == 1]
    assert matched_threshold(labels, score, 0) == math.inf


def test_a_selection_is_as_good_as_itself(rng):
    labels, score, _ = tagged(rng)
    found = compare_at_equal_efficiency(labels, score >= np.median(score[labels == 1][:-1]), score)
    assert (found.gain.value, found.sigmas) == (1, 0)
    everything = np.ones(len(labels), bool)
    constant = compare_at_equal_efficiency(labels, everything, np.zeros(len(labels)))
    assert (constant.gain.value, constant.sigmas) == (1, 0)


def test_the_better_selection_wins_whatever_its_name(rng):
    labels, good, _ = tagged(rng)
    poor = good + rng.normal(0, 2, len(good))
    network_better = compare_at_equal_efficiency(labels, poor > 1, good)
    cut_better = compare_at_equal_efficiency(labels, good > 1, poor)
    assert network_better.gain.low > 1
    assert network_better.sigmas > 5
    assert cut_better.gain.high < 1
    assert cut_better.sigmas < -5


def test_significance_of_no_difference_is_a_standard_normal(rng):
    pulls = []
    for _ in range(300):
        labels, first, second = tagged(rng, n=1000)
        pulls.append(compare_at_equal_efficiency(labels, first > 1.2, second).sigmas)
    assert abs(np.mean(pulls)) < 0.25
    assert 0.85 < np.std(pulls) < 1.2


def test_nothing_is_claimed_without_background():
    labels, score = np.array([0, 0, 1, 1]), np.array([-1.0, -2.0, 1.0, 2.0])
    found = compare_at_equal_efficiency(labels, score > 0, score)
    assert math.isnan(found.sigmas)
    with pytest.raises(ValueError, match="cannot pass"):
        matched_threshold(labels, score, 3)


def test_weighted_efficiency_covers_where_the_selected_jets_weigh_less():
    rng = np.random.default_rng(13)
    covered = 0
    for _ in range(400):
        weights = rng.choice([0.1, 5.0], 300)
        selected = rng.random(300) < np.where(weights < 1, 0.6, 0.1)
        interval = weighted_efficiency_interval(selected, weights)
        covered += interval.low <= (0.6 * 0.1 + 0.1 * 5) / 5.1 <= interval.high
    assert abs(covered / 400 - 0.68) < 0.07  # three binomial errors


def test_weighted_efficiency_of_equal_weights_is_the_counted_one():
    selected = np.arange(40) < 9
    counted = efficiency_interval(9, 40)
    assert weighted_efficiency_interval(selected, np.full(40, 0.3)) == pytest.approx(counted)


def test_weighted_efficiency_of_nothing_selected_allows_for_the_largest_weight():
    weights = np.array([1.0] * 90 + [10.0])
    none = weighted_efficiency_interval(np.zeros(91, bool), weights)
    assert none == pytest.approx(efficiency_interval(0, 10))
    everything = weighted_efficiency_interval(np.ones(91, bool), weights)
    assert everything == pytest.approx(efficiency_interval(10, 10))
