"""Classical statistics of counts and histograms: intervals, limits, significance, information."""

from hepml_lite.inference.classical.cls import (
    CLs,
    CLsOfToys,
    cls_asymptotic,
    cls_toys,
    upper_limit,
)
from hepml_lite.inference.classical.feldman_cousins import feldman_cousins
from hepml_lite.inference.classical.goodness_of_fit import (
    GoodnessOfFit,
    baker_cousins,
    goodness_of_fit,
)
from hepml_lite.inference.classical.histogram_model import HistogramModel
from hepml_lite.inference.classical.information import (
    information,
    information_in_bins,
    smallest_errors,
)
from hepml_lite.inference.classical.nuisances import Curve, marginalised, profiled
from hepml_lite.inference.classical.one_parameter import binned, unbinned
from hepml_lite.inference.classical.significance import asimov_significance, z_bi

__all__ = [
    "CLs",
    "CLsOfToys",
    "Curve",
    "GoodnessOfFit",
    "HistogramModel",
    "asimov_significance",
    "baker_cousins",
    "binned",
    "cls_asymptotic",
    "cls_toys",
    "feldman_cousins",
    "goodness_of_fit",
    "information",
    "information_in_bins",
    "marginalised",
    "profiled",
    "smallest_errors",
    "unbinned",
    "upper_limit",
    "z_bi",
]
