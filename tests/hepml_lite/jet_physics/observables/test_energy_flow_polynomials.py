"""Energy flow polynomials: brute force, energyflow, jets with a known answer, and their laws."""

import tracemalloc

import numpy as np
import pytest

from data_fetch import load
from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables import energy_flow_polynomials as module
from hepml_lite.jet_physics.observables.energy_flow_polynomials import (
    energy_flow_polynomials,
    labels,
    linear_classifier,
)
from hepml_lite.jet_physics.observables.multigraphs import graphs
from hepml_lite.jet_physics.variations import transformations as transform
from hepml_lite.statistics.metrics import auc

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def jets():
    """Jets of both classes with 2 to 100 constituents."""
    both = load("top_tagging", "smoke")
    few = both[both.n_constituents < 8]
    return Jets.concatenate([both.of_class(name)[:10] for name in both.names] + [few[:4]])


def random_jets(n, particles, seed=0):
    rng = np.random.default_rng(seed)
    coordinates = [rng.exponential(30, (n, particles)) + 1, *rng.normal(0, 0.3, (2, n, particles))]
    return Jets(np.stack(coordinates, axis=-1))


def fractions_and_distances(jets):
    pt, eta, phi = np.moveaxis(jets.constituents.astype(float), -1, 0)
    pairs = [(x[:, :, None], x[:, None, :]) for x in (eta, phi)]
    distances = kinematics.delta_r(pairs[0][0], pairs[1][0], pairs[0][1], pairs[1][1])
    return pt / pt.sum(1, keepdims=True), distances


def assert_same(got, expected, tolerance):
    change = np.abs(got - expected) / np.abs(expected)
    assert change.max() <= tolerance, f"relative difference {change.max():.2g}"


@pytest.mark.parametrize(("degree", "particles"), [(5, 5), (7, 3)])
def test_every_polynomial_is_its_defining_sum(degree, particles):
    """All particles on all vertices, multiplied and summed."""
    jets = random_jets(1, particles)
    z, theta = fractions_and_distances(jets)
    got = energy_flow_polynomials(jets, degree)
    for column, edges in enumerate(graphs(degree)):
        names = {v: chr(ord("a") + v) for edge in ((0, 0), *edges) for v in edge}
        terms = [f"Z{names[k]}{names[m]}" for k, m in edges] + [f"Z{v}" for v in names.values()]
        arrays = [theta] * len(edges) + [z] * len(names)
        expected = np.einsum(",".join(terms) + "->Z", *arrays)
        # atol: where particles are fewer than colours needed, as for K4 of three, all terms vanish
        np.testing.assert_allclose(got[:, column], expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("beta", [1.0, 0.5])
def test_energyflow_agrees_on_jets_of_every_class(sample, beta):
    chosen = Jets.concatenate([sample.of_class(c)[:15] for c in sample.names])
    compare(chosen, 4, beta, prime=False)


def test_energyflow_agrees_at_high_degree():
    jets = load("top_tagging", "smoke")[:3]
    compare(jets, 5, 1.0, prime=True)
    compare(jets.truncate(20), 6, 1.0, prime=True)
    compare(jets[:2].truncate(8), 7, 1.0, prime=True)


@pytest.mark.filterwarnings("default")  # what energyflow's own parts warn about is not ours
def compare(jets, degree, beta, prime):
    energyflow = pytest.importorskip("energyflow", reason="run `make energyflow`")
    graph_lists = [list(edges) for edges in graphs(degree, prime)[1:]]
    options = {"measure": "hadr", "beta": beta, "normed": True, "coords": "ptyphim"}
    events = [
        np.pad(rows[mask].astype(float), ((0, 0), (0, 1)))  # pT, y, phi, mass 0
        for rows, mask in zip(jets.constituents, jets.mask, strict=True)
    ]
    expected = energyflow.EFPSet(*graph_lists, **options).batch_compute(events, n_jobs=1)
    got = energy_flow_polynomials(jets, degree, beta, prime)
    np.testing.assert_allclose(got[:, 0], 1, rtol=1e-14)
    # atol: of two particles, odd cycles vanish, in both codes
    np.testing.assert_allclose(got[:, 1:], expected, rtol=1e-12, atol=1e-300)


def test_two_particles():
    """Particles at both ends of every edge must differ: the vertices in two colours, or nothing."""
    pt, distance = np.array([30.0, 70.0]), 0.25
    pair = Jets(np.array([[(30, 0.5, 3.1), (70, 0.5, 3.1 + distance)]]))
    z, theta = pt / pt.sum(), np.float32(3.1 + distance).astype(float) - np.float32(3.1)
    values = energy_flow_polynomials(pair, 7)[0]
    for value, edges in zip(values[1:], graphs(7)[1:], strict=True):
        sizes = two_colours(edges)
        expected = sizes and theta ** len(edges) * (
            z[0] ** sizes[0] * z[1] ** sizes[1] + z[1] ** sizes[0] * z[0] ** sizes[1]
        )
        assert value == pytest.approx(expected, rel=1e-12, abs=0)


def two_colours(edges):
    """How many vertices have each of two colours that differ along all edges; 0 if impossible."""
    colour = {edges[0][0]: 0}
    for _ in edges:
        for k, m in (*edges, *(edge[::-1] for edge in edges)):
            if k in colour and colour.setdefault(m, 1 - colour[k]) == colour[k]:
                return 0
    return [list(colour.values()).count(c) for c in (0, 1)]


def test_one_particle_has_no_angles():
    single = Jets(np.array([[(50, 0.3, 1.0), (0, 0, 0)]]))
    for prime in (True, False):
        values = energy_flow_polynomials(single, 7, prime=prime)[0]
        assert values[0] == 1
        np.testing.assert_array_equal(values[1:], 0)


def test_no_jets(jets):
    assert energy_flow_polynomials(jets[:0], 3).shape == (0, 9)


def test_a_doubled_edge_is_twice_beta(jets):
    """EFP of a graph at 2 beta is that of the graph with every edge doubled at beta."""
    single, double = energy_flow_polynomials(jets, 3, 1.4), energy_flow_polynomials(jets, 6, 0.7)
    columns = [graphs(6).index(tuple(sorted(2 * edges))) for edges in graphs(3)]
    assert_same(double[:, columns[1:]] + 1e-300, single[:, 1:] + 1e-300, 1e-12)


def test_degree_counts_angles():
    """All distances times 3: a polynomial of degree d grows by 3^(d beta)."""
    jets = random_jets(5, 12)
    narrow = Jets(jets.constituents * np.float32([1, 1 / 3, 1 / 3]))
    degrees = np.array([len(edges) for edges in graphs(7)])
    got = energy_flow_polynomials(narrow, 7, 0.5) * 3 ** (0.5 * degrees)
    assert_same(got, energy_flow_polynomials(jets, 7, 0.5), 1e-5)


def test_one_edge_at_beta_two_is_the_mass():
    """m^2 = sum_(i<j) pT_i pT_j Delta R_ij^2 for a narrow jet."""
    jets = random_jets(50, 20)
    narrow = Jets(jets.constituents * np.float32([1, 0.1, 0.1]))
    edge = energy_flow_polynomials(narrow, 1, beta=2.0)[:, 1]
    scalar_sum = narrow.constituents[..., 0].sum(1)
    assert_same(scalar_sum * np.sqrt(edge / 2), narrow.mass, 0.01)


def test_disconnected_graphs_are_products(jets):
    prime, every = (energy_flow_polynomials(jets, 5, prime=p) for p in (True, False))
    assert every.shape == (len(jets), 102)
    at = {name: column for column, name in enumerate(labels(5))}
    for name, parts in {"01 23": ("01", "01"), "01 23² 34": ("01", "01² 12")}.items():
        product = prime[:, at[parts[0]]] * prime[:, at[parts[1]]]
        np.testing.assert_allclose(every[:, labels(5, prime=False).index(name)], product)


@pytest.mark.parametrize("degree", [5, 6])
def test_neither_order_nor_padding_nor_company_matter(jets, degree, monkeypatch):
    expected = energy_flow_polynomials(jets, degree)
    padded = transform.permuted(jets.padded(jets.mask.shape[1] + 9), np.random.default_rng(2))
    assert_close(energy_flow_polynomials(padded, degree), expected, 1e-11)
    monkeypatch.setattr(module, "MATRIX_BYTES", 1)  # each jet by itself
    assert_close(energy_flow_polynomials(jets, degree), expected, 1e-11)


def assert_close(got, expected, tolerance):
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=1e-300)


def test_moved_jets_keep_their_values(jets, move):
    """To the rounding of coordinates in single precision, 2e-7 against distances from 1e-2 on."""
    wide = jets[energy_flow_polynomials(jets, 1)[:, 1] > 0.01]
    assert len(wide) > 10
    assert_close(energy_flow_polynomials(move(wide), 5), energy_flow_polynomials(wide, 5), 1e-3)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_collinear_safety_is_a_limit(jets, beta):
    """Splitting the hardest particle changes everything by less and less: as angle^beta."""
    jets = jets[jets.n_constituents > 10]
    before = energy_flow_polynomials(jets, 6, beta)
    change = [
        largest_change(transform.collinear_split(jets, angle=angle), before, beta)
        for angle in (1e-1, 1e-2, 1e-3, 0)
    ]
    assert change[0] > change[1] > change[2] > change[3]
    assert change[2] < 10 * 100 ** -min(beta, 1.0) * change[0]
    assert change[3] < 1e-5


def test_infrared_safety_is_a_limit(jets):
    """A soft particle changes everything by less and less: in proportion to its momentum."""
    before = energy_flow_polynomials(jets, 6)
    change = [
        largest_change(transform.soft_added(jets, pt, np.random.default_rng(3)), before, 1.0)
        for pt in (1.0, 1e-2, 1e-4)
    ]
    assert change[1] < 0.02 * change[0]
    assert change[2] < 0.02 * change[1]


def largest_change(jets, before, beta):
    """Against the size of each polynomial in the sample."""
    after = energy_flow_polynomials(jets, 6, beta)
    return (np.abs(after - before) / np.abs(before).mean(axis=0)).max()


def test_few_products_of_matrices_serve_all_graphs():
    """What makes it fast, and what the texts say."""
    for degree, chains in {5: 3, 6: 5, 7: 12}.items():
        count = module._plan(degree).count()
        assert count["chain"] == chains
        assert count["diamond"] == (degree > 5)


def test_memory_is_bounded():
    jets = random_jets(300, 60)
    energy_flow_polynomials(jets[:1], 7)  # plans
    tracemalloc.start()
    energy_flow_polynomials(jets, 7)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


@pytest.mark.parametrize("beta", [0, -1, np.nan, np.inf])
def test_a_beta_that_is_not_positive_is_refused(jets, beta):
    with pytest.raises(ValueError, match=r"beta is .*give a number in"):
        energy_flow_polynomials(jets, 3, beta)


def test_degree_eight_is_refused(jets):
    with pytest.raises(ValueError, match="degree is 8"):
        energy_flow_polynomials(jets, 8)


def test_a_linear_classifier_tags_tops():
    train, test = (load("top_tagging", "smoke", split=part) for part in ("train", "test"))
    features = [energy_flow_polynomials(jets, 5) for jets in (train, test)]
    classifier = linear_classifier(features[0], train.label)
    assert auc(test.label, classifier.decision_function(features[1])) > 0.96
    mass_alone = auc(test.label, test.mass)
    assert auc(test.label, classifier.decision_function(features[1])) > mass_alone


def test_a_linear_classifier_needs_two_classes_and_a_share():
    features = np.random.default_rng(0).normal(size=(30, 4))
    with pytest.raises(ValueError, match="exactly two classes"):
        linear_classifier(features, np.arange(30) % 3)
    with pytest.raises(ValueError, match="shrinkage is 2"):
        linear_classifier(features, np.arange(30) % 2, shrinkage=2)
