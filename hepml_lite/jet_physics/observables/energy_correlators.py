"""Energy correlators: how the momentum of a jet is spread over the distances of its particles.

The two-point (energy-energy) correlator is the histogram of the distances Delta R of all pairs of
particles with weight z_i z_j, z_i = pT_i / sum_j pT_j. The projected three-point correlator is the
histogram of the largest distance R_L in every triplet, with weight z_i z_j z_k (arXiv:2004.11381).
A particle counts as a pair with itself, at distance 0, so that the weights of a jet sum to 1. Both
are infrared and collinear safe, and do not change when a jet is boosted along the beam.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.observables.energy_flow_polynomials import pairs
from hepml_lite.statistics.data_checks import as_floats

#: Ten bins in each decade, from far below the resolution of a detector to the size of a jet.
EDGES = np.geomspace(1e-3, 1.0, 31)


class Correlator(NamedTuple):
    """A correlator averaged over jets, in bins of Delta R."""

    edges: np.ndarray  # (B+1,)
    density: np.ndarray  # (B,) weight per unit of ln Delta R
    error: np.ndarray  # (B,) its standard error, from the scatter of the jets; NaN for one jet
    below: float  # weight at distances up to the first edge, the pairs of one particle included
    above: float  # weight at distances beyond the last edge


def energy_correlator(
    jets: Jets, edges: Sequence[float] | np.ndarray = EDGES, points: int = 2
) -> np.ndarray:
    """Weights (N, B+2) of the pairs or triplets of each jet in bins of their largest distance.

    Column 0 is the weight at or below the first edge, column b the weight in (edges[b-1],
    edges[b]], the last column the weight above the last edge. Rows sum to 1. A jet of one particle
    has all its weight in column 0.

    Args:
        jets: N jets.
        edges: (B+1,) distances Delta R, positive and rising.
        points: 2 for pairs, 3 for triplets.

    Raises:
        ValueError: if edges do not rise from above 0 or points is neither 2 nor 3.
    """
    require_jets(jets)
    edges = as_floats("edges", edges)
    if edges.ndim != 1 or len(edges) < 2 or not (edges[0] > 0 and (np.diff(edges) > 0).all()):
        raise ValueError(
            f"edges {edges}: give at least two positive distances that rise, as "
            "np.geomspace(1e-3, 1, 31)"
        )
    if points not in (2, 3):
        raise ValueError(f"points is {points}: choose 2 (pairs) or 3 (triplets)")
    weights = np.empty((len(jets), len(edges) + 1))
    for chosen, z, distance in pairs(jets):
        within = [_within(z, distance, edge, points) for edge in edges]
        rising = np.stack([np.zeros(len(z)), *within, np.ones(len(z))], axis=-1)
        weights[chosen] = np.maximum(np.diff(rising, axis=-1), 0)  # rounding of empty bins
    return weights


def mean_correlators(
    jets: Jets, edges: Sequence[float] | np.ndarray = EDGES, points: int = 2
) -> dict[str, Correlator]:
    """Correlators by the name of the class: averages over its jets, as densities in ln Delta R.

    Classes without jets are left out.

    Raises:
        ValueError: as `energy_correlator`.
    """
    weights = energy_correlator(jets, edges, points)
    edges = np.asarray(edges, float)
    width = np.diff(np.log(edges))
    averages = {}
    for number in np.unique(jets.label):
        own = weights[jets.label == number]  # (n, B+2)
        scatter = own.std(axis=0, ddof=1) if len(own) > 1 else np.full(own.shape[1], np.nan)
        mean = own.mean(axis=0)
        error = scatter / np.sqrt(len(own))
        averages[jets.names[number]] = Correlator(
            edges, mean[1:-1] / width, error[1:-1] / width, float(mean[0]), float(mean[-1])
        )
    return averages


def _within(z: np.ndarray, distance: np.ndarray, edge: float, points: int) -> np.ndarray:
    """Weight (N,) of all pairs or triplets in which no two particles are farther apart than edge.

    Such a triplet is a triangle in the graph of close pairs. A matrix product counts the triangles.
    """
    near = (distance <= edge).astype(float)  # (N, P, P)
    if points == 3:
        near *= near @ (z[:, :, None] * near)
    return np.einsum("ni,ni->n", z, (near @ z[:, :, None])[:, :, 0])
