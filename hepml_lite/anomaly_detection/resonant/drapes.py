"""Drapes: a template from a diffusion or flow-matching model.

D. Sengupta, M. Leigh, J. A. Raine, S. Klein, T. Golling, "Improving new physics searches with
diffusion models for event observables and jet constituents", arXiv:2312.10130. It is CATHODE with
another generator: the density is not needed for a template, only events, so that the network need
not be invertible.
"""

from dataclasses import dataclass, field

from hepml_lite.anomaly_detection.resonant.cathode import Cathode
from hepml_lite.anomaly_detection.resonant.sideband_density import usual_flow_matching
from hepml_lite.densities.protocol import ConditionalDensity


@dataclass
class Drapes(Cathode):
    """CATHODE whose template comes from flow matching, or from `densities.Diffusion`.

    Attributes:
        density: of the background, fitted to the sidebands.
    """

    density: ConditionalDensity = field(default_factory=usual_flow_matching)
