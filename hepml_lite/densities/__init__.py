"""The core that four themes share: density ratios, normalizing flows, flow matching, diffusion.

A classifier is a density ratio, and a conditional density can be fitted, sampled and evaluated:
each idea is written here once, and the themes add what is theirs.
"""

from hepml_lite.densities import (
    change_of_variables,
    continuous_flow,
    diffusion,
    distillation,
    files,
    flow_matching,
    ode,
    protocol,
    rows,
    trained_density,
)
from hepml_lite.densities.diffusion import Diffusion
from hepml_lite.densities.distillation import FewSteps, distill_to_few_steps
from hepml_lite.densities.files import load, save
from hepml_lite.densities.flow_matching import FlowMatching
from hepml_lite.densities.protocol import ConditionalDensity, DensityWithLikelihood
from hepml_lite.densities.trained_density import TrainedDensity, TrainingPlan

__all__ = [
    "ConditionalDensity",
    "DensityWithLikelihood",
    "Diffusion",
    "FewSteps",
    "FlowMatching",
    "TrainedDensity",
    "TrainingPlan",
    "change_of_variables",
    "continuous_flow",
    "diffusion",
    "distill_to_few_steps",
    "distillation",
    "files",
    "flow_matching",
    "load",
    "ode",
    "protocol",
    "rows",
    "save",
    "trained_density",
]
