"""Anomaly detection: outliers and over-densities, and the way from a score to a p-value."""

from hepml_lite.anomaly_detection import (
    contrastive,
    kernels,
    outliers,
    published,
    reports,
    results,
)
from hepml_lite.anomaly_detection.beyond.background_extrapolation import BackgroundExtrapolation
from hepml_lite.anomaly_detection.beyond.cluster_scanning import ClusterScan
from hepml_lite.anomaly_detection.beyond.combination import Combination, smallest_p_value
from hepml_lite.anomaly_detection.beyond.factorised import FactorisedObservables
from hepml_lite.anomaly_detection.beyond.full_phase_space import FullPhaseSpace, events_of_sets
from hepml_lite.anomaly_detection.beyond.tails_and_resonance import TailsAndResonance
from hepml_lite.anomaly_detection.goodness_of_fit.kernel import KernelAlternative
from hepml_lite.anomaly_detection.goodness_of_fit.network import NetworkAlternative
from hepml_lite.anomaly_detection.goodness_of_fit.nplm import GoodnessOfFit, nplm
from hepml_lite.anomaly_detection.resonant.anode import Anode
from hepml_lite.anomaly_detection.resonant.bounds import Idealised, Supervised
from hepml_lite.anomaly_detection.resonant.cathode import Cathode
from hepml_lite.anomaly_detection.resonant.cwola_hunting import CwolaHunting
from hepml_lite.anomaly_detection.resonant.drapes import Drapes
from hepml_lite.anomaly_detection.resonant.events import ResonantEvents, ResonantSearch
from hepml_lite.anomaly_detection.resonant.features import (
    dijet_features,
    logit_then_standardise,
)
from hepml_lite.anomaly_detection.resonant.in_folds import InFolds
from hepml_lite.anomaly_detection.resonant.injection import injected
from hepml_lite.anomaly_detection.resonant.lacathode import LaCathode
from hepml_lite.anomaly_detection.resonant.quak import Quak
from hepml_lite.anomaly_detection.resonant.r_anode import RAnode
from hepml_lite.anomaly_detection.resonant.tag_n_train import TagNTrain
from hepml_lite.anomaly_detection.search import (
    limits,
    sensitivity,
    spectrum_fit,
    up_crossings,
    windows,
)
from hepml_lite.anomaly_detection.search.bump_hunt import BumpHunt, bump_hunt
from hepml_lite.anomaly_detection.search.direct_background import (
    DirectEstimate,
    direct_background,
    on_off_p_value,
)
from hepml_lite.anomaly_detection.search.limits import signal_limit
from hepml_lite.anomaly_detection.search.sensitivity import expected_sensitivity
from hepml_lite.anomaly_detection.search.spectrum_fit import SpectrumFit, fit_spectrum
from hepml_lite.anomaly_detection.weak_classifier import WeakClassifier, weakly_supervised_scores

__all__ = [
    "Anode",
    "BackgroundExtrapolation",
    "BumpHunt",
    "Cathode",
    "ClusterScan",
    "Combination",
    "CwolaHunting",
    "DirectEstimate",
    "Drapes",
    "FactorisedObservables",
    "FullPhaseSpace",
    "GoodnessOfFit",
    "Idealised",
    "InFolds",
    "KernelAlternative",
    "LaCathode",
    "NetworkAlternative",
    "Quak",
    "RAnode",
    "ResonantEvents",
    "ResonantSearch",
    "SpectrumFit",
    "Supervised",
    "TagNTrain",
    "TailsAndResonance",
    "WeakClassifier",
    "bump_hunt",
    "contrastive",
    "dijet_features",
    "direct_background",
    "events_of_sets",
    "expected_sensitivity",
    "fit_spectrum",
    "injected",
    "kernels",
    "limits",
    "logit_then_standardise",
    "nplm",
    "on_off_p_value",
    "outliers",
    "published",
    "reports",
    "results",
    "sensitivity",
    "signal_limit",
    "smallest_p_value",
    "spectrum_fit",
    "up_crossings",
    "weakly_supervised_scores",
    "windows",
]
