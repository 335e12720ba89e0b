"""PELICAN: every permutation-equivariant map of the matrix of Minkowski products, learned.

A. Bogatskiy, T. Hoffman, D. W. Miller, J. T. Offermann, "PELICAN: Permutation Equivariant and
Lorentz Invariant or Covariant Aggregator Network", arXiv:2211.00454; sizes from the authors' code.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, leaky_relu

from hepml_lite.networks.fast.eq2to2 import Aggregated, Encoded, Eq1to2, Eq2to2, PairSums, sizes
from hepml_lite.networks.layers.minkowski import (
    Slice,
    by_size,
    check_settings,
    minkowski_products,
    psi,
    real_pairs,
    slices,
    with_references,
)


class Pairs(NamedTuple):
    """The jets of a batch in order of size: mask (N, P), and their T pairs, slice by slice."""

    mask: Tensor
    parts: list[Slice]
    real: Tensor  # (T,), zero for padding


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
        with torch.autocast(x.device.type, enabled=False):
            return self._logits(x, mask)[back]

    def _logits(self, x: Tensor, mask: Tensor) -> Tensor:
        kind, parts = self.read.weight.dtype, slices(mask, 2 * self.read.out_features)
        pairs = Pairs(mask, parts, real_pairs(mask, parts, kind))
        y = self._encoded(x, pairs)  # (C, T)
        for k, (layer, message) in enumerate(
            zip(self.aggregations, self.messages[1:], strict=True)
        ):
            y, (scale, shift), sums = self._normalised(k, y, pairs)
            w, *laid = layer.parts(*sums, mask, self.typical)
            laid[0] = laid[0] + shift @ w.sum(0)
            laid = (z.movedim(-1, 0).contiguous() for z in laid)
            w = (scale[:, None] * w).mT.flatten(0, 1)  # (2, C, W) → (2 W, C)
            y = Aggregated.apply(parts, pairs.real, y, w, message.weight, message.bias, *laid)
        _, _, (rows, _, diagonal) = self._normalised(-1, y, pairs)
        return self._read(rows, diagonal, sizes(mask, rows))

    def _encoded(self, x: Tensor, pairs: Pairs) -> Tensor:
        """((1 + |p·p'|)^α - 1) / α with the sign of p·p', labels, the first message: (C, T)."""
        kind, message = self.read.weight.dtype, self.messages[0]
        logs = [psi(minkowski_products(x[jets, :p, :4])).flatten() for jets, p, _ in pairs.parts]
        logs = torch.cat([x.new_zeros(0), *logs]).to(kind)  # (T,)
        w, of_label = message.weight.tensor_split([len(self.exponents)], 1)
        laid = [message.bias.expand(*x.shape[:2], -1)] + [logs.new_zeros(*x.shape[:2], len(w))] * 2
        if self.label is not None:
            kinds = torch.cat([1 - x[..., 4:].sum(-1, keepdim=True), x[..., 4:]], -1).to(kind)
            labels = self.label.parts(kinds, pairs.mask, self.typical)
            laid = [z + label @ of_label.T for z, label in zip(laid, labels, strict=True)]
        laid = (z.movedim(-1, 0).contiguous() for z in laid)
        w = w / self.exponents
        return Encoded.apply(pairs.parts, pairs.real, logs, self.exponents, w, *laid)

    def _normalised(self, k: int, y: Tensor, pairs: Pairs) -> tuple[Tensor, tuple, tuple]:
        """y, the scale and shift that normalise it, and its normalised sums (N, P, C).

        The maps that follow are linear: they take the scale and the shift, and y is spared them.
        Dropout is not, so that then y itself is normalised.
        """
        *sums, squares = PairSums.apply(y, pairs.mask, pairs.parts)
        scale, shift = self._normalisation(k, sums[0].sum((1, 2)), squares, pairs.mask)
        if self.training and self.dropout:
            y = dropout(torch.addcmul(shift[:, None], y, scale[:, None]), self.dropout) * pairs.real
            sums = PairSums.apply(y, pairs.mask, pairs.parts)[:3]
            scale, shift = torch.ones_like(scale), torch.zeros_like(shift)
        n, real = pairs.mask.sum(1)[:, None, None], pairs.mask[..., None]
        counts = (n * real, n * real, real)
        sums = (z.movedim(0, -1) * scale + m * shift for z, m in zip(sums, counts, strict=True))
        return y, (scale, shift), tuple(sums)

    def _normalisation(
        self, k: int, total: Tensor, squares: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scale and shift (C,) of batch normalisation over all pairs of real particles."""
        norm = self.norms[k]
        mean, variance = norm.running_mean, norm.running_var
        if norm.training and len(mask):
            count = (mask.sum(1) ** 2).sum().clamp(min=1)
            mean = total / count
            variance = (squares / count - mean**2).clamp(min=0)
            with torch.no_grad():
                unbiased = variance * count / (count - 1).clamp(min=1)
                norm.running_mean.lerp_(mean, norm.momentum)
                norm.running_var.lerp_(unbiased, norm.momentum)
                norm.num_batches_tracked += 1
        scale = norm.weight / (variance + norm.eps).sqrt()
        return scale, norm.bias - mean * scale

    def _read(self, rows: Tensor, diagonal: Tensor, n: Tensor) -> Tensor:
        """Logits from the two invariant sums, over pairs and over the diagonal: (N, P, C) each."""
        n = n[:, None]
        sums = torch.stack([rows.sum(1) / n**2, diagonal.sum(1) / n], 1)
        sums = sums * (n / self.typical)[..., None] ** self.powers  # (N, 2, C)
        hidden = self.read(leaky_relu(sums).flatten(1))
        return self.out(leaky_relu(dropout(hidden, self.dropout, self.training)))
