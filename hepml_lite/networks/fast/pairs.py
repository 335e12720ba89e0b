"""Pairs of particles in jets of similar size, and matrices of numbers of pairs.

For the Particle Transformer, H. Qu, C. Li, S. Qian, arXiv:2202.03772.
"""

from collections.abc import Callable

from torch import Tensor

PAIRS = 2**15  # in a slice of jets on a processor: their attention weights stay in its cache
Slice = tuple[slice, int]  # jets, and the slots that they need


def slices(mask: Tensor) -> list[Slice]:
    """Groups of jets of similar size with the slots they need; mask (N, P) is in order of size.

    A CPU gets small groups: less padding and the cache save half of the time. A GPU gets one group.
    """
    counts = [max(1, count) for count in mask.sum(1).tolist()]
    if mask.device.type != "cpu" or not counts:
        return [(slice(0, len(counts)), max(counts, default=1))]
    parts = []
    start = 0
    while start < len(counts):
        stop = min(start + max(1, PAIRS // counts[start] ** 2), len(counts))
        parts.append((slice(start, stop), counts[stop - 1]))
        start = stop
    return parts


def real_pairs(
    pair_features: Callable[[Tensor, Tensor], Tensor], momenta: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Each pair of real particles once, and each particle with itself.

    Args:
        pair_features: takes two (M, K) to features (M, F) of the pairs.
        momenta: (n, p, K) of the particles.
        mask: (n, p), True where real.

    Returns:
        Features (M, F) and the places (M,) in a flat (n, p, p) matrix, lower triangle.
    """
    jet, a, b = (mask.unsqueeze(2) & mask.unsqueeze(1)).tril().nonzero(as_tuple=True)  # (M,) each
    first = jet * mask.shape[1]
    rows = momenta.flatten(0, 1)
    features = pair_features(rows.index_select(0, first + a), rows.index_select(0, first + b))
    return features, (first + a) * mask.shape[1] + b


def symmetric(u: Tensor, places: Tensor, n: int, p: int) -> Tensor:
    """Numbers u (H, M) of pairs, laid at `places` and at their mirror images: (H, n, p, p)."""
    lower = u.new_zeros(len(u), n * p * p).index_copy_(1, places, u).view(len(u), n, p, p)
    return lower + lower.tril(-1).mT
