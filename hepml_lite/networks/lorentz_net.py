"""LorentzNet: messages between particles from only Minkowski products; no frame is special.

S. Gong et al., "An Efficient Lorentz Equivariant Graph Neural Network for Jet Tagging", JHEP 07
(2022) 030, arXiv:2201.08187, section 3. Parameters have the names of the authors' code. With x_i
for four-vectors, h_i for scalars and ψ(z) = sgn(z) log(1 + |z|), one block is

    (1)  m_ij = φ_e(h_i, h_j, ψ(|x_i - x_j|²), ψ(x_i·x_j))   message to i from j ≠ i
    (2)  w_ij = φ_m(m_ij), in (0, 1)                         how much of it is an edge
    (3)  x_i ← x_i + c mean_j φ_x(w_ij m_ij) (x_i - x_j)     Minkowski dot product attention
    (4)  h_i ← h_i + φ_h(h_i, Σ_j w_ij m_ij, scalars_i)

In (3) the paper has x_j for x_i - x_j and m_ij for w_ij m_ij. Here it is as in the authors' code.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast.lorentz_net import through_blocks
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers import minkowski
from hepml_lite.networks.layers.minkowski import minkowski_product, psi
from hepml_lite.networks.layers.padding import on_real


class LorentzNet(nn.Module):
    """Lorentz- and permutation-invariant logits of a jet, from only its four-vectors.

    With a reference vector, only transformations that do not change it remain symmetries (see
    `minkowski.REFERENCES`); none keeps both boosts along the beam and rotations about it. The code
    of the authors differs in three points. A particle enters with ψ(m); here it is ψ(m²), because
    the root magnifies the rounding of massless particles. The mean over particles counts padding.
    Steps of x are clamped to 100, which breaks the symmetry. Products use double precision: give
    float64 four-vectors, because float32 loses the p·p' of collimated particles.

    Args:
        width: hidden numbers of a particle and of a pair, C.
        n_blocks: Lorentz group equivariant blocks.
        n_classes: number of logits.
        reference: any of `minkowski.REFERENCES`, e.g. ("beams",).
        dropout: probability to drop a hidden activation of the classifier in training.
        step: c, the size of the steps of x.

    Raises:
        ValueError: a size below 1, a dropout outside [0, 1), an unknown reference.
    """

    def __init__(
        self, width: int = 24, n_blocks: int = 3, n_classes: int = 2,
        reference: Sequence[str] = (), dropout: float = 0.0, step: float = 5e-3,
    ):  # fmt: skip
        super().__init__()
        minkowski.check_settings(
            reference, dropout, width=width, n_blocks=n_blocks, n_classes=n_classes
        )
        self.reference = tuple(reference)
        n_scalars = 1 + len(self.reference)
        self.embedding = nn.Linear(n_scalars, width)
        self.LGEBs = nn.ModuleList(
            LorentzBlock(width, n_scalars, step, last=k == n_blocks - 1) for k in range(n_blocks)
        )
        self.graph_dec = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, n_classes)
        )

    @classmethod
    def paper(cls, n_classes: int = 2) -> "LorentzNet":
        """The paper's top tagger: 6 blocks of width 72, two beams, 224 072 parameters."""
        return cls(72, 6, n_classes, reference=("beams",), dropout=0.2)

    def forward(self, four_vectors: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes): (E, px, py, pz) in GeV (N, P, 4), mask (N, P), True where real.

        Values in padded slots have no effect, even NaN.
        """
        check_particles(self, four_vectors, mask, 4, "four_vectors", any_precision=True)
        x, mask = minkowski.with_references(four_vectors, mask, self.reference)
        x, mask, back = minkowski.by_size(x, mask)  # small jets first, without unused slots
        kinds = x[..., 4:]  # (N, P, K): 1 for the k-th kind of reference, else 0
        x = x[..., :4]  # (N, P, 4)
        squares = minkowski.minkowski_products(x).diagonal(dim1=1, dim2=2)  # (N, P)
        scalars = torch.cat([psi(squares)[..., None], kinds], -1).to(self.embedding.weight.dtype)
        h = self.embedding(scalars)  # (N, P, S) → (N, P, C)
        if choice.in_use("lorentz_messages"):  # the same numbers in less time and memory
            h = through_blocks(self.LGEBs, h, x, scalars, mask)
        else:
            for block in self.LGEBs:
                h, x = block(h, x, scalars, mask)
        real = mask.unsqueeze(-1)
        jets = (h * real).sum(1) / real.sum(1).clamp(min=1)  # (N, P, C) → (N, C)
        return self.graph_dec(jets)[back]


class LorentzBlock(nn.Module):
    """One Lorentz group equivariant block: equations (1) to (4) of this module."""

    def __init__(self, width: int, n_scalars: int, step: float, last: bool):
        super().__init__()
        self.step = step
        self.phi_e = nn.Sequential(
            nn.Linear(2 * width + 2, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
        )  # fmt: skip
        self.phi_h = nn.Sequential(
            nn.Linear(2 * width + n_scalars, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width),
        )  # fmt: skip
        self.phi_m = nn.Sequential(nn.Linear(width, 1), nn.Sigmoid())
        if not last:  # later layers do not use x
            out = nn.Linear(width, 1, bias=False)
            nn.init.xavier_uniform_(out.weight, gain=0.001)
            self.phi_x = nn.Sequential(nn.Linear(width, width), nn.ReLU(), out)

    def forward(self, h: Tensor, x: Tensor, scalars: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Particles h (N, P, C) and x (N, P, 4), scalars (N, P, S), mask (N, P) → new h and x."""
        n_slots, width = h.shape[1:]
        itself = torch.eye(n_slots, dtype=torch.bool, device=mask.device)
        edges = mask[:, :, None] & mask[:, None] & ~itself  # (N, P, P): real pairs i ≠ j
        x_i = x[:, :, None]  # (N, P, 1, 4)
        x_j = x[:, None]  # (N, 1, P, 4)
        h_i = h[:, :, None].expand(-1, -1, n_slots, -1)  # (N, P, P, C)
        h_j = h[:, None].expand(-1, n_slots, -1, -1)  # (N, P, P, C)

        apart = x_i - x_j  # (N, P, P, 4)
        invariants = [minkowski_product(apart, apart), minkowski_product(x_i, x_j)]
        logs = psi(torch.stack(invariants, -1)).to(h.dtype)  # (N, P, P, 2)
        inputs = torch.cat([h_i, h_j, logs], -1)  # (N, P, P, 2C + 2)
        m = on_real(self.phi_e, inputs, edges, width)  # (1): (N, P, P, C), zero if not an edge
        m = self.phi_m(m) * m  # (2): w_ij m_ij

        if hasattr(self, "phi_x"):
            steps = self.phi_x(m) * edges[..., None] * apart  # (N, P, P, 4)
            others = (mask.sum(1) - 1).clamp(min=1)[:, None, None]  # (N, 1, 1)
            x = x + self.step * steps.sum(2) / others  # (3): (N, P, 4)

        inputs = torch.cat([h, m.sum(2), scalars], -1)  # (N, P, 2C + S)
        h = h + on_real(self.phi_h, inputs, mask, width)  # (4): (N, P, C)
        return h, x
