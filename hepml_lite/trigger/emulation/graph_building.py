"""Which particles are neighbours? A search in fixed latency, as a chip does it.

A program sorts and stops early. A chip has no time for either: it has a fixed number of comparators
that all work at the same time, and an answer after a fixed number of stages, whatever came in.

1. All squared distances of n particles are computed at once, n (n - 1) / 2 of them. The azimuth
   wraps by itself: its code is a whole number of steps of a turn, and a wire that is as wide as
   the turn drops what exceeds it.
2. For each particle, a *sorting network* (K. E. Batcher, AFIPS 32 (1968) 307) brings the others
   into the order of their distance: pairs of wires that are exchanged if they are in the wrong
   order. Which wires are compared never depends on the numbers.
3. The first k are its neighbours.

Equal distances are decided by the place of the particle. As in JEDI-net and its successors (Moreno
et al., arXiv:1908.05318; Que et al., arXiv:2209.14065) the graph goes into the next network.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.trigger.emulation.integer_network import checked_codes
from hepml_lite.trigger.fixed_point import FixedPoint

COORDINATE = FixedPoint(8, 8)  # whole steps of an angle; phi turns once in 256 steps
Comparator = tuple[int, int]  # wires; afterwards the first one has the smaller number


def comparators(n: int) -> list[list[Comparator]]:
    """Batcher's odd-even merge sort of n wires: stages, each of comparators that work at once."""
    n = checked_count("n", n)
    stages = []
    size = 1
    while size < n:
        step = size
        while step >= 1:
            stages.append(_stage(n, size, step))
            step //= 2
        size *= 2
    return [stage for stage in stages if stage]


def _stage(n: int, size: int, step: int) -> list[Comparator]:
    """One stage: wires at the distance `step`, within blocks of 2 * size."""
    found = []
    for start in range(step % size, n - step, 2 * step):
        for wire in range(start, min(start + step, n - step)):
            if wire // (2 * size) == (wire + step) // (2 * size):
                found.append((wire, wire + step))
    return found


@dataclass(frozen=True)
class NeighbourSearch:
    """The k nearest of n particles for each of them, by a fixed network of comparators.

    Attributes:
        n: particles, 2 to 64.
        k: neighbours of each, at most n - 1.

    Raises:
        ValueError: for other numbers.
    """

    n: int
    k: int

    def __post_init__(self) -> None:
        n, k = checked_count("n", self.n), checked_count("k", self.k)
        if not 2 <= n <= 64 or k > n - 1:
            raise ValueError(f"n is {n} and k is {k}: give 2 to 64 particles, and k of 1 to n - 1")
        self.__dict__.update(n=n, k=k)

    @property
    def stages(self) -> list[list[Comparator]]:
        """The comparators of each stage, for the n - 1 others of a particle."""
        return comparators(self.n - 1)

    @property
    def n_comparators(self) -> int:
        """Of all particles together."""
        return self.n * sum(map(len, self.stages))

    @property
    def index_bits(self) -> int:
        """Bits of the place of a particle."""
        return max((self.n - 1).bit_length(), 1)

    def squared_distances(self, codes: np.ndarray) -> np.ndarray:
        """(N, n, n) whole squared distances of codes (N, 2 n): eta and phi of each particle."""
        eta, phi = codes[:, 0::2], codes[:, 1::2]
        turn = 2.0**COORDINATE.width
        half = turn / 2
        along = eta[:, :, None] - eta[:, None, :]
        around = np.mod(phi[:, :, None] - phi[:, None, :] + half, turn) - half
        return along**2 + around**2

    def codes(self, codes: ArrayLike) -> np.ndarray:
        """Places (N, n k) of the neighbours, the nearest first, of codes (N, 2 n).

        Raises:
            ValueError: as `integer_network.checked_codes`.
        """
        coordinates = checked_codes(codes, 2 * self.n, COORDINATE)
        keys = self.squared_distances(coordinates) * 2.0**self.index_bits + np.arange(self.n)
        found = []
        for particle in range(self.n):
            wires = np.delete(keys[:, particle], particle, axis=1)  # (N, n - 1)
            for stage in self.stages:
                for low, high in stage:
                    pair = wires[:, [low, high]]
                    wires[:, low], wires[:, high] = pair.min(axis=1), pair.max(axis=1)
            found.append(np.mod(wires[:, : self.k], 2.0**self.index_bits))
        return np.concatenate(found, axis=1)
