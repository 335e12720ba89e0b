"""Multigraphs: the published numbers, an independent count, and a name that knows no numbering."""

import itertools

import numpy as np
import pytest

from hepml_lite.jet_physics.observables.multigraphs import (
    canonical,
    components,
    cut_at,
    graphs,
    label,
    vertices,
)

CONNECTED = (1, 1, 2, 5, 12, 33, 103, 333)  # OEIS A076864
ANY = (1, 1, 3, 8, 23, 66, 212, 686)  # OEIS A050535


@pytest.mark.parametrize(("prime", "published"), [(True, CONNECTED), (False, ANY)])
def test_numbers_of_each_degree_are_the_published_ones(prime, published):
    found = graphs(7, prime)
    assert len(set(found)) == len(found) == sum(published)
    assert np.bincount([len(edges) for edges in found]).tolist() == list(published)


@pytest.mark.parametrize("degree", range(5))
def test_numbers_agree_with_trying_all_renumberings(degree):
    """Every choice of edges among 2 d vertices, counted up to all permutations of the vertices."""
    shapes = {
        min(_renumbered(edges, order) for order in itertools.permutations(range(vertices(edges))))
        for edges in _without_gaps(degree)
    }
    assert len(shapes) == ANY[degree]


def _without_gaps(degree):
    pairs = itertools.combinations(range(2 * degree), 2)
    for edges in itertools.combinations_with_replacement(pairs, degree):
        if {v for edge in edges for v in edge} == set(range(vertices(edges))) or not edges:
            # vertices that appear in rising order are enough, and save most of the time
            seen = list(dict.fromkeys(v for edge in edges for v in edge))
            if seen == sorted(seen):
                yield edges


def _renumbered(edges, order):
    return tuple(sorted(tuple(sorted((order[k], order[m]))) for k, m in edges))


def test_a_graph_keeps_its_name_whatever_the_numbers_of_its_vertices():
    rng = np.random.default_rng(1)
    for edges in graphs(7)[1:]:
        assert canonical(_renumbered(edges, rng.permutation(vertices(edges)))) == edges


def test_graphs_are_those_of_energyflow():
    energyflow = pytest.importorskip("energyflow", reason="run `make energyflow`")
    theirs = energyflow.EFPSet(("d<=", 7), ("p==", 1)).graphs()
    assert {canonical(edges) for edges in theirs if edges} == set(graphs(7)[1:])
    assert len(theirs) == len(graphs(7))


def test_order_is_by_edges_then_vertices_and_does_not_depend_on_the_highest_degree():
    assert [label(edges) for edges in graphs(3)] == [
        *("1", "01", "01²", "02 12"),
        *("01³", "01² 12", "01 02 12", "02 13 23", "03 13 23"),
    ]
    for prime in (True, False):
        keys = [(len(edges), vertices(edges)) for edges in graphs(7, prime)]
        assert keys == sorted(keys)
        assert graphs(7, prime)[: len(graphs(4, prime))] == graphs(4, prime)


def test_components_are_connected_graphs_with_all_the_edges():
    connected = set(graphs(6)[1:])
    for edges in graphs(6, prime=False)[1:]:
        parts = components(edges)
        assert connected.issuperset(parts)
        assert sum(map(len, parts)) == len(edges)
        assert sum(map(vertices, parts)) == vertices(edges)
        assert (len(parts) == 1) == (edges in connected)


def test_labels_are_names():
    for prime in (True, False):
        names = [label(edges) for edges in graphs(7, prime)]
        assert len(set(names)) == len(names)


def test_a_graph_is_cut_into_pieces():
    """A triangle 0 1 2 with a tail 2 3 4: cut in the tail, and at two corners."""
    edges = ((0, 1), (0, 2), (1, 2), (2, 3), (3, 4))
    assert cut_at(edges, (3,)) == [({3}, edges[:4]), ({3}, edges[4:])]
    assert cut_at(edges, (0, 2)) == [
        ({0, 2}, ((0, 1), (1, 2))),
        ({0, 2}, ((0, 2),)),
        ({2}, ((2, 3), (3, 4))),
    ]


@pytest.mark.parametrize("degree", [-1, 8, 2.5])
def test_degrees_out_of_range_are_refused(degree):
    with pytest.raises(ValueError, match=f"degree is {degree}.* 0 to 7"):
        graphs(degree)
