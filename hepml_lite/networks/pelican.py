"""PELICAN: every permutation-equivariant map of the matrix of Minkowski products, learned.

A. Bogatskiy, T. Hoffman, D. W. Miller, J. T. Offermann, "PELICAN: Permutation Equivariant and
Lorentz Invariant or Covariant Aggregator Network", arXiv:2211.00454; sizes from the authors' code.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, leaky_relu
from torch.utils.checkpoint import checkpoint

from hepml_lite.networks.minkowski import (
    by_size,
    check_settings,
    minkowski_products,
    psi,
    slices,
    with_references,
)


class PELICAN(nn.Module):
    """Lorentz- and permutation-invariant logits of a jet from the matrix p_i·p_j of its particles.

    Each block mixes the channels of every pair (with LeakyReLU and normalisation), then aggregates
    in all the 15 permutation-equivariant ways there are (`Eq2to2`). A reference vector leaves only
    the transformations that do not change it (`minkowski.REFERENCES`). Products are taken in double
    precision: hand over float64 four-vectors, float32 ones of collimated particles do not hold
    their p·p'. Differences from the authors' code: no activation behind the logits but one in front
    of the last layer.

    Args:
        width: channels of a pair between blocks.
        narrow: channels inside a block, where they are aggregated.
        n_blocks: blocks.
        n_classes: logits given back.
        reference: any of `minkowski.REFERENCES`, e.g. ("beams",).
        reference_channels: of `width`, those that carry which particle is a reference.
        dropout: probability to drop a channel's value in training.
        typical: N̄, the typical number of particles, which sets the scale of sums.

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
        self.reference, self.dropout, self.typical = tuple(reference), dropout, typical
        self.exponents = nn.Parameter(torch.linspace(0.05, 0.5, width - labels))
        self.label = Eq1to2(1 + len(reference), labels) if reference else None
        self.messages = nn.ModuleList(nn.Linear(width, narrow) for _ in range(n_blocks + 1))
        self.norms = nn.ModuleList(nn.BatchNorm1d(narrow) for _ in range(n_blocks + 1))
        self.aggregations = nn.ModuleList(Eq2to2(narrow, width) for _ in range(n_blocks))
        self.powers = nn.Parameter(torch.rand(2, narrow))
        self.read = nn.Linear(2 * narrow, width)
        self.out = nn.Linear(width, n_classes)

    @classmethod
    def paper(cls, size: str = "48k", n_classes: int = 2) -> "PELICAN":
        """The authors' top taggers with two beams: "208k" (208 498 parameters), "48k" (48 327).

        These are configurations that the authors' code keeps under these names. The tagger of
        arXiv:2211.00454 is quoted with 45k parameters; 48k, 7% more, is the nearest of them.

        Raises:
            ValueError: another size.
        """
        sizes = {"208k": (132, 78), "48k": (60, 35)}
        if size not in sizes:
            raise ValueError(f"size={size!r}: give one of {', '.join(sizes)}.")
        return cls(*sizes[size], 5, n_classes, ("beams",), 10, dropout=0.1)

    def forward(self, four_vectors: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, n_classes): (E, px, py, pz) in GeV (N, P, 4), mask (N, P), True where real.

        What stands in a padded slot, NaN included, changes nothing.
        """
        x, mask, back = by_size(*with_references(four_vectors, mask, self.reference))
        kind = self.read.weight.dtype
        logs = psi(minkowski_products(x[..., :4])).to(kind)  # (N, P, P)
        is_one = torch.cat([1 - x[..., 4:].sum(-1, keepdim=True), x[..., 4:]], -1).to(kind)
        parts = [(mask[jets, :p], logs[jets, :p, :p], is_one[jets, :p]) for jets, p in slices(mask)]
        masks = [part[0] for part in parts]
        y = [_recomputed(self._encoded, *part) for part in parts]  # (n, p, p, C) each
        for k in range(len(self.aggregations)):
            affine = self._normalisation(k, y, masks)
            y = [
                _recomputed(self._block, m, part, k, *affine)
                for m, part in zip(masks, y, strict=True)
            ]
        affine = self._normalisation(-1, y, masks)
        y = [_recomputed(self._jets, m, part, *affine) for m, part in zip(masks, y, strict=True)]
        return self.out(torch.cat([logs.new_zeros(0, self.out.in_features), *y]))[back]

    def _encoded(self, mask: Tensor, logs: Tensor, is_one: Tensor) -> Tensor:
        """((1 + |p·p'|)^α - 1) / α with the sign of p·p', labels, the first message."""
        y = logs[..., None]  # (n, p, p, 1)
        y = y.sign() * torch.expm1(self.exponents * y.abs()) / self.exponents
        if self.label is not None:
            y = torch.cat([y, self.label(is_one, mask, self.typical)], -1)  # (n, p, p, W)
        return self._message(0, y, mask)

    def _block(self, mask: Tensor, y: Tensor, k: int, scale: Tensor, shift: Tensor) -> Tensor:
        y = self._normalised(mask, y, scale, shift)
        y = leaky_relu(self.aggregations[k](y, mask, self.typical), inplace=True)
        return self._message(k + 1, y, mask)

    def _message(self, k: int, y: Tensor, mask: Tensor) -> Tensor:
        return leaky_relu(self.messages[k](y)) * _real_pairs(mask)

    def _normalised(self, mask: Tensor, y: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return dropout((y * scale + shift) * _real_pairs(mask), self.dropout, self.training)

    def _jets(self, mask: Tensor, y: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """The two invariant sums, over pairs and over the diagonal: (n, p, p, C) → (n, W)."""
        y = self._normalised(mask, y, scale, shift)
        n = _sizes(mask, y)[:, None]
        sums = torch.stack([y.sum((1, 2)) / n**2, y.diagonal(dim1=1, dim2=2).sum(2) / n], 1)
        sums = sums * (n / self.typical)[..., None] ** self.powers  # (n, 2, C)
        hidden = self.read(leaky_relu(sums).flatten(1))
        return leaky_relu(dropout(hidden, self.dropout, self.training))

    def _normalisation(self, k: int, y: list[Tensor], masks: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Scale and shift (C,) of batch normalisation over all pairs of real particles."""
        norm = self.norms[k]
        mean, variance = norm.running_mean, norm.running_var
        if norm.training and y:
            count = sum((m.sum(1) ** 2).sum() for m in masks)
            mean = sum(part.sum((0, 1, 2)) for part in y) / count
            square = sum(part.square().sum((0, 1, 2)) for part in y) / count
            variance = (square - mean**2).clamp(min=0)
            with torch.no_grad():
                unbiased = variance * count / (count - 1).clamp(min=1)
                norm.running_mean.lerp_(mean, norm.momentum)
                norm.running_var.lerp_(unbiased, norm.momentum)
                norm.num_batches_tracked += 1
        scale = norm.weight / (variance + norm.eps).sqrt()
        return scale, norm.bias - mean * scale


class Eq2to2(nn.Module):
    """All 15 linear maps of a matrix y_ij to a matrix that commute with permutations, mixed.

    The matrix and its transpose; its diagonal, rows' and columns' means, the trace and the total
    mean, each laid along rows, columns or the diagonal. The means carry (N / N̄)^α with learned α.
    Whatever is not a matrix is mixed before it is laid out: 15 matrices are never built.

    The order of maps and the factorised coefficients are those of the authors' code.
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

    def forward(self, y: Tensor, mask: Tensor, typical: float) -> Tensor:
        """Pairs (n, p, p, n_in), zero where padded, mask (n, p) → (n, p, p, n_out)."""
        w = self.maps_in * self.mix_in + self.maps_out * self.mix_out  # (15, n_in, n_out)
        n = _sizes(mask, y)[:, None, None]
        d = y.diagonal(dim1=1, dim2=2).mT  # (n, p, n_in)
        columns, rows = y.sum(1) / n, y.sum(2) / n
        trace, total = (z.sum(1, keepdim=True) / n for z in (d, rows))  # (n, 1, n_in)
        means = [columns] * 3 + [rows] * 3 + [trace] * 2 + [total] * 2
        size = (n[..., None] / typical) ** self.powers  # (n, 10, 1, n_in)
        col_d, col_j, col_i, row_d, row_j, row_i, trace_all, trace_d, total_all, total_d = (
            (mean * size[:, k]) @ w[5 + k] for k, mean in enumerate(means)
        )
        at_j = d @ w[3] + col_j + row_j  # (n, p, n_out)
        at_i = d @ w[4] + col_i + row_i + trace_all + total_all + self.bias
        on_diagonal = d @ w[2] + col_d + row_d + trace_d + total_d + self.diagonal_bias
        out = y @ w[0] + (y @ w[1]).transpose(1, 2)
        return _laid_out(out, at_i, at_j, on_diagonal)


class Eq1to2(nn.Module):
    """All 5 linear maps of numbers x_i of particles to a matrix that commute with permutations."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.maps = nn.Parameter(torch.randn(5, n_in, n_out) * (2 / (5 * n_in)) ** 0.5)
        self.powers = nn.Parameter(torch.zeros(5, 1, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor, mask: Tensor, typical: float) -> Tensor:
        """Particles (n, p, n_in), mask (n, p) → pairs (n, p, p, n_out)."""
        n = _sizes(mask, x)[:, None, None]
        x = x * mask[..., None]
        mean = x.sum(1, keepdim=True) / n
        size = (n[..., None] / typical) ** self.powers  # (n, 5, 1, n_in)
        on_diagonal, at_j, at_i, mean_d, mean_all = (
            (z * size[:, k]) @ self.maps[k] for k, z in enumerate([x, x, x, mean, mean])
        )
        out = at_i.new_zeros(())
        return _laid_out(out, at_i + mean_all + self.bias, at_j, on_diagonal + mean_d)


def _laid_out(out: Tensor, at_i: Tensor, at_j: Tensor, on_diagonal: Tensor) -> Tensor:
    """out + at_i + at_j + δ_ij on_diagonal_i: (n, p, p, C) and (n, p, C) three times."""
    out = out + at_i.unsqueeze(2) + at_j.unsqueeze(1)
    out.diagonal(dim1=1, dim2=2).add_(on_diagonal.mT)
    return out


def _sizes(mask: Tensor, like: Tensor) -> Tensor:
    return mask.sum(1).clamp(min=1).to(like.dtype)


def _real_pairs(mask: Tensor) -> Tensor:
    return (mask[:, :, None] & mask[:, None]).unsqueeze(-1)  # (n, p, p, 1)


def _recomputed(function: Callable[..., Tensor], *inputs) -> Tensor:
    """function(*inputs), whose inner numbers are not kept but computed again going backward."""
    if not torch.is_grad_enabled():
        return function(*inputs)
    return checkpoint(function, *inputs, use_reentrant=False)
