"""Statistics: metrics, confidence intervals, working points, calibration, two-sample tests."""

from hepml_lite.statistics import (
    calibration,
    data_checks,
    decorrelation,
    efficiency_shift,
    equal_efficiency,
    intervals,
    metrics,
    migration,
    scored_variation,
    settings_checks,
    tagger_rates,
    thresholds,
    two_sample,
    weighted_counts,
    working_point,
)

__all__ = [
    "calibration",
    "data_checks",
    "decorrelation",
    "efficiency_shift",
    "equal_efficiency",
    "intervals",
    "metrics",
    "migration",
    "scored_variation",
    "settings_checks",
    "tagger_rates",
    "thresholds",
    "two_sample",
    "weighted_counts",
    "working_point",
]
