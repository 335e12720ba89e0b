"""Arguments that once gave a wrong number without a word: each is refused, or has its value."""

import math

import numpy as np
import pytest

from hepml_lite import statistics
from hepml_lite.statistics import (
    calibration,
    decorrelation,
    efficiency_shift,
    intervals,
    metrics,
    thresholds,
    working_point,
)

LABELS = np.tile([0, 1], 50)
SCORES = np.random.default_rng(1).normal(size=100) + LABELS
MASSES = np.linspace(50, 250, 100)
ONE_NAN = np.append(MASSES[:-1], np.nan)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decorrelation.mass_sculpting(LABELS, SCORES, ONE_NAN), "1 of 100 masses are NaN"),
        (
            lambda: decorrelation.mass_sculpting(LABELS, SCORES, MASSES, edges=[250, 150, 50]),
            "edges is .* numbers that rise",
        ),
        (
            lambda: decorrelation.mass_sculpting(LABELS, SCORES, MASSES, n_bootstrap=1),
            "n_bootstrap is 1",
        ),
        (
            lambda: decorrelation.mass_sculpting(LABELS, SCORES, MASSES, edges=[0, np.nan, 300]),
            "edges is .* numbers that rise",
        ),
        (lambda: decorrelation.jensen_shannon([-1, 2], [1, 1]), "1 contents are negative"),
        (lambda: decorrelation.jensen_shannon([0, 0], [1, 1]), "some content"),
        (lambda: decorrelation.jensen_shannon([1, 1, 1], [1, 1]), r"shapes \[\(3,\), \(2,\)\]"),
        (lambda: decorrelation.jensen_shannon([1, np.nan], [1, 1]), "NaN"),
        (lambda: intervals.central_interval([1.0, np.nan, 2.0]), "1 of 3 values are NaN"),
        (lambda: intervals.central_interval([]), "n >= 1"),
        (lambda: intervals.central_interval([1.0, 2.0], level=math.nan), "level is nan"),
        (lambda: intervals.efficiency_interval(2.5, 10), "passed is 2.5: give a whole number"),
        (lambda: intervals.efficiency_interval(2, math.nan), "total is nan"),
        (lambda: metrics.accuracy(LABELS, SCORES, threshold=math.nan), "threshold is nan"),
        (lambda: metrics.accuracy(LABELS, SCORES, threshold="0.5"), "threshold is '0.5'"),
        (lambda: metrics.auc(LABELS, np.ma.masked_less(SCORES, 0)), "scores is a masked array"),
        (lambda: metrics.background_rejection(LABELS, SCORES, [0.3, np.nan]), r"in \(0, 1\]"),
        (lambda: metrics.background_rejection(LABELS, SCORES, [0.3, 1.5]), r"in \(0, 1\]"),
        (lambda: metrics.background_rejection(LABELS + 1, SCORES), r"labels contain \[1 2\]"),
        (lambda: metrics.auc(["QCD", "top"], [0.1, 0.2]), "labels contain .*not numbers"),
        (lambda: metrics.auc([[0], [0, 1]], [0.1, 0.2]), "labels cannot become an array"),
        (lambda: metrics.bootstrap(metrics.auc, LABELS, SCORES, 2.5), "n_bootstrap is 2.5"),
        (lambda: metrics.bootstrap(metrics.auc, LABELS, SCORES, rng=-1), "rng is -1"),
        (
            lambda: metrics.significance_improvement(LABELS, SCORES, math.nan),
            "max_relative_background_error is nan",
        ),
        (
            lambda: efficiency_shift.shift_of_efficiency(LABELS, SCORES, SCORES, n_bootstrap=1),
            "n_bootstrap is 1",
        ),
        (lambda: thresholds.threshold_at([0.1, np.nan], 0.5), "1 of 2 signal_scores are NaN"),
        (lambda: thresholds.threshold_at([0.1, 0.2], 0.5, [0, 0]), "all weights are zero"),
        (lambda: thresholds.threshold_at([0.1, 0.2], 0.5, [1, -1]), "1 weights are negative"),
        (lambda: working_point.in_window(ONE_NAN, (0, 100)), "1 of 100 mass are NaN"),
        (lambda: working_point.in_window(MASSES, (0, 50, 100)), "low <= high"),
        (lambda: calibration.reliability_curve(LABELS, LABELS, n_bins=2.5), "n_bins is 2.5"),
        (lambda: calibration.Temperature(0.0)(SCORES), "temperature is 0.0"),
        (lambda: calibration.Temperature(1.0)([[np.nan, 1.0]]), "1 of 2 logits are NaN"),
        (lambda: calibration.isotonic(LABELS, SCORES)([np.nan]), "1 of 1 scores are NaN"),
        (lambda: calibration.platt_scaling(LABELS, SCORES)([np.inf]), "1 of 1 logits are NaN"),
    ],
)
def test_nonsense_is_refused_with_argument_and_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_several_signal_efficiencies_give_several_rejections():
    several = metrics.background_rejection(LABELS, SCORES, [0.3, 0.5])
    alone = [metrics.background_rejection(LABELS, SCORES, target) for target in (0.3, 0.5)]
    assert several.tolist() == alone
    assert isinstance(alone[0], float)


def test_whole_floats_are_counts():
    expected = statistics.intervals.efficiency_interval(2, 10)
    assert statistics.intervals.efficiency_interval(np.float64(2), 10.0) == expected


def test_a_shift_is_never_nan_where_no_background_passes():
    """In most resamples a cut that ten of 2000 pass keeps some, but not in all of 3000."""
    labels = np.repeat([0, 1], 2000)
    nominal = np.concatenate([np.arange(2000) - 1989.5, np.full(2000, 0.0)])
    varied = np.concatenate([np.arange(2000) - 1999.5, np.full(2000, 0.0)])
    shift = efficiency_shift.shift_of_efficiency(labels, nominal, varied, n_bootstrap=100)
    assert not np.isnan([tuple(interval) for interval in shift]).any()


def test_the_shift_of_a_sample_that_loses_everything():
    before = [np.array([-1.0, -1.0]), np.array([0.0])]
    assert not np.isnan(efficiency_shift._shift(before, before, 0.5)).any()
