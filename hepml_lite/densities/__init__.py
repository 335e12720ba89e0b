"""The core that four themes share: density ratios, normalizing flows, flow matching, diffusion.

A classifier is a density ratio, and a conditional density can be fitted, sampled and evaluated:
each idea is written here once, and the themes add what is theirs.
"""

from hepml_lite.densities import (
    change_of_variables,
    classifiers,
    cross_fitting,
    files,
    labelled_rows,
    protocol,
    ratio,
    rows,
    scored_rows,
    signed_weights,
    trained_density,
)
from hepml_lite.densities.files import load, save
from hepml_lite.densities.protocol import ConditionalDensity, DensityWithLikelihood
from hepml_lite.densities.ratio import DensityRatio, fit_ratio
from hepml_lite.densities.trained_density import TrainedDensity, TrainingPlan

__all__ = [
    "ConditionalDensity",
    "DensityRatio",
    "DensityWithLikelihood",
    "TrainedDensity",
    "TrainingPlan",
    "change_of_variables",
    "classifiers",
    "cross_fitting",
    "files",
    "fit_ratio",
    "labelled_rows",
    "load",
    "protocol",
    "ratio",
    "rows",
    "save",
    "scored_rows",
    "signed_weights",
    "trained_density",
]
