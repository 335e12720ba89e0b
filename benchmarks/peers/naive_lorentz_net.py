"""LorentzNet as its equations are written, edge by edge: what benchmarks/tagging.py times ours by.

S. Gong et al., JHEP 07 (2022) 030, arXiv:2201.08187, section 3, in the way that published code goes
about it: a list of all edges i ≠ j, the inputs of both ends gathered for each edge, every layer as
a tensor over edges that is kept for the backward pass, sums over edges by index. Numbers and names
of parameters are those of hepml_lite.networks.lorentz_net, so that weights can be copied. Padding
is left out and everything is as precise as the weights; both are in this code's favour.
"""

import torch
from torch import Tensor, nn

BEAMS = ((2**0.5, 0.0, 0.0, 1.0), (2**0.5, 0.0, 0.0, -1.0))


def make(width: int, n_blocks: int) -> nn.Module:
    """A network with both beams as reference, called with four_vectors (N, P, 4), mask (N, P)."""
    return NaiveLorentzNet(width, n_blocks)


class NaiveLorentzNet(nn.Module):
    """Logits (N, 2) of jets; the size is that of `LorentzNet(width, n_blocks, reference=…)`."""

    def __init__(self, width: int, n_blocks: int, step: float = 5e-3):
        super().__init__()
        self.embedding = nn.Linear(2, width)
        self.LGEBs = nn.ModuleList(Block(width, step, k == n_blocks - 1) for k in range(n_blocks))
        self.graph_dec = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(0.0), nn.Linear(width, 2)
        )

    def forward(self, four_vectors: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, 2) of four-vectors (N, P, 4) in GeV, mask (N, P) True where real."""
        beams = four_vectors.new_tensor(BEAMS).expand(len(mask), 2, 4)
        real = torch.cat([mask.new_ones(len(mask), 2), mask], 1)
        x = torch.cat([beams, four_vectors], 1)[real].to(self.embedding.weight.dtype)  # (M, 4)
        jet, slot = real.nonzero(as_tuple=True)
        scalars = torch.stack([psi(minkowski_product(x, x)), (slot < 2).to(x)], -1)  # (M, 2)
        edges = edge_list(real)
        h = self.embedding(scalars)
        for block in self.LGEBs:
            h, x = block(h, x, scalars, edges)
        means = segment_sum(h, jet, len(mask)) / real.sum(1, keepdim=True)
        return self.graph_dec(means)


class Block(nn.Module):
    """One Lorentz group equivariant block on particles (M, C) and edges (2, E)."""

    def __init__(self, width: int, step: float, last: bool):
        super().__init__()
        self.step = step
        self.phi_e = nn.Sequential(
            nn.Linear(2 * width + 2, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
        )  # fmt: skip
        self.phi_h = nn.Sequential(
            nn.Linear(2 * width + 2, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width),
        )  # fmt: skip
        self.phi_m = nn.Sequential(nn.Linear(width, 1), nn.Sigmoid())
        self.phi_x = None
        if not last:
            out = nn.Linear(width, 1, bias=False)
            nn.init.xavier_uniform_(out.weight, gain=0.001)
            self.phi_x = nn.Sequential(nn.Linear(width, width), nn.ReLU(), out)

    def forward(self, h: Tensor, x: Tensor, scalars: Tensor, edges: Tensor) -> tuple:
        """New h (M, C) and x (M, 4)."""
        i, j = edges
        apart = x[i] - x[j]  # (E, 4)
        invariants = [minkowski_product(apart, apart), minkowski_product(x[i], x[j])]
        logs = [psi(y)[:, None] for y in invariants]
        e = self.phi_e(torch.cat([h[i], h[j], *logs], 1))  # (E, 2C + 2) → (E, C)
        m = e * self.phi_m(e)
        if self.phi_x is not None:
            partners = torch.bincount(i, minlength=len(x)).clamp(min=1)[:, None]
            x = x + self.step * segment_sum(apart * self.phi_x(m), i, len(x)) / partners
        sums = segment_sum(m, i, len(h))
        return h + self.phi_h(torch.cat([h, sums, scalars], 1)), x


def edge_list(real: Tensor) -> Tensor:
    """(2, E) numbers of both particles of all ordered pairs i ≠ j in one jet, from (N, P)."""
    number = (real.flatten().cumsum(0) - 1).view_as(real)
    other = ~torch.eye(real.shape[1], dtype=torch.bool, device=real.device)
    jet, i, j = (real[:, :, None] & real[:, None] & other).nonzero(as_tuple=True)
    return torch.stack([number[jet, i], number[jet, j]])


def segment_sum(values: Tensor, segment: Tensor, n_segments: int) -> Tensor:
    """Sums (n_segments, F) of the rows (E, F) that belong to each segment (E,)."""
    sums = values.new_zeros(n_segments, values.shape[1])
    return sums.scatter_add_(0, segment[:, None].expand_as(values), values)


def minkowski_product(a: Tensor, b: Tensor) -> Tensor:
    """E E' - p p' of rows (E, 4)."""
    return (a * b * a.new_tensor((1, -1, -1, -1))).sum(-1)


def psi(x: Tensor) -> Tensor:
    """sgn(x) log(1 + |x|)."""
    return x.sign() * x.abs().log1p()
