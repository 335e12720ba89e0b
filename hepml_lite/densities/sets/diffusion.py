"""Diffusion on sets of particles: noise of one width for all particles of a set.

The form of EDM (arXiv:2206.00364) with a network of sets; M. Leigh et al., "PC-JeDi: Diffusion for
Particle Cloud Generation in High Energy Physics", arXiv:2303.05376.
"""

from dataclasses import dataclass

from hepml_lite.densities.diffusion import Diffusion
from hepml_lite.densities.sets.density import SetDensity


@dataclass(kw_only=True)
class SetDiffusion(SetDensity):
    """A conditional density of sets by diffusion, see `densities.Diffusion`.

    Attributes:
        smallest: width of the noise at which sampling ends, in units of the width of the data.
        largest: width at which it begins.
    """

    smallest: float = 0.002
    largest: float = 80.0

    def path(self) -> Diffusion:
        """Diffusion of the particles."""
        return Diffusion(
            smallest=self.smallest,
            largest=self.largest,
            sampler=self.sampler,
            n_steps=self.n_steps,
            tolerance=self.tolerance,
        )
