"""The core that four themes share: density ratios, normalizing flows, flow matching, diffusion.

A classifier is a density ratio, and a conditional density can be fitted, sampled and evaluated:
each idea is written here once, and the themes add what is theirs.
"""

from hepml_lite.densities import (
    change_of_variables,
    files,
    flow,
    protocol,
    rows,
    trained_density,
    truncation,
)
from hepml_lite.densities.files import load, save
from hepml_lite.densities.flow import Flow
from hepml_lite.densities.protocol import ConditionalDensity, DensityWithLikelihood
from hepml_lite.densities.trained_density import TrainedDensity, TrainingPlan
from hepml_lite.densities.truncation import TruncatedDensity, truncated

__all__ = [
    "ConditionalDensity",
    "DensityWithLikelihood",
    "Flow",
    "TrainedDensity",
    "TrainingPlan",
    "TruncatedDensity",
    "change_of_variables",
    "files",
    "flow",
    "load",
    "protocol",
    "rows",
    "save",
    "trained_density",
    "truncated",
    "truncation",
]
