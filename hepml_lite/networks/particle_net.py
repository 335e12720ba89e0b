"""ParticleNet: a graph network over nearest neighbours, which are found anew in each block.

H. Qu, L. Gouskos, "ParticleNet: Jet Tagging via Particle Clouds", Phys. Rev. D 101 (2020) 056019,
arXiv:1902.08570; the edge convolution is that of Y. Wang et al., arXiv:1801.07829.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Self, cast

import torch
from torch import Tensor, nn

from hepml_lite.networks.fast.linear import FastLinear
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.kinematic_features import KINEMATIC_FEATURES, with_extra
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.layers.row_norm import RowNorm, mean_of_rows


@torch.no_grad()
def neighbour_edges(points: Tensor, mask: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Edges from every real particle to its k nearest ones (fewer in a jet of k or fewer).

    Args:
        points: (N, P, D) where the particles are; distances are Euclidean.
        mask: (N, P), True where real.
        k: neighbours of each particle; it is not its own neighbour.

    Returns:
        centre (E,) and neighbour (E,): rows of the M real particles `points[mask]`.
    """
    n, p, _ = points.shape
    # |x_j|² - 2 x_i·x_j: the distance squared up to |x_i|², the same for all j.
    rank = torch.baddbmm(points.square().sum(-1).unsqueeze(1), points, points.mT, alpha=-2)
    rank.masked_fill_(~mask.unsqueeze(1), torch.inf)  # (N, P, P)
    rank.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    rank, near = rank.topk(min(k, p - 1), largest=False, sorted=False)  # (N, P, k)
    linked = rank.isfinite() & mask.unsqueeze(-1)
    row = (mask.flatten().cumsum(0) - 1).view(n, p)  # the position of a slot among the real ones
    neighbour = row.gather(1, near.flatten(1)).view_as(near)
    return row.unsqueeze(-1).expand_as(near)[linked], neighbour[linked]


class EdgeConv(nn.Module):
    """An EdgeConv block (fig. 1 of the paper): x_i' = ReLU(S(x_i) + mean_j h(x_i, x_j - x_i)).

    h is an MLP on each edge with batch normalisation; S is a linear shortcut.

    Args:
        n_inputs: features of a particle.
        sizes: widths of the layers of h; the last is that of the output.
    """

    def __init__(self, n_inputs: int, sizes: Sequence[int]):
        super().__init__()
        first = sizes[0]
        last = sizes[-1]
        # The two halves of h's first layer, on x_i and on x_j - x_i.
        self.centre = FastLinear(n_inputs, first, bias=False)
        self.difference = FastLinear(n_inputs, first, bias=False)
        self.layers = nn.ModuleList(
            FastLinear(n_in, n_out, bias=False) for n_in, n_out in pairwise(sizes)
        )
        self.norms = nn.ModuleList(RowNorm(size) for size in sizes)
        self.shortcut = nn.Sequential(FastLinear(n_inputs, last, bias=False), RowNorm(last))

    def forward(self, x: Tensor, centre: Tensor, neighbour: Tensor) -> Tensor:
        """Particles x (M, F) and the edges between them, (E,) twice → (M, sizes[-1])."""
        # First layer of h: Φ x_i + Θ (x_j - x_i) = (Φ x_i - Θ x_i) + Θ x_j. So each linear map
        # is computed once per particle, not once per edge.
        from_neighbour = self.difference(x)  # (M, C): Θ x_j
        from_centre = self.centre(x) - from_neighbour  # (M, C): Φ x_i - Θ x_i
        edges = from_centre.index_select(0, centre).add_(from_neighbour.index_select(0, neighbour))
        *norms, last_norm = cast("list[RowNorm]", self.norms)  # a list of modules has no type
        for norm, layer in zip(norms, self.layers, strict=True):
            edges = norm.relu_then(layer, edges)
        h = last_norm.relu_then(partial(mean_of_rows, group=centre, n_groups=len(x)), edges)
        return (self.shortcut(x) + h).relu()


class ParticleNet(nn.Module):
    """ParticleNet; the defaults are the paper's small ParticleNet-Lite, 26 416 parameters.

    Permutation and padding invariant; rotations of the event about the beam do not change it. Batch
    statistics come only from real particles and edges, and a jet with too few particles has fewer
    neighbours. The authors' code counts padding there.

    Args:
        n_extra: columns after the momenta, e.g. charge or identity.
        blocks: widths of the layers of each EdgeConv block.
        n_neighbours: k, neighbours of a particle.
        head_size: hidden layer on the jet.
        n_classes: number of logits.
        dropout: probability to drop an activation of the hidden layer in training.

    Raises:
        ValueError: a size below 1 (n_extra below 0), or a dropout outside [0, 1).
    """

    def __init__(
        self,
        n_extra: int = 0,
        blocks: Sequence[Sequence[int]] = ((32, 32, 32), (64, 64, 64)),
        n_neighbours: int = 7,
        head_size: int = 128,
        n_classes: int = 2,
        dropout: float = 0.1,
    ):
        super().__init__()
        if not blocks or not all(blocks) or min(map(min, blocks)) < 1:
            raise ValueError(
                f"blocks={blocks}: give widths ≥ 1 for one block or more, e.g. ((32, 32),)."
            )
        if n_neighbours < 1 or n_extra < 0:
            raise ValueError(
                f"n_neighbours={n_neighbours}, n_extra={n_extra}: give ≥ 1 neighbours, ≥ 0 columns."
            )
        self.n_extra = n_extra
        self.n_neighbours = n_neighbours
        width = len(KINEMATIC_FEATURES) + n_extra
        self.input_norm = RowNorm(width)
        self.blocks = nn.ModuleList()
        for sizes in blocks:
            self.blocks.append(EdgeConv(width, sizes))
            width = sizes[-1]
        self.head = MLP((width, head_size, n_classes), dropout=dropout)

    @classmethod
    def paper(cls, n_extra: int = 0, n_classes: int = 2) -> Self:
        """The full ParticleNet of the paper: 366 160 parameters for top tagging (366k)."""
        return cls(n_extra, [[width] * 3 for width in (64, 128, 256)], 16, 256, n_classes)

    def forward(self, constituents: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes) of jets.

        Args:
            constituents: (N, P, 3 + n_extra): pT [GeV], η, φ and extra columns; with 4 + n_extra
                the column after φ is the mass [GeV], without it particles are massless.
            mask: (N, P), True where real. Values in padding have no effect, even NaN.
        """
        check_particles(self, constituents, mask, None, "constituents")
        features = with_extra(constituents, mask, self.n_extra)  # (N, P, F)
        points = features[..., :2]  # the first graph uses distances in η and φ
        x = self.input_norm(features[mask])  # (M, F): without padding
        for block in self.blocks:
            x = block(x, *neighbour_edges(points, mask, self.n_neighbours))  # (M, C)
            # From here on neighbours are those with similar features: the graph is dynamic.
            points = x.new_zeros(*mask.shape, x.shape[1])  # (N, P, C)
            points[mask] = x.detach()
        jet = mask.nonzero()[:, 0]  # (M,) the jet of each particle
        return self.head(mean_of_rows(x, jet, len(mask)))  # (N, C) → (N, n_classes)

    def __repr__(self) -> str:
        blocks = cast("list[EdgeConv]", self.blocks)
        widths = ", ".join(str([norm.num_features for norm in block.norms]) for block in blocks)
        return (
            f"{type(self).__name__}(edge convolutions {widths}; {self.n_neighbours} neighbours; "
            f"{sum(p.numel() for p in self.parameters()):,} parameters)"
        )
