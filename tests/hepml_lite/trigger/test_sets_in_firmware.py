"""Sets, graphs, images and the search for neighbours as logic: equal in every bit."""

import itertools

import numpy as np
import pytest
import torch

from hepml_lite.containers.trigger_events import REGIONS
from hepml_lite.trigger import graph_building, quantised_sets
from hepml_lite.trigger.firmware import neighbours_verilog, sets_verilog, simulation, tools
from hepml_lite.trigger.fixed_point import FixedPoint

needs_icarus = pytest.mark.skipif(
    not tools.TOOLS["iverilog"].is_here, reason="iverilog is missing: apt install iverilog"
)
ENERGY = FixedPoint(8, 8, signed=False, rounding="RND_CONV", overflow="SAT")
KINDS = {
    "deep sets": lambda: quantised_sets.deep_sets(6),
    "interaction network": lambda: quantised_sets.interaction_network(4),
    "convolution on the regions": lambda: quantised_sets.convolution(
        REGIONS, ENERGY, channels=2, n_hidden=4
    ),
}


def codes_of(kind, n_in, n, seed):
    """Random bits, and the ends of the range."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(kind.lowest_code, kind.highest_code + 1, (n, n_in)).astype(float)
    codes[0], codes[1], codes[2] = kind.lowest_code, kind.highest_code, 0
    codes[3:50] = np.round(codes[3:50] / 8)  # small numbers, for which not everything saturates
    return codes


@needs_icarus
@pytest.mark.parametrize("kind", KINDS)
def test_the_circuit_is_the_network(kind, tmp_path):
    torch.manual_seed(1)
    network = KINDS[kind]().whole()
    codes = codes_of(network.input_type, network.n_in, 100, 2)
    simulated = simulation.with_icarus(sets_verilog.shared_design(network), tmp_path)(codes)
    np.testing.assert_array_equal(simulated, network.codes(codes))
    assert np.unique(simulated).size > 5


def brute_force(codes, k):
    """The nearest k by sorting all distances of each particle, in plain Python."""
    points = codes.reshape(len(codes), -1, 2)
    found = []
    for event in points:
        for i, (eta, phi) in enumerate(event):
            others = []
            for j, (eta_j, phi_j) in enumerate(event):
                turned = abs(phi - phi_j) % 256
                around = min(turned, 256 - turned)
                if i != j:
                    others.append(((eta - eta_j) ** 2 + around**2, j))
            found += [j for _, j in sorted(others)[:k]]
    return np.array(found, float).reshape(len(codes), -1)


@pytest.mark.parametrize(("n", "k"), [(2, 1), (5, 2), (8, 3), (11, 10)])
def test_neighbours_are_those_of_a_brute_force_search(n, k):
    search = graph_building.NeighbourSearch(n, k)
    codes = codes_of(graph_building.COORDINATE, 2 * n, 60, 3)
    codes[5] = 7  # all at one place: the order of the places decides
    np.testing.assert_array_equal(search.codes(codes), brute_force(codes, k))


@needs_icarus
def test_the_circuit_finds_the_neighbours(tmp_path):
    search = graph_building.NeighbourSearch(6, 2)
    codes = codes_of(graph_building.COORDINATE, 12, 100, 4)
    design = neighbours_verilog.neighbours_design(search)
    np.testing.assert_array_equal(
        simulation.with_icarus(design, tmp_path)(codes), search.codes(codes)
    )


@pytest.mark.parametrize("n", range(1, 13))
def test_comparators_sort_all_zeros_and_ones(n):
    """A network of comparators that sorts all lists of 0 and 1 sorts all lists (Knuth, 5.3.4)."""
    wires = np.array([*itertools.product((0, 1), repeat=n)])
    for stage in graph_building.comparators(n):
        used = [wire for pair in stage for wire in pair]
        assert len(set(used)) == len(used)  # all work at once
        for low, high in stage:
            pair = wires[:, [low, high]]
            wires[:, low], wires[:, high] = pair.min(axis=1), pair.max(axis=1)
    assert (np.diff(wires, axis=1) >= 0).all()


@pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 5), (100, 2)])
def test_impossible_searches_are_refused(n, k):
    with pytest.raises(ValueError, match="particles"):
        graph_building.NeighbourSearch(n, k)
