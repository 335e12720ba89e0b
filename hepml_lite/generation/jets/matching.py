"""Jets by flow matching on sets: the number of particles first, then all particles at once.

E. Buhmann et al., "EPiC-ly Fast Particle Cloud Generation with Flow-Matching and Diffusion",
arXiv:2310.00049, with EPiC layers or with attention.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from hepml_lite.densities import SetDensity, SetFlowMatching, TrainingPlan
from hepml_lite.generation.jets.clouds import Cloud, from_features, to_features
from hepml_lite.statistics.settings_checks import Seed, checked_rng


def usual_matching(architecture: str = "epic") -> SetFlowMatching:
    """A small model that some thousand jets can train in a few minutes.

    Args:
        architecture: "epic" or "transformer".
    """
    plan = TrainingPlan(epochs=40, batch_size=128, learning_rate=2e-3, patience=None)
    return SetFlowMatching(architecture=architecture, width=48, n_layers=3, n_steps=20, plan=plan)


@dataclass
class CloudMatching:
    """Jets of varying multiplicity from a density of sets."""

    density: SetDensity = field(default_factory=usual_matching)

    def fit(self, cloud: Cloud, *, rng: Seed = 0) -> Self:
        """Learn from jets."""
        self.density.fit(to_features(cloud), cloud.mask, rng=rng)
        return self

    def sample(self, n: int, rng: Seed = 0) -> Cloud:
        """n jets.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        generator = checked_rng(rng)
        features, mask = self.density.sample(n, rng=generator)
        empty = np.flatnonzero(~mask.any(axis=1))
        while len(empty):  # a jet has a particle
            features[empty], mask[empty] = self.density.sample(len(empty), rng=generator)
            empty = empty[~mask[empty].any(axis=1)]
        return from_features(features, mask)
