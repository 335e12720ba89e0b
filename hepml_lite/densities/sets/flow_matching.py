"""Flow matching on sets of particles: a straight path for each, a velocity that all share.

E. Buhmann et al., "EPiC-ly Fast Particle Cloud Generation with Flow-Matching and Diffusion",
arXiv:2310.00049. Optimal transport within each set is that of L. Klein et al., "Equivariant Flow
Matching", arXiv:2306.15030.
"""

from dataclasses import dataclass

from torch import Tensor

from hepml_lite.densities.flow_matching import FlowMatching, optimal_pairs
from hepml_lite.densities.sets.density import SetDensity


@dataclass(kw_only=True)
class SetFlowMatching(SetDensity):
    """A conditional density of sets by flow matching: noise at t = 0, particles at t = 1.

    Attributes:
        pairing: which noise belongs to which particle of a set: "independent", or
            "optimal_transport", the pairs of the shortest total squared distance. Pairs never
            cross sets, hence no conditions.
    """

    pairing: str = "independent"

    def path(self) -> FlowMatching:
        """Flow matching of the particles."""
        return FlowMatching(
            pairing=self.pairing,
            sampler=self.sampler,
            n_steps=self.n_steps,
            tolerance=self.tolerance,
        )

    def paired(self, noise: Tensor, z: Tensor, set_of_row: Tensor) -> Tensor:
        """The noise (M, F) of the particles z (M, F), reordered within each set where asked."""
        if self.pairing == "independent":
            return noise
        return noise[optimal_pairs(noise, z, set_of_row.unsqueeze(1))]
