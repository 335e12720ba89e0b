"""One convention for the threshold at a signal efficiency, the same as on the ROC curve."""

import numpy as np
import pytest

from hepml_lite.statistics import metrics
from hepml_lite.statistics.thresholds import threshold_at, thresholds_at


def sample(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    return labels, rng.normal(1.5 * labels)


def test_it_is_the_largest_threshold_that_enough_signal_passes():
    signal = np.array([0.7, 0.1, 0.9, 0.4, 0.4])
    wanted = [0.2, 0.3, 0.4, 0.41, 0.8, 1.0]
    assert thresholds_at(signal, wanted).tolist() == [0.9, 0.7, 0.7, 0.4, 0.4, 0.1]


def test_rounding_takes_no_jet_more():
    signal = np.arange(100)
    for k in range(1, 101):
        assert threshold_at(signal, k / 100) == 100 - k


@pytest.mark.parametrize("weighted", [False, True])
def test_background_rejection_is_that_above_the_threshold(weighted):
    labels, scores = sample()
    signal = labels == 1
    weights = np.random.default_rng(1).gamma(2, 0.5, len(labels)) if weighted else np.ones(1000)
    for efficiency in (0.1, 0.3, 0.5, 0.9):
        threshold = threshold_at(scores[signal], efficiency, weights[signal])
        passed = np.average(scores[~signal] >= threshold, weights=weights[~signal])
        expected = 1 / metrics.background_rejection(labels, scores, efficiency, weights)
        # with weights the efficiency falls between two jets, on a step of the curve
        assert passed == pytest.approx(expected, abs=0.01 if weighted else 1e-12)
        assert passed >= expected - 1e-12


def test_a_weight_of_three_is_three_jets():
    signal = np.random.default_rng(0).normal(size=50)
    weights = np.arange(50) % 4
    for efficiency in (0.05, 0.37, 0.5, 1.0):
        copies = threshold_at(np.repeat(signal, weights), efficiency)
        assert threshold_at(signal, efficiency, weights) == copies


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 0.5), "at least one jet"),
        (([[0.1, 0.2]], 0.5), r"shape \(1, 2\)"),
        (([0.1, 0.2], 0.0), r"in \(0, 1]"),
        (([0.1, 0.2], 30), r"in \(0, 1]"),
    ],
)
def test_impossible_thresholds_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        threshold_at(*arguments)
