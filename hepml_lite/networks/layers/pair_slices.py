"""Pairs of particles of a batch in one flat row, in slices of jets of similar size."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

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
    """Jets in order of size, as from `minkowski.by_size`, a few at a time.

    Slices are so small that the `channels` hidden numbers of all their pairs fit into the cache.
    The number of slots is a multiple of four, so that there are few shapes: oneDNN needs a
    millisecond to prepare for each.
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


def real_pairs(
    mask: Tensor, parts: Sequence[Slice], kind: torch.dtype, itself: bool = True
) -> Tensor:
    """(T,) one for two real particles, else zero: the pairs (n, p, p) of all slices in a row.

    A particle with itself is a pair, unless itself=False.
    """
    both = [mask.new_ones(0, dtype=kind)]
    for jets, p, _ in parts:
        real = mask[jets, :p].to(kind)
        y = real[:, :, None] * real[:, None]
        if not itself:
            y.diagonal(dim1=1, dim2=2).zero_()
        both.append(y.flatten())
    return torch.cat(both)
