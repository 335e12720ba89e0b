"""Energy flow polynomials: a linear basis of all infrared and collinear safe observables of a jet.

P. Komiske, E. Metodiev, J. Thaler, arXiv:1712.07124. The polynomial of a multigraph G of vertices
1 … V, for particles of momentum fraction z_i = pT_i / sum_j pT_j at angles
theta_ij = (Delta R_ij)^beta, is

    EFP_G = sum_{i_1} … sum_{i_V} z_{i_1} … z_{i_V} prod_{(k, l) in G} theta_{i_k i_l}.

The degree is the number of edges, which is the number of angles in the product.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets, require_jets
from hepml_lite.jet_physics.observables.contraction import Plan
from hepml_lite.jet_physics.observables.multigraphs import components, graphs, label
from hepml_lite.statistics.settings_checks import checked_count, checked_number

#: Bytes of an array with one matrix for each jet: it fits into the cache. About 30 of them exist.
MATRIX_BYTES = 2**20
JETS_SORTED_AT_ONCE = 10_000


def energy_flow_polynomials(
    jets: Jets, degree: int = 5, beta: float = 1.0, prime: bool = True
) -> np.ndarray:
    """All energy flow polynomials up to a degree, (N, number) float64, without unit.

    Column c belongs to `graphs(degree, prime)[c]`, named `labels(degree, prime)[c]`; column 0, of
    the graph without edges, is 1. Columns of lower degree come first and in the same order. A jet
    of one particle has 0 in all other columns. Relative rounding errors are below 1e-14. The
    working arrays take about 35 MB; the result for a million jets takes 0.4 GB at degree 5 and 3.9
    GB at degree 7.

    Args:
        jets: N jets; Delta R is in rapidity and azimuth, as energyflow's measure "hadr".
        degree: largest number of edges, 0 to 7: 1, 2, 4, 9, 21, 54, 157, 490 prime graphs.
        beta: exponent of the angles, positive.
        prime: only connected graphs; the others (1, 2, 5, 13, 36, 102, 314, 1000 in all) are
            products of these.

    Raises:
        ValueError: if degree is not one of these or beta is not positive.
    """
    require_jets(jets)
    beta = checked_number("beta", beta, 0, np.inf, "()", "1")
    degree = checked_count("degree", degree, fewest=0, why="edges are counted")
    plan = _plan(degree)
    values = np.empty((len(jets), len(graphs(degree))))
    for chosen, z, distance in pairs(jets):
        values[chosen] = plan.evaluate(z, distance if beta == 1 else distance**beta)
    return values if prime else _with_products(values, degree)


def labels(degree: int = 5, prime: bool = True) -> list[str]:
    """Names of the columns of `energy_flow_polynomials`: their graphs, such as "01² 12"."""
    return [label(edges) for edges in graphs(degree, prime)]


def linear_classifier(features: ArrayLike, label: ArrayLike, shrinkage: float = 1e-6) -> Pipeline:
    """A fitted Fisher's linear discriminant on standardised features (as in arXiv:1712.07124).

    Energy flow polynomials are so strongly correlated that their covariance matrix can hardly be
    inverted. Shrinkage adds a small part of the unit matrix to it, and the inverse is stable. With
    many columns (degree 7) and a few thousand jets, more shrinkage also reduces overfitting.

    Args:
        features: (N, F); constant columns have no influence.
        label: (N,) of two classes; the larger number is the signal.
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
        raise ValueError(f"shrinkage is {shrinkage}: give a share between 0 and 1, such as 1e-6")
    discriminant = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
    return make_pipeline(StandardScaler(), discriminant).fit(features, label)


@cache
def _plan(degree: int) -> Plan:
    """The plan of a degree, made once; it takes about a second for degree 7."""
    return Plan(graphs(degree))


def pairs(jets: Jets) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """All jets once, in groups of similar multiplicity.

    Yields:
        The positions (n,) of the jets of a group; their momentum fractions pT / sum pT (n, P), 0
        where padded; the distances Delta R (n, P, P) of all their pairs of particles.
    """
    require_jets(jets)
    for first in range(0, len(jets), JETS_SORTED_AT_ONCE):
        block = jets[first : first + JETS_SORTED_AT_ONCE].sorted_by_pt()
        coordinates = block.in_rapidity()
        falling = np.argsort(-block.n_constituents, kind="stable")
        start = 0
        while start < len(block):
            width = block.n_constituents[falling[start]]
            chosen = falling[start : start + max(1, MATRIX_BYTES // (8 * width**2))]
            pt, rapidity, phi = np.moveaxis(coordinates[chosen, :width], -1, 0)
            yield first + chosen, pt / pt.sum(axis=1, keepdims=True), _distances(rapidity, phi)
            start += len(chosen)


def _distances(rapidity: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Delta R (N, P, P) of all pairs."""
    phi = kinematics.delta_phi(phi, phi[:, :1])  # relative to the hardest particle
    d_rapidity = rapidity[:, :, None] - rapidity[:, None, :]
    d_phi = phi[:, :, None] - phi[:, None, :]
    if np.abs(phi).max() > np.pi / 2:  # wrapping is slow: it is done only where it can matter
        d_phi = kinematics.wrap_phi(d_phi)
    return np.sqrt(d_rapidity**2 + d_phi**2)


def _with_products(values: np.ndarray, degree: int) -> np.ndarray:
    """Columns of all graphs: products of the columns of connected graphs."""
    column = {edges: c for c, edges in enumerate(graphs(degree))}
    everything = graphs(degree, prime=False)
    products = np.empty((len(values), len(everything)))
    for c, edges in enumerate(everything):
        parts = [column[part] for part in components(edges)] or [0]
        products[:, c] = values[:, parts].prod(axis=1)
    return products
