"""The triangular discriminator between two histograms, as unfolding papers quote it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_edges
from hepml_lite.statistics.two_sample.samples import Sample, checked_samples


@dataclass(frozen=True)
class TriangularDistance:
    """A triangular discriminator with what statistics alone would give.

    Attributes:
        value: 0 for equal histograms, 1 for histograms that do not overlap. Papers often print it
            times 1000.
        floor: its mean for two samples of one distribution, B/4 (1/N_a + 1/N_b) with B filled bins
            and effective numbers of rows.
    """

    value: float
    floor: float

    def __str__(self) -> str:
        return f"{1e3 * self.value:.3g}e-3 (chance: {1e3 * self.floor:.3g}e-3)"


def triangular_distance(
    a: ArrayLike,
    b: ArrayLike,
    edges: ArrayLike,
    weights_a: ArrayLike | None = None,
    weights_b: ArrayLike | None = None,
) -> TriangularDistance:
    """1/2 sum_i (p_i - q_i)^2 / (p_i + q_i), with the shares p_i and q_i of both samples in bin i.

    As in OmniFold (arXiv:1911.09107, after Le Cam 1986 and Topsoe 2000). With p_i = q_i each bin
    adds (variance of p_i + variance of q_i) / (4 p_i) = (1/N_a + 1/N_b) / 4 on average, which is
    the floor, up to one part in B. It assumes that weights do not depend on the bin.

    Args:
        a: (N,) of one feature.
        b: (M,).
        edges: (B + 1,) of the bins; rows outside count in the first and in the last.
        weights_a: (N,), zero or positive.
        weights_b: (M,).

    Raises:
        ValueError: more than one feature, NaN, negative weights, edges that do not rise, or fewer
            than two rows.
    """
    first, second = checked_samples(a, b, weights_a, weights_b)
    if first.x.shape[1] != 1:
        raise ValueError(f"a has {first.x.shape[1]} features: give one column, a[:, i]")
    edge = checked_edges("edges", edges)
    p = _shares_of_bins(first, edge)
    q = _shares_of_bins(second, edge)
    filled = p + q > 0
    terms = (p - q)[filled] ** 2 / (p + q)[filled]
    floor = filled.sum() / 4 * (1 / first.effective_size + 1 / second.effective_size)
    return TriangularDistance(float(terms.sum() / 2), float(floor))


def _shares_of_bins(sample: Sample, edges: np.ndarray) -> np.ndarray:
    """Share of the weights in each bin, (B,)."""
    inside = np.clip(sample.x[:, 0], edges[0], edges[-1])
    return np.histogram(inside, edges, weights=sample.shares)[0]
