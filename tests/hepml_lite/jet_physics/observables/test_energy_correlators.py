"""Energy correlators: brute force, the sum rule, jets with a known answer, and their laws."""

import itertools

import numpy as np
import pytest

from data_fetch import load
from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.energy_correlators import (
    EDGES,
    energy_correlator,
    mean_correlators,
)
from hepml_lite.jet_physics.observables.energy_flow_polynomials import energy_flow_polynomials
from hepml_lite.jet_physics.variations import transformations as transform

pytestmark = pytest.mark.filterwarnings("error")

JETS_OF_A_CLASS = 12
POINTS = pytest.mark.parametrize("points", [2, 3])


@pytest.fixture(scope="module")
def jets(jets, sample):
    """With some of few constituents."""
    return Jets.concatenate([jets, sample[sample.n_constituents < 12][:5]])


@POINTS
def test_weights_are_those_of_all_pairs_and_triplets(jets, points):
    jets = jets.truncate(7)
    expected = np.zeros((len(jets), len(EDGES) + 1))
    for row, (constituents, mask) in enumerate(zip(jets.constituents, jets.mask, strict=True)):
        pt, eta, phi = constituents[mask].astype(float).T
        for chosen in itertools.product(range(len(pt)), repeat=points):
            largest = max(
                kinematics.delta_r(eta[i], phi[i], eta[j], phi[j])
                for i, j in itertools.combinations(chosen, 2)
            )
            weight = np.prod(pt[list(chosen)]) / pt.sum() ** points
            expected[row, np.searchsorted(EDGES, largest)] += weight
    np.testing.assert_allclose(energy_correlator(jets, points=points), expected, atol=1e-14)


@POINTS
def test_sum_rule(jets, points):
    """With the contact terms, where a particle meets itself, everything adds up to 1."""
    weights = energy_correlator(jets, points=points)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-13)
    assert weights.min() >= 0
    pt = jets.constituents[..., 0].astype(float)
    contact = ((pt / pt.sum(1, keepdims=True)) ** points).sum(axis=1)
    assert (weights[:, 0] >= contact - 1e-14).all()


def test_the_mean_distance_is_the_first_energy_flow_polynomial(jets):
    """sum_ij z_i z_j Delta R_ij lies between the sums of lower and of upper edges of bins."""
    edges = np.geomspace(1e-3, 8.0, 101)  # massive hadrons of little pT have a large eta
    weights = energy_correlator(jets, edges)
    exact = energy_flow_polynomials(jets, 1)[:, 1]
    assert (weights @ [0, *edges] <= exact + 1e-14).all()
    assert (exact <= weights[:, :-1] @ edges + 1e-14).all()
    assert weights[:, -1].max() < 1e-14


def test_one_and_two_particles():
    single = Jets(np.array([[(50, 0.3, 1.0), (0, 0, 0)]]))
    pair = Jets(np.array([[(30, 0.0, 3.1), (70, 0.0, 3.1 + 0.25)]]))
    edges = (0.1, 0.2, 0.3)
    for points in (2, 3):
        np.testing.assert_allclose(energy_correlator(single, edges, points), [[1, 0, 0, 0]])
        contact = 0.3**points + 0.7**points
        expected = [[contact, 0, 1 - contact, 0]]
        np.testing.assert_allclose(energy_correlator(pair, edges, points), expected, atol=1e-12)


@POINTS
def test_neither_order_nor_padding_matter(jets, points):
    expected = energy_correlator(jets, points=points)
    changed = transform.permuted(jets.padded(jets.mask.shape[1] + 5), np.random.default_rng(1))
    np.testing.assert_allclose(energy_correlator(changed, points=points), expected, atol=1e-13)


def test_moved_jets_keep_their_correlator(jets, move):
    """Edges that no rounding of a coordinate crosses: no distance is as near as 1e-5 to them."""
    edges = np.geomspace(3e-2, 0.9, 8)
    safe = Jets.concatenate(
        [jet for jet in (jets[i] for i in range(len(jets))) if clear(jet, edges)]
    )
    assert len(safe) > 11  # more than those of few constituents
    got, expected = energy_correlator(move(safe), edges), energy_correlator(safe, edges)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def clear(jet, edges):
    _, eta, phi = jet.constituents[0][jet.mask[0]].astype(float).T
    distance = kinematics.delta_r(eta[:, None], phi[:, None], eta, phi)
    return np.abs(distance[..., None] - edges).min() > 1e-5


@POINTS
def test_collinear_safety_is_a_limit(jets, points):
    """The nearer the two parts of a split particle, the fewer distances change their bin."""
    edges = np.geomspace(3e-2, 0.9, 8)
    before = energy_correlator(jets, edges, points)
    change = [
        np.abs(energy_correlator(transform.collinear_split(jets, angle=a), edges, points) - before)
        .sum(axis=1)
        .mean()
        for a in (2e-1, 2e-2, 2e-3, 0)
    ]
    assert change[0] > 3 * change[1] > 9 * change[2]
    assert change[3] < 1e-5


@POINTS
def test_infrared_safety_is_a_limit(jets, points):
    before = energy_correlator(jets, points=points)
    change = [
        np.abs(energy_correlator(soft, points=points) - before).max()
        for soft in (
            transform.soft_added(jets, pt, np.random.default_rng(3)) for pt in (1, 1e-2, 1e-4)
        )
    ]
    assert change[1] < 0.02 * change[0]
    assert change[2] < 0.02 * change[1]


@POINTS
def test_averages_are_densities_with_errors(jets, points):
    averages = mean_correlators(jets, points=points)
    assert set(averages) == set(jets.names)
    for name, average in averages.items():
        bins = average.density @ np.diff(np.log(average.edges))
        assert bins + average.below + average.above == pytest.approx(1)
        own = energy_correlator(jets.of_class(name), points=points)[:, 1:-1]
        width = np.log(10) / 10
        np.testing.assert_allclose(average.density, own.mean(0) / width)
        expected = own.std(0, ddof=1) / np.sqrt(len(own)) / width
        np.testing.assert_allclose(average.error, expected, atol=1e-15)


def test_tops_have_their_correlations_at_a_wider_distance():
    """Three prongs: the weight of tops sits at the distance of the decay, that of QCD below."""
    both = mean_correlators(load("top_tagging", "smoke")[:1000])
    centre = np.sqrt(EDGES[1:] * EDGES[:-1])
    peak = {name: centre[average.density.argmax()] for name, average in both.items()}
    assert 0.3 < peak["top"] < 0.7
    small = (centre > 0.02) & (centre < 0.1)
    gap = both["QCD"].density[small] - both["top"].density[small]
    assert (gap > 3 * np.hypot(both["QCD"].error[small], both["top"].error[small])).all()


def test_one_jet_has_an_average_but_no_error():
    one = Jets(np.array([[(30, 0.0, 0.0), (70, 0.0, 0.25)]]), names=("only",))
    average = mean_correlators(one)["only"]
    assert average.density.max() > 0
    assert np.isnan(average.error).all()
    assert mean_correlators(one[:0]) == {}


@pytest.mark.parametrize("edges", [(0.0, 1.0), (0.2, 0.1), (0.1,), (0.1, np.nan), [[0.1, 0.2]]])
def test_edges_must_rise_from_above_zero(jets, edges):
    with pytest.raises(ValueError, match="positive distances that rise"):
        energy_correlator(jets, edges)


def test_four_points_are_refused(jets):
    with pytest.raises(ValueError, match="points is 4"):
        energy_correlator(jets, points=4)
