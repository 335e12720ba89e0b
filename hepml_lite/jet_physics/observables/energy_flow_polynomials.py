"""Energy flow polynomials: a linear basis of all infrared and collinear safe observables of a jet.

P. Komiske, E. Metodiev, J. Thaler, arXiv:1712.07124. The polynomial of a multigraph G of vertices
1 … V, for particles of momentum fraction z_i = pT_i / sum_j pT_j at angles
theta_ij = (Delta R_ij)^beta, is

    EFP_G = sum_{i_1} … sum_{i_V} z_{i_1} … z_{i_V} prod_{(k, l) in G} theta_{i_k i_l}.

The degree is the number of edges, the number of angles that are multiplied.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.contraction import Plan
from hepml_lite.jet_physics.observables.multigraphs import components, graphs, label

#: Size of an array with one matrix a jet: small enough for a processor's cache. About 30 exist.
MATRICES = 2**20  # bytes
SORTED = 10_000  # jets that are sorted at a time


def energy_flow_polynomials(
    jets: Jets, degree: int = 5, beta: float = 1.0, prime: bool = True
) -> np.ndarray:
    """All energy flow polynomials up to a degree, (N, number) float64, without unit.

    Column c belongs to `graphs(degree, prime)[c]`, named `labels(degree, prime)[c]`; column 0, of
    the graph without edges, is 1. Columns of a lower degree come first and in the same order. A jet
    of one particle has 0 in all others. Rounding is below 1e-14 of a value. The working arrays take
    about 35 MB; the result for a million jets takes 0.4 GB at degree 5 and 3.9 GB at degree 7.

    Args:
        jets: N jets; Delta R is in rapidity and azimuth, as energyflow's measure "hadr".
        degree: largest number of edges, 0 to 7: 1, 2, 4, 9, 21, 54, 157, 490 prime graphs.
        beta: exponent of the angles, positive.
        prime: only connected graphs; the others (1, 2, 5, 13, 36, 102, 314, 1000 in all) are
            products of these.

    Raises:
        ValueError: if degree is not one of these or beta is not positive.
    """
    if not 0 < beta < np.inf:
        raise ValueError(f"beta is {beta}: the exponent of the angles must be positive, as 1 or 2")
    plan = _plan(degree)
    values = np.empty((len(jets), len(graphs(degree))))
    for chosen, z, distance in pairs(jets):
        values[chosen] = plan.evaluate(z, distance if beta == 1 else distance**beta)
    return values if prime else _with_products(values, degree)


def labels(degree: int = 5, prime: bool = True) -> list[str]:
    """Names of the columns of `energy_flow_polynomials`: their graphs, as "01² 12"."""
    return [label(edges) for edges in graphs(degree, prime)]


def linear_classifier(features: ArrayLike, label: ArrayLike, shrinkage: float = 1e-6) -> Pipeline:
    """Fisher's linear discriminant on standardised features, fitted (as in arXiv:1712.07124).

    Energy flow polynomials are so strongly correlated that their covariance matrix can hardly be
    inverted; a little of the unit matrix mixed into it cures that. With as many columns as the
    prime graphs of degree 7 and a few thousand jets, more of it also guards against overfitting.

    Args:
        features: (N, F); columns that are constant do not count.
        label: (N,) of two classes, the larger number being the signal.
        shrinkage: share of the unit matrix, 0 to 1.

    Returns:
        A scikit-learn pipeline; `decision_function(features)` is the score (N,).

    Raises:
        ValueError: if there are not two classes, or shrinkage is not within 0 and 1.
    """
    classes = np.unique(label)
    if len(classes) != 2:
        raise ValueError(f"labels are {classes[:5]}: choose jets of exactly two classes")
    if not 0 <= shrinkage <= 1:
        raise ValueError(f"shrinkage is {shrinkage}: a share between 0 and 1, as 1e-6")
    discriminant = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
    return make_pipeline(StandardScaler(), discriminant).fit(features, label)


@cache
def _plan(degree: int) -> Plan:
    """Made once for each degree: a second or so for degree 7."""
    return Plan(graphs(degree))


def pairs(jets: Jets) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Some jets of like multiplicity after the other, until all were there once.

    Yields the positions (n,) of a few jets, their momentum fractions pT / sum pT (n, P), 0 where
    padded, and the distances Delta R (n, P, P) of all their pairs of particles.
    """
    for first in range(0, len(jets), SORTED):
        block = jets[first : first + SORTED].sorted_by_pt()
        coordinates = block.in_rapidity()
        falling = np.argsort(-block.n_constituents, kind="stable")
        start = 0
        while start < len(block):
            width = block.n_constituents[falling[start]]
            chosen = falling[start : start + max(1, MATRICES // (8 * width**2))]
            pt, rapidity, phi = np.moveaxis(coordinates[chosen, :width], -1, 0)
            yield first + chosen, pt / pt.sum(axis=1, keepdims=True), _distances(rapidity, phi)
            start += len(chosen)


def _distances(rapidity: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Delta R (N, P, P) of all pairs."""
    phi = kinematics.delta_phi(phi, phi[:, :1])  # of the hardest particle
    d_rapidity, d_phi = (x[:, :, None] - x[:, None, :] for x in (rapidity, phi))
    if np.abs(phi).max() > np.pi / 2:  # pairs are only wrapped, which is slow, where it matters
        d_phi = kinematics.wrap_phi(d_phi)
    return np.sqrt(d_rapidity**2 + d_phi**2)


def _with_products(values: np.ndarray, degree: int) -> np.ndarray:
    """Columns of all graphs from those of the connected ones."""
    column = {edges: c for c, edges in enumerate(graphs(degree))}
    everything = graphs(degree, prime=False)
    products = np.empty((len(values), len(everything)))
    for c, edges in enumerate(everything):
        parts = [column[part] for part in components(edges)] or [0]
        products[:, c] = values[:, parts].prod(axis=1)
    return products
