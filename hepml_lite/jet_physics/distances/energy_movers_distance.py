"""Energy Mover's Distance: the least work that turns one jet into another.

EMD(a, b) = min_f sum_ij f_ij (theta_ij / R)^beta + |sum_i pT_i - sum_j pT_j|

over flows f_ij >= 0 [GeV] that carry the smaller of the two total pT; theta_ij is the distance in
the eta-phi plane (Komiske, Metodiev, Thaler, arXiv:1902.02346 Eq. 1; beta in arXiv:2004.04159 Eqs.
1.2 and 1.3). Each jet is taken relative to its own axis. The EMD is a metric if beta <= 1 and no
two particles are farther apart than 2 R. For beta > 1 (with `norm`) EMD^(1/beta) is a metric.

The solver is POT, a dependency of this library. Where energyflow's `wasserstein` is installed
(`make energyflow`) it is used instead, several times faster. Both are exact.
"""

import math

import numpy as np
import ot
from scipy.spatial.distance import cdist

from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.centred import centred
from hepml_lite.statistics.settings_checks import checked_number

try:
    import wasserstein
except ImportError:
    wasserstein = None


def emd(
    first: Jets,
    second: Jets,
    radius: float,
    beta: float = 1.0,
    norm: bool = False,
    aligned: bool = False,
) -> np.ndarray:
    """Distance of each jet of `first` from the jet in the same row of `second`, (N,).

    Args:
        first, second: N jets each.
        radius: R. Moving 1 GeV over the distance R costs 1 GeV, as much as creating it.
        beta: exponent of the distance, positive.
        norm: compare shapes only, with pT as a fraction of its sum. Otherwise the result is in GeV.
        aligned: also rotate and mirror each jet into a standard position, see `particles`.

    Raises:
        ValueError: if the numbers of jets differ, or radius or beta is not positive.
    """
    require_jets(first)
    require_jets(second)
    if len(first) != len(second):
        raise ValueError(
            f"{len(first)} and {len(second)} jets: give equal numbers, or use emd_matrix"
        )
    _require_positive(radius, beta)
    pairs = zip(particles(first, aligned), particles(second, aligned), strict=True)
    if wasserstein is None:
        return np.array([_distance(a, b, radius, beta, norm) for a, b in pairs], float)
    engine = wasserstein.EMD(radius, beta, norm)
    distances = [engine(a[:, 0], a[:, 1:], b[:, 0], b[:, 1:]) for a, b in pairs]
    return np.array(distances, float)


def emd_matrix(
    jets: Jets,
    radius: float,
    others: Jets | None = None,
    beta: float = 1.0,
    norm: bool = False,
    aligned: bool = False,
) -> np.ndarray:
    """Distances of all jets from all `others`, (N, M); without `others` from each other, (N, N).

    The arguments and errors are those of `emd`. A pair of 50-particle jets takes about 0.1 ms.
    """
    require_jets(jets)
    _require_positive(radius, beta)
    rows = particles(jets, aligned)
    columns = None if others is None else particles(others, aligned)
    if not rows or columns == []:
        return np.zeros((len(rows), len(rows if columns is None else columns)))
    if wasserstein is None:
        return _matrix_by_pairs(rows, columns, radius, beta, norm)
    options = {"num_threads": 1, "verbose": 0, "throw_on_error": True, "print_every": -1}
    engine = wasserstein.PairwiseEMD(radius, beta, norm, **options)
    engine(rows, columns)
    return np.array(engine.emds())


def particles(jets: Jets, aligned: bool = False) -> list[np.ndarray]:
    """An array (n, 3) for each jet: pT [GeV], eta and phi from its axis, float64, without padding.

    The axis is the centre of pT in the plane, which follows rotations and reflections exactly.
    `aligned` turns the direction of largest spread to eta and mirrors each coordinate so that its
    third moment is positive. All orientations of a jet then give the same result. Where the spread
    is nearly round or a third moment is nearly zero, a small change of the jet can turn it over.
    """
    seen = centred(jets)  # (N, P, 3)
    weight = seen[..., :1]
    plane = seen[..., 1:]
    if aligned:
        plane = _aligned(weight, plane)
    columns = np.concatenate([jets.constituents[..., :1].astype(float), plane], -1)
    return [jet[real] for jet, real in zip(columns, jets.mask, strict=True)]


def transport_cost(first: np.ndarray, second: np.ndarray, cost: np.ndarray) -> float:
    """The least cost to move the weights `first` (n,) onto `second` (m,), which has the same sum.

    Args:
        first, second: weights, not negative.
        cost: (n, m) of a unit of weight.
    """
    total = first.sum()
    first = first / total
    second = second / second.sum()
    cost = np.ascontiguousarray(cost)
    if wasserstein is None:
        solved = ot.emd2(first, second, cost)
    else:
        solved = wasserstein.EMD(1.0, 1.0, True)(first, second, cost)
    return float(total * solved)


def _aligned(weight: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Points (N, P, 2) of weights (N, P, 1) turned and mirrored into the standard position."""
    w = weight[..., 0]
    xx = (w * x[..., 0] * x[..., 0]).sum(1)
    yy = (w * x[..., 1] * x[..., 1]).sum(1)
    xy = (w * x[..., 0] * x[..., 1]).sum(1)
    angle = np.arctan2(2 * xy, xx - yy)[:, None] / 2  # (N, 1)
    cos = np.cos(angle)
    sin = np.sin(angle)
    turned = np.stack([cos * x[..., 0] + sin * x[..., 1], cos * x[..., 1] - sin * x[..., 0]], -1)
    return turned * np.where((weight * turned**3).sum(1, keepdims=True) < 0, -1, 1)


def _matrix_by_pairs(
    rows: list[np.ndarray],
    columns: list[np.ndarray] | None,
    radius: float,
    beta: float,
    norm: bool,
) -> np.ndarray:
    def distances(a: np.ndarray, others: list[np.ndarray]) -> list[float]:
        return [_distance(a, b, radius, beta, norm) for b in others]

    if columns is not None:
        return np.array([distances(a, columns) for a in rows])
    upper = [distances(a, rows[i + 1 :]) for i, a in enumerate(rows)]
    matrix = np.zeros((len(rows), len(rows)))
    matrix[np.triu_indices(len(rows), 1)] = np.concatenate(upper)
    return matrix + matrix.T


def _distance(a: np.ndarray, b: np.ndarray, radius: float, beta: float, norm: bool) -> float:
    """The EMD of two jets as a balanced problem: missing pT is at distance R from everything."""
    pt_a = a[:, 0]
    pt_b = b[:, 0]
    if norm:
        pt_a = pt_a / pt_a.sum()
        pt_b = pt_b / pt_b.sum()
    missing = pt_b.sum() - pt_a.sum()
    pt_a = np.append(pt_a, max(missing, 0))
    pt_b = np.append(pt_b, max(-missing, 0))
    cost = np.ones((len(pt_a), len(pt_b)))  # (n + 1, m + 1)
    cost[:-1, :-1] = (cdist(a[:, 1:], b[:, 1:]) / radius) ** beta
    return transport_cost(pt_a, pt_b, cost)


def _require_positive(radius: float, beta: float) -> None:
    checked_number("radius", radius, 0, math.inf, "()", "0.8, the radius of the jets")
    checked_number("beta", beta, 0, math.inf, "()", "1.0")
