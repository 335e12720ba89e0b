"""Pairs of particles in jets of similar size: what stands between two, as a bias of attention."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from hepml_lite.networks.fast.linear import FastLinear
from hepml_lite.networks.layers.kinematic_features import SMALLEST
from hepml_lite.networks.layers.row_norm import RowNorm

PAIRS = 2**15  # in a slice of jets on a processor: their attention weights stay in its cache


def pair_features(one: Tensor, other: Tensor) -> Tensor:
    """ln kT, ln z, ln Δ and ln m² (M, 4) of pairs of massless particles.

    Δ² = (y_a - y_b)² + (φ_a - φ_b)², kT = min(pT_a, pT_b) Δ, z = min(pT_a, pT_b) / (pT_a + pT_b),
    m² = (p_a + p_b)²; GeV. `one` and `other` are (M, 3): pT [GeV], η, φ.
    """
    (pt, eta, phi), (pt_other, eta_other, phi_other) = one.unbind(-1), other.unbind(-1)
    d_eta = eta - eta_other
    d_phi = torch.remainder(phi - phi_other + torch.pi, 2 * torch.pi) - torch.pi
    delta, softer = torch.hypot(d_eta, d_phi), torch.minimum(pt, pt_other)
    z = softer / (pt + pt_other).clamp(min=SMALLEST)
    # 2 pT pT' (cosh Δη - cos Δφ) without cancellation at small angles
    mass2 = 4 * pt * pt_other * ((d_eta / 2).sinh().square() + (d_phi / 2).sin().square())
    return torch.stack([softer * delta, z, delta, mass2], -1).clamp(min=SMALLEST).log()


def pair_mlp(n_inputs: int, sizes: Sequence[int], irc_safe: bool) -> nn.Sequential:
    """Linear, batch normalisation and GELU for each of the sizes: the bias U of a pair.

    The safe one has no normalisation: batch statistics count soft particles.
    """
    layers: list[nn.Module] = [] if irc_safe else [RowNorm(n_inputs)]
    for n_in, n_out in pairwise((n_inputs, *sizes)):
        # Without a bias where the normalisation would take it away again.
        layers.append(FastLinear(n_in, n_out, bias=irc_safe))
        layers += [nn.GELU()] if irc_safe else [RowNorm(n_out), nn.GELU()]
    return nn.Sequential(*layers)


def slices(mask: Tensor) -> list[tuple[slice, int]]:
    """Jets of similar size, and the slots that they need; mask (N, P) is in order of size.

    Few on a processor, where less padding and the cache save half of the time; one on a GPU.
    """
    counts = [max(1, count) for count in mask.sum(1).tolist()]
    if mask.device.type != "cpu" or not counts:
        return [(slice(0, len(counts)), max(counts, default=1))]
    parts, start = [], 0
    while start < len(counts):
        stop = min(start + max(1, PAIRS // counts[start] ** 2), len(counts))
        parts.append((slice(start, stop), counts[stop - 1]))
        start = stop
    return parts


def real_pairs(momenta: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Each pair of real particles once, and each with itself.

    Args:
        momenta: (n, p, 3): pT [GeV], η, φ.
        mask: (n, p), True where real.

    Returns:
        `pair_features` (M, 4) and the places (M,) in a flat (n, p, p) matrix, lower triangle.
    """
    jet, a, b = (mask.unsqueeze(2) & mask.unsqueeze(1)).tril().nonzero(as_tuple=True)  # (M,) each
    first, rows = jet * mask.shape[1], momenta.flatten(0, 1)
    features = pair_features(rows.index_select(0, first + a), rows.index_select(0, first + b))
    return features, (first + a) * mask.shape[1] + b


def symmetric(u: Tensor, places: Tensor, n: int, p: int) -> Tensor:
    """Numbers u (H, M) of pairs, laid at `places` and at their mirror images: (H, n, p, p)."""
    lower = u.new_zeros(len(u), n * p * p).index_copy_(1, places, u).view(len(u), n, p, p)
    return lower + lower.tril(-1).mT
