"""Four points: zero for trees, exact for a square; paths by hand; trees of jets."""

import numpy as np
import pytest
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import cdist

from data_fetch import load
from hepml_lite.jet_physics.distances.tree_likeness import (
    clustering_tree,
    four_points,
    path_lengths,
    regular_tree,
)


def test_trees_have_no_delta():
    rng = np.random.default_rng(0)
    parent = np.array([-1, *(rng.integers(k) for k in range(1, 40))])
    found = four_points(path_lengths(parent, rng.random(40)), 3000)
    assert found.mean == pytest.approx(0, abs=1e-12)
    assert found.largest == pytest.approx(0, abs=1e-12)


def test_a_square():
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    found = four_points(cdist(corners, corners), 10)
    expected = (2 * np.sqrt(2) - 2) / np.sqrt(2)  # 2 δ over the diagonal
    assert found.mean == pytest.approx(expected)
    assert found.largest == pytest.approx(expected)


def test_equal_distances_look_like_a_tree():
    """All points at the same distance are leaves of a star: δ knows no other reason."""
    assert four_points(np.ones((9, 9)) - np.eye(9)).mean == 0


def test_paths_are_shortest_paths():
    rng = np.random.default_rng(1)
    parent = np.array([-1, *(rng.integers(k) for k in range(1, 30))])
    length = rng.random(30) + 0.1
    edges = np.zeros((30, 30))
    edges[np.arange(1, 30), parent[1:]] = length[1:]
    expected = shortest_path(edges, directed=False)
    np.testing.assert_allclose(path_lengths(parent, length), expected)


def test_paths_by_hand():
    assert path_lengths(regular_tree(2, 2))[3].tolist() == [2, 1, 3, 0, 2, 4, 4]
    assert len(regular_tree(3, 3)) == 1 + 3 + 9 + 27


def test_the_tree_of_a_jet():
    jet = load("top_tagging", "smoke", split="val")[:1].truncate(12)
    n = int(jet.n_constituents[0])
    parent = clustering_tree(jet)
    assert len(parent) == 2 * n - 1
    children = np.bincount(parent[parent >= 0], minlength=len(parent))
    assert sorted(children) == [0] * n + [2] * (n - 1)
    padded = clustering_tree(jet.padded(20))
    assert np.array_equal(path_lengths(padded), path_lengths(parent))


def test_refusals():
    with pytest.raises(ValueError, match="2 roots"):
        path_lengths(np.array([-1, -1]))
    with pytest.raises(ValueError, match="circle"):
        path_lengths(np.array([-1, 2, 1]))
    with pytest.raises(ValueError, match="4"):
        four_points(np.ones((3, 3)))
    with pytest.raises(ValueError, match="2 jets"):
        clustering_tree(load("top_tagging", "smoke", split="val")[:2])
