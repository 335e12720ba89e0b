"""LorentzNet: messages between particles that know only Minkowski products, so no frame is special.

S. Gong et al., "An Efficient Lorentz Equivariant Graph Neural Network for Jet Tagging", JHEP 07
(2022) 030, arXiv:2201.08187. Parameters carry the names of the authors' code.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from hepml_lite.networks.fast.lorentz_messages import Messages
from hepml_lite.networks.layers import minkowski
from hepml_lite.networks.layers.minkowski import PairLogs, Slice, minkowski_products, psi, slices


class LorentzNet(nn.Module):
    """Lorentz- and permutation-invariant logits of a jet, from its four-vectors alone.

    A reference vector leaves only the transformations that do not change it (see
    `minkowski.REFERENCES`); none keeps both boosts along the beam and rotations about it. The code
    of the authors differs: a particle enters with ψ(m) (here ψ(m²): the root magnifies the rounding
    of massless ones), the mean over particles counts padding, and steps of x are clamped to 100,
    which breaks the symmetry. Products are taken in double precision: hand over float64
    four-vectors, since float32 ones do not hold the p·p' of collimated particles.

    Args:
        width: hidden numbers of a particle and of a pair, C.
        n_blocks: Lorentz group equivariant blocks.
        n_classes: logits given back.
        reference: any of `minkowski.REFERENCES`, e.g. ("beams",).
        dropout: probability to drop a hidden activation of the classifier in training.
        step: c, how far a message may move x.

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

        What stands in a padded slot, NaN included, changes nothing.
        """
        x, mask = minkowski.with_references(four_vectors, mask, self.reference)
        x, mask, back = minkowski.by_size(x, mask)
        x, kinds = x[..., :4], x[..., 4:]  # which is the k-th kind of reference: (N, P, K)
        squares = minkowski_products(x).diagonal(dim1=1, dim2=2)
        scalars = torch.cat([psi(squares)[..., None], kinds], -1).to(self.embedding.weight.dtype)
        h = self.embedding(scalars)  # (N, P, 1 + K) → (N, P, C)
        parts = slices(mask, h.shape[-1])
        both = minkowski.real_pairs(mask, parts, h.dtype, itself=False)
        for block in self.LGEBs:
            h, x = block(h, x, scalars, mask, both, parts)
        real = mask.unsqueeze(-1)
        jets = (h * real).sum(1) / real.sum(1).clamp(min=1)  # (N, P, C) → (N, C)
        return self.graph_dec(jets)[back]


class LorentzBlock(nn.Module):
    """One equivariant block (section 3 of arXiv:2201.08187): messages m, then new x and new h.

    m_ij = w_ij φ_e(h_i, h_j, ψ(|x_i - x_j|²), ψ(x_i·x_j)), where w_ij = φ_m(φ_e(...)) in (0, 1);
    x_i ← x_i + c mean_j φ_x(m_ij) (x_i - x_j);  h_i ← h_i + φ_h(h_i, Σ_j m_ij, scalars_i).
    """

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
        if not last:  # x is not looked at any more
            out = nn.Linear(width, 1, bias=False)
            nn.init.xavier_uniform_(out.weight, gain=0.001)
            self.phi_x = nn.Sequential(nn.Linear(width, width), nn.ReLU(), out)

    def forward(
        self, h: Tensor, x: Tensor, scalars: Tensor, mask: Tensor, both: Tensor,
        parts: Sequence[Slice],
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Particles h (N, P, C) and x (N, P, 4), scalars (N, P, S), mask (N, P) → new h and x.

        Jets come in order of size; `both` (T,) tells which of the pairs in `parts` are pairs.
        """
        kind = self.phi_m[0].weight.dtype  # under autocast, too
        logs, *moments = PairLogs.apply(x, both.to(kind), parts)  # (2, T)
        first = (y.to(kind) for y in self._first_layer(h, moments, mask))
        with torch.autocast(x.device.type, enabled=False):
            sums, steps = Messages.apply(parts, x, both.to(kind), logs, *first, *self._weights())
        if hasattr(self, "phi_x"):
            others = (mask.sum(1) - 1).clamp(min=1)[:, None, None]
            x = x + self.step * steps / others
        inputs = torch.cat([h, sums.movedim(0, 2), scalars], -1)[mask]  # (M, 2C + S), no padding
        change = torch.zeros_like(h)
        if len(inputs):
            change[mask] = self.phi_h(inputs).to(h.dtype)
        return h + change, x

    def _first_layer(
        self, h: Tensor, moments: Sequence[Tensor], mask: Tensor
    ) -> tuple[Tensor, ...]:
        """φ_e's linear layer and normalisation as a_i + b_j + V·pair: (C + 1, N, P), (C + 1, 2).

        The layer is linear, and the mean and the variance over pairs that normalise it follow from
        sums over particles: the tensor (N, P, P, 2C + 2) is never built.
        """
        width, norm = h.shape[-1], self.phi_e[1]
        w_i, w_j, v = self.phi_e[0].weight.split([width, width, 2], dim=1)
        a, b = (torch.einsum("cd,npd->cnp", w, h) for w in (w_i, w_j))
        if norm.training:
            mean, variance = pair_moments(a, b, v, *moments, mask, norm)
        else:
            mean, variance = norm.running_mean, norm.running_var
        scale = norm.weight / (variance + norm.eps).sqrt()
        shift = norm.bias - mean * scale
        a, b = a * _along(scale), b * _along(scale) + _along(shift)
        # one more row, of ones, that later layers multiply with their biases
        a = torch.cat([a, torch.ones_like(a[:1])])
        return a, pad(b, (0, 0, 0, 0, 0, 1)), pad(v * scale[:, None], (0, 0, 0, 1))

    def _weights(self) -> tuple[Tensor | None, ...]:
        """Each bias as one more column of its weights; φ_e's hands on the row of ones."""
        layers = [self.phi_e[3], self.phi_m[0]]
        if hasattr(self, "phi_x"):
            layers.append(self.phi_x[0])
        w2, wm, *wx = (torch.cat([y.weight, y.bias[:, None]], 1) for y in layers)
        w2 = torch.cat([w2, torch.eye(len(w2) + 1).to(w2)[-1:]])
        return (w2, wm[0], *wx, self.phi_x[2].weight[0]) if wx else (w2, wm[0], None, None)


def pair_moments(
    a: Tensor, b: Tensor, v: Tensor, sums: Tensor, products: Tensor, mask: Tensor,
    norm: nn.BatchNorm1d,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Mean and variance (C,) of a_i + b_j + V·pair over pairs i ≠ j; `norm` keeps its averages.

    a and b are (C, N, P), V is (C, 2), sums and products are those of `PairLogs`.
    """
    n = mask.sum(1, keepdim=True)
    k = (n - 1) * mask  # (N, P) partners of each particle
    count = k.sum().clamp(min=1)
    means = [(k * y).sum((1, 2)) / count for y in (a, b)]
    f_mean = sums.sum((1, 2)) / count
    products = (products - count * torch.outer(f_mean, f_mean)).to(v.dtype)
    sums, f_mean = (sums - k * _along(f_mean)).to(v.dtype), f_mean.to(v.dtype)
    a, b = ((y - _along(m)) * mask for y, m in zip((a, b), means, strict=True))
    f_of = torch.einsum("cs,snp->cnp", v, sums)  # pairs are symmetric: the same for i and for j
    total = (k * (a * a + b * b) + 2 * (a + b) * f_of - 2 * a * b).sum((1, 2))
    total = total + 2 * (a.sum(2) * b.sum(2)).sum(1) + ((v @ products) * v).sum(1)
    mean, variance = means[0] + means[1] + v @ f_mean, (total / count).clamp(min=0)
    with torch.no_grad():
        unbiased = variance * count / (count - 1).clamp(min=1)
        norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), norm.momentum)
        norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), norm.momentum)
        norm.num_batches_tracked += 1
    return mean, variance


def _along(y: Tensor) -> Tensor:
    return y[:, None, None]  # (C,) → (C, 1, 1)
