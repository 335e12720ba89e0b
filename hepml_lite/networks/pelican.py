"""PELICAN: every permutation-equivariant map of the matrix of Minkowski products, learned.

A. Bogatskiy, T. Hoffman, D. W. Miller, J. T. Offermann, "PELICAN: Permutation Equivariant and
Lorentz Invariant or Covariant Aggregator Network", arXiv:2211.00454, section 3; more on it in
A. Bogatskiy et al., arXiv:2307.16506. Sizes are from the authors' code. The network is a chain of
maps from matrices to matrices, and one to numbers:

    p_i·p_j → encode → (message → Eq2to2) for each block → message → Eq2to0 → MLP → logits

A message mixes the channels of each pair by itself; the equivariant maps aggregate over particles.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, leaky_relu

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast.pelican import through_blocks
from hepml_lite.networks.inputs import check_particles
from hepml_lite.networks.layers.minkowski import (
    by_size,
    check_settings,
    minkowski_products,
    psi,
    with_references,
)
from hepml_lite.networks.layers.padding import numbers_of_particles, on_real
from hepml_lite.networks.layers.row_norm import RowNorm


class PELICAN(nn.Module):
    """Lorentz- and permutation-invariant logits of a jet from the matrix p_i·p_j of its particles.

    Each block mixes the channels of every pair (with LeakyReLU and normalisation), then aggregates
    in all 15 permutation-equivariant ways (`Eq2to2`). With a reference vector, only transformations
    that do not change it remain symmetries (`minkowski.REFERENCES`). Products use double precision:
    give float64 four-vectors, because float32 loses the p·p' of collimated particles. Unlike the
    authors' code, there is no activation after the logits, but one before the last layer.

    Args:
        width: channels of a pair between blocks.
        narrow: channels inside a block, where they are aggregated.
        n_blocks: blocks.
        n_classes: number of logits.
        reference: any of `minkowski.REFERENCES`, e.g. ("beams",).
        reference_channels: how many of the `width` channels mark the references.
        dropout: probability to drop a channel's value in training.
        typical: N̄, the typical number of particles; it sets the scale of sums.

    Raises:
        ValueError: a size below 1, a dropout outside [0, 1), an unknown reference.
    """

    def __init__(
        self, width: int = 16, narrow: int = 10, n_blocks: int = 2, n_classes: int = 2,
        reference: Sequence[str] = (), reference_channels: int = 5, dropout: float = 0.0,
        typical: float = 49.0,
    ):  # fmt: skip
        super().__init__()
        labels = reference_channels if reference else 0
        check_settings(
            reference, dropout, narrow=narrow, n_blocks=n_blocks, n_classes=n_classes,
            width=width - labels,
        )  # fmt: skip
        self.reference = tuple(reference)
        self.dropout = dropout
        self.typical = typical
        self.exponents = nn.Parameter(torch.linspace(0.05, 0.5, width - labels))
        self.label = Eq1to2(1 + len(reference), labels) if reference else None
        self.messages = nn.ModuleList(nn.Linear(width, narrow) for _ in range(n_blocks + 1))
        self.norms = nn.ModuleList(RowNorm(narrow) for _ in range(n_blocks + 1))
        self.aggregations = nn.ModuleList(Eq2to2(narrow, width) for _ in range(n_blocks))
        self.powers = nn.Parameter(torch.rand(2, narrow))
        self.read = nn.Linear(2 * narrow, width)
        self.out = nn.Linear(width, n_classes)

    @classmethod
    def paper(cls, size: str = "48k", n_classes: int = 2) -> "PELICAN":
        """The authors' top taggers with two beams: "208k" (208 498 parameters), "48k" (48 327).

        The authors' code has configurations of these names. arXiv:2211.00454 quotes 45k parameters
        for its tagger; "48k", with 7% more, is the nearest configuration.

        Raises:
            ValueError: another size.
        """
        sizes = {"208k": (132, 78), "48k": (60, 35)}
        if size not in sizes:
            raise ValueError(f"size={size!r}: give one of {', '.join(sizes)}.")
        return cls(*sizes[size], 5, n_classes, ("beams",), 10, dropout=0.1)

    def forward(self, four_vectors: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes): (E, px, py, pz) in GeV (N, P, 4), mask (N, P), True where real.

        Values in padded slots have no effect, even NaN.
        """
        check_particles(self, four_vectors, mask, 4, "four_vectors", any_precision=True)
        x, mask = with_references(four_vectors, mask, self.reference)
        x, mask, back = by_size(x, mask)  # small jets first, without unused slots
        with torch.autocast(x.device.type, enabled=False):
            if choice.in_use("eq2to2"):  # the same numbers in less time and memory
                rows, diagonal = through_blocks(self, x, mask)
            else:
                rows, diagonal = self._through_blocks(x, mask)
            return self._read(rows, diagonal, numbers_of_particles(mask, rows))[back]

    def _through_blocks(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Sums over j and the diagonal of the last matrix, (N, P, C) each; x is (N, P, 4 + K)."""
        pairs = mask[:, :, None] & mask[:, None]  # (N, P, P)
        y = self._encode(x, mask)  # (N, P, P, W)
        for k, message in enumerate(self.messages):
            y = leaky_relu(message(y))  # (N, P, P, C)
            y = on_real(self.norms[k], y, pairs, y.shape[-1])  # zero where padded from here on
            y = dropout(y, self.dropout, self.training)
            if k < len(self.aggregations):
                y = leaky_relu(self.aggregations[k](y, mask, self.typical))  # (N, P, P, W)
        return y.sum(2), diagonal_of(y)

    def _encode(self, x: Tensor, mask: Tensor) -> Tensor:
        """((1 + |p·p'|)^α - 1) / α with the sign of p·p', and labels of references: (N, P, P, W).

        α is learned, one for each channel.
        """
        kind = self.read.weight.dtype
        products = minkowski_products(x[..., :4])[..., None]  # (N, P, P, 1)
        logs = psi(products).to(kind)  # ± ln(1 + |p·p'|)
        y = logs.sign() * torch.expm1(self.exponents * logs.abs()) / self.exponents
        if self.label is None:
            return y
        is_particle = 1 - x[..., 4:].sum(-1, keepdim=True)  # (N, P, 1)
        kinds = torch.cat([is_particle, x[..., 4:]], -1).to(kind)  # (N, P, 1 + K), one-hot
        return torch.cat([y, self.label(kinds, mask, self.typical)], -1)

    def _read(self, rows: Tensor, diagonal: Tensor, n: Tensor) -> Tensor:
        """Logits (N, n_classes) from the two invariant means: Eq2to0 and the last layers.

        Sums over j and the diagonal are (N, P, C), numbers of particles n (N,).
        """
        n = n[:, None]  # (N, 1)
        total = rows.sum(1) / n**2  # mean of all pairs: (N, C)
        trace = diagonal.sum(1) / n  # mean of the diagonal: (N, C)
        means = torch.stack([total, trace], 1)  # (N, 2, C)
        means = means * (n / self.typical)[..., None] ** self.powers
        hidden = self.read(leaky_relu(means).flatten(1))  # (N, W)
        hidden = dropout(hidden, self.dropout, self.training)
        return self.out(leaky_relu(hidden))


class Eq2to2(nn.Module):
    """All 15 linear maps of a matrix y_ij to a matrix that commute with permutations, mixed.

    out_ij = Σ_k w_k B_k(y)_ij + bias + δ_ij bias' (arXiv:2211.00454, section 3.1), with 15 maps
    B_k: five copy numbers, ten distribute means. A mean has the factor (N / N̄)^α with learned α, so
    that it may count more, or less, in jets with more particles than the typical N̄. The order of
    the maps and the coefficients, sums of two factorised terms, are those of the authors' code.
    """

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.maps_in = nn.Parameter(torch.randn(15, n_in, 1) / 15**0.5)
        self.maps_out = nn.Parameter(torch.randn(15, 1, n_out) / 15**0.5)
        self.mix_in = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
        self.mix_out = nn.Parameter(torch.randn(n_in, n_out) / n_in**0.5)
        self.powers = nn.Parameter(torch.rand(10, 1, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.diagonal_bias = nn.Parameter(torch.zeros(n_out))

    def coefficients(self) -> Tensor:
        """The weights w of the 15 maps between channels, (15, n_in, n_out)."""
        return self.maps_in * self.mix_in + self.maps_out * self.mix_out

    def forward(self, y: Tensor, mask: Tensor, typical: float) -> Tensor:
        """Pairs (N, P, P, n_in), zero where padded, mask (N, P) → (N, P, P, n_out)."""
        n = numbers_of_particles(mask, y)[:, None, None]  # (N, 1, 1)
        diagonal = diagonal_of(y)  # y_ii: (N, P, n_in)
        columns = y.sum(1) / n  # mean over i, one for each j: (N, P, n_in)
        rows = y.sum(2) / n  # mean over j, one for each i: (N, P, n_in)
        trace = diagonal.sum(1, keepdim=True) / n  # mean of the diagonal: (N, 1, n_in)
        total = rows.sum(1, keepdim=True) / n  # mean of all: (N, 1, n_in)
        copies = [
            y,  # y_ij
            y.transpose(1, 2),  # y_ji
            on_diagonal(diagonal),  # δ_ij y_ii
            along_j(diagonal),  # y_jj
            along_i(diagonal),  # y_ii
        ]
        means = [
            on_diagonal(columns),  # δ_ij mean_k y_ki
            along_j(columns),  # mean_k y_kj
            along_i(columns),  # mean_k y_ki
            on_diagonal(rows),  # δ_ij mean_k y_ik
            along_j(rows),  # mean_k y_jk
            along_i(rows),  # mean_k y_ik
            along_i(trace),  # mean_k y_kk
            on_diagonal(trace.expand_as(rows)),  # δ_ij mean_k y_kk
            along_i(total),  # mean_kl y_kl
            on_diagonal(total.expand_as(rows)),  # δ_ij mean_kl y_kl
        ]
        w = self.coefficients()  # (15, n_in, n_out)
        size = (n[..., None] / typical) ** self.powers  # (N, 10, 1, n_in)
        out = self.bias + on_diagonal(self.diagonal_bias.expand(*mask.shape, -1))
        for k, matrix in enumerate(copies):
            out = out + matrix @ w[k]
        for k, matrix in enumerate(means):
            out = out + (matrix * size[:, k, None]) @ w[5 + k]
        return out


class Eq1to2(nn.Module):
    """All 5 linear maps of numbers x_i of particles to a matrix that commute with permutations."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.maps = nn.Parameter(torch.randn(5, n_in, n_out) * (2 / (5 * n_in)) ** 0.5)
        self.powers = nn.Parameter(torch.zeros(5, 1, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor, mask: Tensor, typical: float) -> Tensor:
        """Particles (N, P, n_in), mask (N, P) → pairs (N, P, P, n_out)."""
        n = numbers_of_particles(mask, x)[:, None, None]  # (N, 1, 1)
        x = x * mask[..., None]
        mean = x.sum(1, keepdim=True) / n  # (N, 1, n_in)
        matrices = [
            on_diagonal(x),  # δ_ij x_i
            along_j(x),  # x_j
            along_i(x),  # x_i
            on_diagonal(mean.expand_as(x)),  # δ_ij mean_k x_k
            along_i(mean),  # mean_k x_k
        ]
        size = (n[..., None] / typical) ** self.powers  # (N, 5, 1, n_in)
        out = self.bias
        for k, matrix in enumerate(matrices):
            out = out + (matrix * size[:, k, None]) @ self.maps[k]
        return out


def diagonal_of(y: Tensor) -> Tensor:
    """y_ii of matrices (N, P, P, C): (N, P, C)."""
    return y.diagonal(dim1=1, dim2=2).mT


def on_diagonal(z: Tensor) -> Tensor:
    """δ_ij z_i: (N, P, C) → (N, P, P, C)."""
    return torch.diag_embed(z.mT).movedim(1, 3)


def along_i(z: Tensor) -> Tensor:
    """z_i for all j: (N, P, C) → (N, P, 1, C), which broadcasts when it is added."""
    return z[:, :, None]


def along_j(z: Tensor) -> Tensor:
    """z_j for all i: (N, P, C) → (N, 1, P, C), which broadcasts when it is added."""
    return z[:, None]
