"""Statistics: metrics, confidence intervals, working points, calibration and decorrelation."""

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
    "working_point",
]
