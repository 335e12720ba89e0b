"""Densities of sets of particles whose number varies: by flow matching, and by diffusion."""

from hepml_lite.densities.sets import density, diffusion, flow_matching, network, rows
from hepml_lite.densities.sets.density import SetDensity
from hepml_lite.densities.sets.diffusion import SetDiffusion
from hepml_lite.densities.sets.flow_matching import SetFlowMatching

__all__ = [
    "SetDensity",
    "SetDiffusion",
    "SetFlowMatching",
    "density",
    "diffusion",
    "flow_matching",
    "network",
    "rows",
]
