"""Inference: parameters of the theory from simulated events, and proof that they can be trusted."""

from hepml_lite.inference import (
    calibration,
    classical,
    experiments,
    posterior,
    ratio,
    results,
    sets,
)
from hepml_lite.inference.calibration import (
    chooser,
    coverage_score,
    data_model_checks,
    diagnosis,
    failures,
    hidden_systematics,
    local_classifier_test,
)
from hepml_lite.inference.experiments import (
    beam_dump,
    energy_loss,
    experiment_design,
    hadronic_z,
    matrix_element,
    process_ratios,
    signal_strength,
)
from hepml_lite.inference.experiments.beam_dump import BeamDump, Detector
from hepml_lite.inference.experiments.energy_loss import EnergyLoss
from hepml_lite.inference.experiments.matrix_element import MatrixElementMethod
from hepml_lite.inference.experiments.signal_strength import SignalStrength
from hepml_lite.inference.posterior import (
    Posterior,
    approximate_bayes,
    chosen_flow,
    likelihood,
    sampling,
)
from hepml_lite.inference.ratio import FittedRatio, mined_gold
from hepml_lite.inference.sets import (
    EventFeatures,
    MeanFeatures,
    error_growth,
    event_features,
    likelihood_of_means,
)

__all__ = [
    "BeamDump",
    "Detector",
    "EnergyLoss",
    "EventFeatures",
    "FittedRatio",
    "MatrixElementMethod",
    "MeanFeatures",
    "Posterior",
    "SignalStrength",
    "approximate_bayes",
    "beam_dump",
    "calibration",
    "chooser",
    "chosen_flow",
    "classical",
    "coverage_score",
    "data_model_checks",
    "diagnosis",
    "energy_loss",
    "error_growth",
    "event_features",
    "experiment_design",
    "experiments",
    "failures",
    "hadronic_z",
    "hidden_systematics",
    "likelihood",
    "likelihood_of_means",
    "local_classifier_test",
    "matrix_element",
    "mined_gold",
    "posterior",
    "process_ratios",
    "ratio",
    "results",
    "sampling",
    "sets",
    "signal_strength",
]
