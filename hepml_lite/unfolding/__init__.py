"""Unfolding: what nature looked like before the detector, in bins and without."""

from hepml_lite.unfolding import comparison, method_tables, published, reports
from hepml_lite.unfolding.adversarial import ConditionalGAN
from hepml_lite.unfolding.binned import strength
from hepml_lite.unfolding.binned.inversion import invert
from hepml_lite.unfolding.binned.iterative_bayes import iterative_bayes
from hepml_lite.unfolding.binned.response import Response, response_of_events
from hepml_lite.unfolding.binned.response_covariance import response_covariance
from hepml_lite.unfolding.binned.result import BinnedResult
from hepml_lite.unfolding.binned.svd import SvdResult, svd
from hepml_lite.unfolding.binned.tikhonov import tikhonov
from hepml_lite.unfolding.conditional_generation import ConditionalGeneration
from hepml_lite.unfolding.coverage_scans import CoverageScan, coverage_study
from hepml_lite.unfolding.distribution_mapping import DistributionMapping
from hepml_lite.unfolding.forward_model import ForwardModel
from hepml_lite.unfolding.generated_events import GeneratedEvents
from hepml_lite.unfolding.latent import LatentDensity
from hepml_lite.unfolding.moments import MomentUnfolding
from hepml_lite.unfolding.omnifold import OmniFold
from hepml_lite.unfolding.optimal_observable import OptimalObservable
from hepml_lite.unfolding.profiled import ProfiledEvents, ProfiledOmniFold
from hepml_lite.unfolding.published import PublishedResult, load_published
from hepml_lite.unfolding.reweighted import Replica, ReweightedEvents
from hepml_lite.unfolding.simulated_events import SimulatedEvents

__all__ = [
    "BinnedResult",
    "ConditionalGAN",
    "ConditionalGeneration",
    "CoverageScan",
    "DistributionMapping",
    "ForwardModel",
    "GeneratedEvents",
    "LatentDensity",
    "MomentUnfolding",
    "OmniFold",
    "OptimalObservable",
    "ProfiledEvents",
    "ProfiledOmniFold",
    "PublishedResult",
    "Replica",
    "Response",
    "ReweightedEvents",
    "SimulatedEvents",
    "SvdResult",
    "comparison",
    "coverage_study",
    "invert",
    "iterative_bayes",
    "load_published",
    "method_tables",
    "published",
    "reports",
    "response_covariance",
    "response_of_events",
    "strength",
    "svd",
    "tikhonov",
]
