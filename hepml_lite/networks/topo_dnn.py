"""TopoDNN: a dense network on the leading particles of a jet, the simplest of all taggers.

J. Pearkes, W. Fedorko, A. Lister, C. Gay, "Jet Constituents for Deep Neural Network Based Top Quark
Tagging", arXiv:1704.02124; as entered in the comparison of top taggers, arXiv:1902.09914.
"""

from collections.abc import Sequence
from typing import Self

from torch import Tensor, nn

from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import leading
from hepml_lite.networks.layers.settings import require_positive


class TopoDNN(nn.Module):
    """Dense network on the numbers of the leading particles, one after the other.

    The rank of a particle in the first feature gives its place in the input. The order in storage
    has no effect (except for ties). But if two particles of nearly equal pT swap their ranks, the
    network sees a different jet. It learns best from jets that are centred, turned upright and
    flipped in the same way (`hepml_lite.jet_physics.views.images`).

    Args:
        n_features: numbers per particle; the first is pT or grows with it and ranks them,
            e.g. 3 for (pT fraction, η, φ).
        n_particles: number of particles used; smaller jets are padded with zeros.
        hidden: hidden layers.
        n_classes: number of logits.
        dropout: probability to drop a hidden activation in training.

    Raises:
        ValueError: a size below 1 or a dropout outside [0, 1).
    """

    def __init__(
        self,
        n_features: int = 3,
        n_particles: int = 30,
        hidden: Sequence[int] = (100, 50, 12, 6),
        n_classes: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        require_positive(n_features=n_features, n_particles=n_particles)
        self.n_features = n_features
        self.n_particles = n_particles
        self.mlp = MLP((n_particles * n_features, *hidden, n_classes), dropout=dropout)

    @classmethod
    def paper(cls, n_features: int = 3, n_classes: int = 2) -> Self:
        """The paper's sizes: 30 particles, hidden layers 300, 102, 12 and 6.

        59 330 parameters with three features and two logits, 59 323 with the paper's one output.
        The table of arXiv:1902.09914 does not quote a number for this network.
        """
        return cls(n_features, 30, (300, 102, 12, 6), n_classes)

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes) of jets: features (N, P, F), mask (N, P), True where real.

        Values in padded slots have no effect, even NaN.
        """
        check_particles(self, features, mask, self.n_features)
        particles, _ = leading(features, mask, self.n_particles, features[..., 0])
        return self.mlp(particles.flatten(1))  # (N, n F) → (N, n_classes)

    def __repr__(self) -> str:
        return f"TopoDNN({self.n_particles} leading particles; {self.mlp!r})"
