"""A transformer of the layers of a shower: the velocity of all voxels at once.

Each layer is a token, as patches are in L. Favaro et al., "CaloDREAM", arXiv:2405.09629: its voxels
and its energy come in, its velocities go out. Time and incident energy scale and shift the features
of each block (adaLN, arXiv:2212.09748).
"""

import torch
from torch import Tensor, nn

from hepml_lite.networks.conditional_mlp import TimeEmbedding
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.settings import require_positive
from hepml_lite.networks.set_transformer import AdaptiveNorm, ConditionalBlock

POSITION_SCALE = 0.1


class LayerTransformer(nn.Module):
    """v(x, t, c) of the voxels of all layers.

    Args:
        n_layers: layers of the calorimeter, L.
        n_voxels: voxels of one layer, V.
        width: hidden numbers of a layer, W.
        n_heads: attention heads in each block.
        n_blocks: number of blocks.

    Raises:
        ValueError: a size below 1, or heads that do not share the width evenly.
    """

    def __init__(
        self, n_layers: int, n_voxels: int, width: int = 64, n_heads: int = 4, n_blocks: int = 3
    ):
        super().__init__()
        require_positive(n_layers=n_layers, n_voxels=n_voxels, n_blocks=n_blocks)
        self.n_layers = n_layers
        self.n_voxels = n_voxels
        self.time = TimeEmbedding()
        self.context = MLP((self.time.n_outputs + 1, width, width), nn.SiLU, activate_last=True)
        self.voxels = nn.Linear(n_voxels, width)
        self.energy = MLP((1, width, width), nn.SiLU)
        self.position = nn.Parameter(POSITION_SCALE * torch.randn(n_layers, width))
        self.blocks = nn.ModuleList(
            ConditionalBlock(width, n_heads, width) for _ in range(n_blocks)
        )
        self.norm = AdaptiveNorm(width, width)
        self.outputs = nn.Linear(width, n_voxels)
        nn.init.zeros_(self.outputs.weight)
        nn.init.zeros_(self.outputs.bias)

    def forward(self, x: Tensor, t: Tensor, c: Tensor, more: Tensor | None = None) -> Tensor:
        """Voxels x (N, L V), times t (N,), conditions c (N, 1 + L) → (N, L V).

        The conditions are the incident energy and the energies of the layers. What else is known
        of each layer comes as features `more` (N, L, W).
        """
        context = self.context(torch.cat([self.time(t), c[:, :1]], 1))  # (N, W)
        layers = x.view(len(x), self.n_layers, self.n_voxels)
        h = self.voxels(layers) + self.energy(c[:, 1:].unsqueeze(2)) + self.position  # (N, L, W)
        if more is not None:
            h = h + more
        everything = torch.ones(h.shape[:2], dtype=torch.bool, device=h.device)
        for block in self.blocks:
            h = block(h, context, everything)
        return self.outputs(self.norm(h, context)).flatten(1) + straight_velocity(x, t)


def straight_velocity(x: Tensor, t: Tensor) -> Tensor:
    """The velocity (N, D) of flow matching between two Gaussians of width one.

    E[x_1 - x_0 | x_t] = (2 t - 1) / (t² + (1 - t)²) x_t. The network adds to it what the data have
    beyond their widths: it need not carry each voxel through its few hidden numbers.
    """
    slope = (2 * t - 1) / (t.square() + (1 - t).square())
    return slope.unsqueeze(1) * x
