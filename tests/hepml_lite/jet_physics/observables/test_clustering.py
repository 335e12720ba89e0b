"""Clustering of many jets in step: the trees that FastJet makes, merge by merge."""

import awkward as ak
import fastjet
import numpy as np
import pytest
import vector

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.clustering import cluster, rapidity

JETS_OF_A_CLASS = 60
ALGORITHMS = {"cambridge": fastjet.cambridge_algorithm, "kt": fastjet.kt_algorithm}


@pytest.fixture(scope="module")
def jets(jets):
    """Jets moved by 1e-4 at random: no two distances are equal, and nothing is left to rounding."""
    noise = np.random.default_rng(1).normal(0, 1e-4, jets.constituents.shape)
    noise[..., 0] = 0
    return Jets(jets.constituents + noise * jets.mask[..., None], mask=jets.mask)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_merge_is_that_of_fastjet(jets, algorithm):
    vector.register_awkward()
    one = jets.to_awkward()
    fields = {"px": one.px, "py": one.py, "pz": one.pz, "E": one.energy}
    definition = fastjet.JetDefinition(ALGORITHMS[algorithm], 20.0)
    nodes = fastjet.ClusterSequence(ak.zip(fields, with_name="Momentum4D"), definition).jets()
    trees = cluster(jets, algorithm)
    for i, theirs in enumerate(nodes):
        expected = np.stack([ak.to_numpy(theirs[k]) for k in ("E", "px", "py", "pz")], -1)
        found = trees.momenta[i, trees.slots :][trees.mask[i, trees.slots :]]
        np.testing.assert_allclose(found, expected[jets.n_constituents[i] :], rtol=1e-6, atol=1e-4)


def test_a_tree_holds_together(jets):
    trees = cluster(jets)
    rows = np.arange(len(jets))
    np.testing.assert_allclose(trees.momenta[rows, trees.root], jets.four_momentum, rtol=1e-9)
    np.testing.assert_array_equal(trees.mask.sum(1), 2 * jets.n_constituents - 1)
    i, node = np.nonzero(trees.children[..., 0] >= 0)
    for child in (0, 1):
        np.testing.assert_array_equal(trees.parent[i, trees.children[i, node, child]], node)
    pt = np.hypot(trees.momenta[..., 1], trees.momenta[..., 2])
    hard, soft = (pt[i, trees.children[i, node, c]] for c in (0, 1))
    assert (hard >= soft).all()
    assert (trees.parent[rows, trees.root] == -1).all()
    orphans = trees.mask & (trees.parent < 0)
    np.testing.assert_array_equal(orphans.sum(1), 1)


def test_a_group_is_clustered_as_its_jets_alone(jets):
    whole = cluster(jets)
    for i in (0, len(jets) - 1):
        alone = cluster(jets[[i]])
        np.testing.assert_array_equal(alone.children[0], whole.children[i])


def test_particles_all_around_the_beam():
    """No shortcut through the seam of phi, and none around it."""
    rng = np.random.default_rng(0)
    shape = (4, 12)
    phi = rng.uniform(-np.pi, np.pi, shape)
    jets = Jets(np.stack([rng.exponential(5, shape) + 1, rng.normal(0, 1, shape), phi], -1))
    test_every_merge_is_that_of_fastjet(jets, "cambridge")


def test_rapidity_agrees_with_vector():
    p4 = np.array([[50.0, 10, 20, 40], [5.0, 0, 3, -3], [7.0, 0, 0, 0]])
    energy, px, py, pz = p4.T
    expected = vector.array({"E": energy, "px": px, "py": py, "pz": pz}).rapidity
    np.testing.assert_allclose(rapidity(p4), expected, atol=1e-12)


def test_another_algorithm_is_refused(jets):
    with pytest.raises(ValueError, match="antikt"):
        cluster(jets, "antikt")
