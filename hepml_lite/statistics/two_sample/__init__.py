"""Are two samples of one distribution, and do draws cover the truth? Tests, distances, coverage."""

from hepml_lite.statistics.two_sample import (
    classifier_test,
    coverage,
    distances,
    samples,
    triangular,
)
from hepml_lite.statistics.two_sample.classifier_test import (
    ClassifierTest,
    classifier_two_sample_test,
)
from hepml_lite.statistics.two_sample.coverage import (
    interval_coverage,
    simulation_based_calibration,
    tarp,
)
from hepml_lite.statistics.two_sample.distances import (
    chance_level,
    energy_distance,
    frechet_distance,
    kernel_distance,
    optimal_transport_distance,
    sliced_wasserstein_distance,
    wasserstein_distances,
)
from hepml_lite.statistics.two_sample.samples import effective_sample_size
from hepml_lite.statistics.two_sample.triangular import triangular_distance

__all__ = [
    "ClassifierTest",
    "chance_level",
    "classifier_test",
    "classifier_two_sample_test",
    "coverage",
    "distances",
    "effective_sample_size",
    "energy_distance",
    "frechet_distance",
    "interval_coverage",
    "kernel_distance",
    "optimal_transport_distance",
    "samples",
    "simulation_based_calibration",
    "sliced_wasserstein_distance",
    "tarp",
    "triangular",
    "triangular_distance",
    "wasserstein_distances",
]
