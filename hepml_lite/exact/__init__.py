"""Models with a known answer, against which a method is measured."""

from hepml_lite.exact import (
    camel_back,
    counting,
    densities,
    displaced_decays,
    drell_yan,
    effective_theory,
    galton_board,
    gaussian_profiling,
    gaussian_recursion,
    gaussian_resonance,
    hidden_shift,
    posterior_tasks,
    priors,
    process_mixture,
    signal_mixture,
    simulator,
    smeared_drell_yan,
    tau_pairs,
    tpc_patches,
    tracker_thickness,
)
from hepml_lite.exact.camel_back import CamelBack
from hepml_lite.exact.counting import CountingExperiment
from hepml_lite.exact.displaced_decays import DisplacedDecays
from hepml_lite.exact.drell_yan import DrellYan
from hepml_lite.exact.effective_theory import EffectiveTheory
from hepml_lite.exact.galton_board import GaltonBoard
from hepml_lite.exact.gaussian_profiling import GaussianProfiling
from hepml_lite.exact.gaussian_recursion import Gaussian, GaussianUnfolding
from hepml_lite.exact.gaussian_resonance import GaussianResonance
from hepml_lite.exact.hidden_shift import HiddenShift
from hepml_lite.exact.priors import GaussianPrior, LogNormalPrior, Prior, UniformPrior
from hepml_lite.exact.process_mixture import ProcessMixture
from hepml_lite.exact.signal_mixture import SignalMixture
from hepml_lite.exact.simulator import ExactSimulator, MinedEvents, MinedSimulator, Simulator
from hepml_lite.exact.smeared_drell_yan import SmearedDrellYan
from hepml_lite.exact.tau_pairs import TauPairs
from hepml_lite.exact.tpc_patches import TpcPatches
from hepml_lite.exact.tracker_thickness import TrackerThickness

__all__ = [
    "CamelBack",
    "CountingExperiment",
    "DisplacedDecays",
    "DrellYan",
    "EffectiveTheory",
    "ExactSimulator",
    "GaltonBoard",
    "Gaussian",
    "GaussianPrior",
    "GaussianProfiling",
    "GaussianResonance",
    "GaussianUnfolding",
    "HiddenShift",
    "LogNormalPrior",
    "MinedEvents",
    "MinedSimulator",
    "Prior",
    "ProcessMixture",
    "SignalMixture",
    "Simulator",
    "SmearedDrellYan",
    "TauPairs",
    "TpcPatches",
    "TrackerThickness",
    "UniformPrior",
    "camel_back",
    "counting",
    "densities",
    "displaced_decays",
    "drell_yan",
    "effective_theory",
    "galton_board",
    "gaussian_profiling",
    "gaussian_recursion",
    "gaussian_resonance",
    "hidden_shift",
    "posterior_tasks",
    "priors",
    "process_mixture",
    "signal_mixture",
    "simulator",
    "smeared_drell_yan",
    "tau_pairs",
    "tpc_patches",
    "tracker_thickness",
]
