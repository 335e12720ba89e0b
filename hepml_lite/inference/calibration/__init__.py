"""Can the answer be trusted? Checks of a posterior, and which of them finds which fault."""

from hepml_lite.inference.calibration import (
    chooser,
    coverage_score,
    data_model_checks,
    diagnosis,
    failures,
    hidden_systematics,
    judges,
    local_classifier_test,
)
from hepml_lite.inference.calibration.judges import (
    ClassifierTest,
    RankTest,
    RegionTest,
    c2st,
    coverage,
    effective_sample_size,
    expected_coverage,
    simulation_based_calibration,
    tarp,
)

__all__ = [
    "ClassifierTest",
    "RankTest",
    "RegionTest",
    "c2st",
    "chooser",
    "coverage",
    "coverage_score",
    "data_model_checks",
    "diagnosis",
    "effective_sample_size",
    "expected_coverage",
    "failures",
    "hidden_systematics",
    "judges",
    "local_classifier_test",
    "simulation_based_calibration",
    "tarp",
]
