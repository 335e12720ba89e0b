"""Statistics: metrics, confidence intervals, working points, calibration, two-sample tests."""

from hepml_lite.statistics import (
    calibration,
    decorrelation,
    efficiency_shift,
    equal_efficiency,
    inputs,
    intervals,
    metrics,
    scored_variation,
    tagger_rates,
    thresholds,
    two_sample,
    working_point,
)

__all__ = [
    "calibration",
    "decorrelation",
    "efficiency_shift",
    "equal_efficiency",
    "inputs",
    "intervals",
    "metrics",
    "scored_variation",
    "tagger_rates",
    "thresholds",
    "two_sample",
    "working_point",
]
