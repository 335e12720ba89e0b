"""EPiC: a set network in which particles speak to each other through the jet, at linear cost.

E. Buhmann, G. Kasieczka, J. Thaler, "EPiC-GAN: Equivariant Point Cloud Generation for Particle
Jets", arXiv:2301.08128; with time and conditions in the global vector as in E. Buhmann et al.,
"EPiC-ly Fast Particle Cloud Generation with Flow-Matching and Diffusion", arXiv:2310.00049.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from hepml_lite.networks.conditional_mlp import TimeEmbedding
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.padding import clean, mean_pooled
from hepml_lite.networks.layers.settings import require_positive

SUM_SCALE = 0.02  # a sum over some fifty particles is of order one


class EPiCLayer(nn.Module):
    """Two steps with residuals: the jet from all particles, then each particle with the jet.

    Args:
        width: numbers per particle, W.
        n_global: numbers of the jet, G.
        n_context: numbers of the time and the conditions, K.
    """

    def __init__(self, width: int, n_global: int, n_context: int):
        super().__init__()
        self.jet = MLP((2 * width + n_global + n_context, width, n_global), nn.LeakyReLU)
        self.particle = MLP((width + n_global + n_context, width, width), nn.LeakyReLU)

    def forward(self, x: Tensor, g: Tensor, context: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Particles x (N, P, W) and jets g (N, G) → both anew; context (N, K), mask (N, P)."""
        total = SUM_SCALE * clean(x, mask).sum(1)  # (N, W)
        g = leaky_relu(g + self.jet(torch.cat([mean_pooled(x, mask), total, g, context], 1)))
        jet = torch.cat([g, context], 1).unsqueeze(1).expand(-1, x.shape[1], -1)  # (N, P, G + K)
        return leaky_relu(x + self.particle(torch.cat([x, jet], 2))), g


class EPiC(nn.Module):
    """f(x, mask, t, c) of sets x: permuted particles give permuted outputs.

    Args:
        n_features: numbers per particle, F.
        n_conditions: numbers in a condition c, C; 0 without.
        width: hidden numbers per particle, W.
        n_global: numbers of the jet, G.
        n_layers: EPiC layers.
        n_frequencies: of the time embedding.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(
        self,
        n_features: int = 3,
        n_conditions: int = 0,
        width: int = 64,
        n_global: int = 10,
        n_layers: int = 4,
        n_frequencies: int = 8,
    ):
        super().__init__()
        require_positive(n_features=n_features, width=width, n_global=n_global, n_layers=n_layers)
        self.n_features = n_features
        self.time = TimeEmbedding(n_frequencies)
        n_context = self.time.n_outputs + n_conditions
        self.embedding = MLP((n_features, width, width), nn.LeakyReLU, activate_last=True)
        self.jet = MLP((2 * width + n_context, width, n_global), nn.LeakyReLU, activate_last=True)
        self.layers = nn.ModuleList(EPiCLayer(width, n_global, n_context) for _ in range(n_layers))
        self.outputs = nn.Linear(width, n_features)

    def forward(self, x: Tensor, mask: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """Particles x (N, P, F), mask (N, P), times t (N,), conditions c (N, C) → (N, P, F).

        Zero where padded; what stands in a padded slot, NaN included, changes nothing.
        """
        check_particles(self, x, mask, self.n_features)
        context = torch.cat([self.time(t), c], 1)  # (N, K)
        h = self.embedding(clean(x, mask))  # (N, P, W)
        total = SUM_SCALE * clean(h, mask).sum(1)
        g = self.jet(torch.cat([mean_pooled(h, mask), total, context], 1))  # (N, G)
        for layer in self.layers:
            h, g = layer(h, g, context, mask)
        return clean(self.outputs(h), mask)
