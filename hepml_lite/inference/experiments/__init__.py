"""Measurements of particle physics, one a module: simulators, and the analyses of their events."""

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

__all__ = [
    "BeamDump",
    "Detector",
    "EnergyLoss",
    "MatrixElementMethod",
    "SignalStrength",
    "beam_dump",
    "energy_loss",
    "experiment_design",
    "hadronic_z",
    "matrix_element",
    "process_ratios",
    "signal_strength",
]
