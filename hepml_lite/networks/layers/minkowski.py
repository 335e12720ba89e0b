"""What Lorentz-invariant networks share: products of four-vectors, reference vectors, slices."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

# What is added to the particles to break the symmetry, and what then survives of it.
REFERENCES = {
    "time": ((1.0, 0.0, 0.0, 0.0),),  # rotations
    "axis": ((0.0, 0.0, 0.0, 1.0),),  # rotations about the beam and boosts across it
    "beams": ((2**0.5, 0.0, 0.0, 1.0), (2**0.5, 0.0, 0.0, -1.0)),  # rotations about the beam
}
NUMBERS = 2**19  # of pairs of particles at a time: they stay in the processor's cache


class Slice(NamedTuple):
    """A few jets of similar size, the slots they need, and where their pairs are in a flat row."""

    jets: slice
    p: int
    pairs: slice

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n, p, p), what the flat row of pairs is read as."""
        return self.jets.stop - self.jets.start, self.p, self.p


def slices(mask: Tensor, channels: int) -> list[Slice]:
    """Jets in order of size, as from `by_size`, a few at a time.

    Few enough that the `channels` hidden numbers of each of their pairs stay in the cache. Slots
    come in fours, so that few shapes occur: oneDNN takes a millisecond to prepare for each.
    """
    counts, most = mask.sum(1).tolist(), max(1, mask.shape[1])
    rows, step = (NUMBERS // channels, 4) if mask.device.type == "cpu" else (NUMBERS, 32)
    parts, start, pairs = [], 0, 0
    while start < len(counts):
        p = min(most, max(1, -(-counts[start] // step)) * step)
        stop = min(start + max(1, rows // p**2), len(counts))
        while counts[stop - 1] > p:
            stop -= 1
        end = pairs + (stop - start) * p**2
        parts.append(Slice(slice(start, stop), p, slice(pairs, end)))
        start, pairs = stop, end
    return parts


def by_size(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Particles (N, P, F) in front of padding, small jets first; the last undoes the order."""
    order = mask.sort(dim=1, descending=True, stable=True).indices  # (N, P)
    x, mask = x.gather(1, order[..., None].expand_as(x)), mask.gather(1, order)
    jets = mask.sum(1).argsort()
    p = max(1, *mask.sum(1).tolist(), 1)
    return x[jets, :p], mask[jets, :p], jets.argsort()


def with_references(
    four_vectors: Tensor, mask: Tensor, reference: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Double precision (N, P + R, 4 + K): references in front, K columns that say which is which.

    Raises:
        ValueError: the particles do not have four components.
    """
    if four_vectors.ndim != 3 or four_vectors.shape[-1] != 4:
        raise ValueError(
            f"four_vectors of shape {tuple(four_vectors.shape)}: give (N, P, 4), (E, px, py, pz) "
            "in GeV, as hepml_lite.kinematics.four_vectors makes them."
        )
    kind = four_vectors.dtype if four_vectors.device.type == "mps" else torch.float64
    x = torch.where(mask[..., None], four_vectors.to(kind), 0)
    x = pad(x, (0, len(reference)))
    rows = [
        (*vector, *(float(k == name) for k in reference))
        for name in reference
        for vector in REFERENCES[name]
    ]
    added = x.new_tensor(rows).reshape(-1, x.shape[-1]).expand(len(x), -1, -1)
    return torch.cat([added, x], 1), pad(mask, (added.shape[1], 0), value=True)


def check_settings(reference: Sequence[str], dropout: float, **sizes: int) -> None:
    """ValueError for a size below 1, a dropout outside [0, 1) or an unknown reference."""
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name}={value}: give a whole number, 1 or more.")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout={dropout}: give a probability, 0 ≤ dropout < 1.")
    unknown = set(reference) - set(REFERENCES)
    if isinstance(reference, str) or unknown:
        raise ValueError(
            f"reference={reference!r}: give a tuple of {', '.join(REFERENCES)}, e.g. ('beams',)."
        )


def minkowski_products(x: Tensor) -> Tensor:
    """E E' - p p' of all pairs of four-vectors (N, P, 4) → (N, P, P)."""
    return (x * x.new_tensor((1, -1, -1, -1))) @ x.mT


def psi(x: Tensor) -> Tensor:
    """ψ(x) = sgn(x) log(1 + |x|): many orders of magnitude made readable, smooth at zero."""
    return x.sign() * x.abs().log1p()


def real_pairs(
    mask: Tensor, parts: Sequence[Slice], kind: torch.dtype, itself: bool = True
) -> Tensor:
    """(T,) one for two real particles, else zero: the pairs (n, p, p) of all slices in a row.

    A particle and itself are a pair or, with itself=False, none.
    """
    both = [mask.new_ones(0, dtype=kind)]
    for jets, p, _ in parts:
        real = mask[jets, :p].to(kind)
        y = real[:, :, None] * real[:, None]
        if not itself:
            y.diagonal(dim1=1, dim2=2).zero_()
        both.append(y.flatten())
    return torch.cat(both)


class PairLogs(torch.autograd.Function):
    """ψ(|x_i - x_j|²) and ψ(x_i·x_j): (2, T), zero but for pairs i ≠ j of real particles.

    And their sums over j (2, N, P), and the sums over all pairs of their products (2, 2), of which
    follow mean and variance of whatever is linear in them. Products and sums are as precise as x.
    """

    @staticmethod
    def forward(ctx, x, both, parts):
        """Four-vectors x (N, P, 4), in order of size; both (T,), zero for what is no such pair."""
        ctx.parts = parts
        logs, sums = both.new_empty(2, len(both)), x.new_zeros(2, *x.shape[:2])
        products = x.new_zeros(2, 2)
        for part in parts:
            jets, p, pairs = part
            y = psi(_invariants(x[jets, :p]).to(both.dtype)).flatten(1) * both[pairs]
            logs[:, pairs] = y
            y = y.to(x.dtype)
            sums[:, jets, :p] = y.unflatten(1, part.shape).sum(3)
            products += y @ y.T
        ctx.save_for_backward(x, both, logs)
        return logs, sums, products

    @staticmethod
    @once_differentiable
    def backward(ctx, g_logs, g_sums, g_products):
        """ψ' = 1 / (1 + |x·x'|); what stands at (i, j) is a function of x_i and x_j alike."""
        x, both, logs = ctx.saved_tensors
        kind, g_x = logs.dtype, torch.zeros_like(x)
        g_logs, g_sums = (g_products + g_products.T).to(kind) @ logs + g_logs, g_sums.to(kind)
        g_logs *= both
        for part in ctx.parts:
            jets, p, pairs = part
            v = x[jets, :p]
            g = g_logs[:, pairs].unflatten(1, part.shape)
            g = g + g_sums[:, jets, :p, None] * both[pairs].view(part.shape)
            g /= _invariants(v).to(kind).abs_().add_(1)
            g_square, g_product = (g + g.mT).to(x.dtype)
            g_v = (g_product - 2 * g_square) @ v + 2 * g_square.sum(2, keepdim=True) * v
            g_x[jets, :p] = g_v * v.new_tensor((1, -1, -1, -1))
        return g_x, None, None


def _invariants(x: Tensor) -> Tensor:
    """|x_i - x_j|² and x_i·x_j of (n, p, 4): (2, n, p, p)."""
    products = minkowski_products(x)
    squares = products.diagonal(dim1=1, dim2=2)
    return torch.stack([squares[:, :, None] + squares[:, None] - 2 * products, products])
