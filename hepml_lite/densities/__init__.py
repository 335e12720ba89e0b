"""The core that four themes share: density ratios, normalizing flows, flow matching, diffusion.

A classifier is a density ratio, and a conditional density can be fitted, sampled and evaluated:
each idea is written here once, and the themes add what is theirs.
"""

from hepml_lite.densities import (
    bridge,
    change_of_variables,
    classifiers,
    consistency,
    continuous_flow,
    cross_fitting,
    diffusion,
    distillation,
    files,
    flow,
    flow_matching,
    judge,
    labelled_rows,
    network_density,
    ode,
    protocol,
    ratio,
    ratio_calibration,
    rows,
    scored_rows,
    sets,
    signed_weights,
    trained_density,
    truncation,
)
from hepml_lite.densities.bridge import Bridge, BridgeDensity
from hepml_lite.densities.consistency import Consistency
from hepml_lite.densities.diffusion import Diffusion
from hepml_lite.densities.distillation import FewSteps, distill_to_few_steps
from hepml_lite.densities.files import load, save
from hepml_lite.densities.flow import Flow
from hepml_lite.densities.flow_matching import FlowMatching
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.densities.protocol import ConditionalDensity, DensityWithLikelihood
from hepml_lite.densities.ratio import DensityRatio, fit_ratio
from hepml_lite.densities.sets import SetDensity, SetDiffusion, SetFlowMatching
from hepml_lite.densities.trained_density import TrainedDensity
from hepml_lite.densities.truncation import TruncatedDensity, truncated

__all__ = [
    "Bridge",
    "BridgeDensity",
    "ConditionalDensity",
    "Consistency",
    "DensityRatio",
    "DensityWithLikelihood",
    "Diffusion",
    "FewSteps",
    "Flow",
    "FlowMatching",
    "SetDensity",
    "SetDiffusion",
    "SetFlowMatching",
    "TrainedDensity",
    "TrainingPlan",
    "TruncatedDensity",
    "bridge",
    "change_of_variables",
    "classifiers",
    "consistency",
    "continuous_flow",
    "cross_fitting",
    "diffusion",
    "distill_to_few_steps",
    "distillation",
    "files",
    "fit_ratio",
    "flow",
    "flow_matching",
    "judge",
    "labelled_rows",
    "load",
    "network_density",
    "ode",
    "protocol",
    "ratio",
    "ratio_calibration",
    "rows",
    "save",
    "scored_rows",
    "sets",
    "signed_weights",
    "trained_density",
    "truncated",
    "truncation",
]
