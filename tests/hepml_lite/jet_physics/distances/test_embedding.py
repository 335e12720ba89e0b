"""Neighbours, maps and dimensions: points whose geometry is known must come back."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from hepml_lite.jet_physics.distances.embedding import (
    classical_scaling,
    embed,
    nearest_neighbours,
)


@pytest.fixture
def rng():
    return np.random.default_rng(6)


def apart(points):
    return cdist(points, points)


def test_neighbours_are_those_of_scikit_learn(rng):
    points, others = rng.normal(size=(40, 3)), rng.normal(size=(15, 3))
    columns, near = nearest_neighbours(apart(points), 4)
    expected = NearestNeighbors(n_neighbors=4).fit(points).kneighbors()
    np.testing.assert_array_equal(columns, expected[1])
    np.testing.assert_allclose(near, expected[0])
    columns, near = nearest_neighbours(cdist(others, points), 4, leave_out_diagonal=False)
    expected = NearestNeighbors(n_neighbors=4).fit(points).kneighbors(others)
    np.testing.assert_array_equal(columns, expected[1])
    np.testing.assert_allclose(near, expected[0])


def test_a_twin_is_a_neighbour_and_oneself_is_not():
    distances = apart(np.array([[0.0], [0.0], [5.0]]))
    columns, near = nearest_neighbours(distances, 1)
    np.testing.assert_array_equal(columns[:2, 0], [1, 0])
    assert distances[0, 0] == 0  # the matrix is left as it was
    np.testing.assert_array_equal(near[:2], 0)


@pytest.mark.parametrize("place", [classical_scaling, embed])
def test_points_of_a_plane_come_back(rng, place):
    distances = apart(rng.normal(size=(60, 2)))
    found = place(distances)
    assert found.shape == (60, 2)
    np.testing.assert_allclose(apart(found), distances, atol=1e-4 * distances.max())


def test_mds_is_no_worse_than_the_projection(rng):
    distances = apart(rng.normal(size=(50, 5)))
    stress = [
        ((apart(place(distances)) - distances) ** 2).sum() for place in (classical_scaling, embed)
    ]
    assert stress[1] < 0.9 * stress[0]


def test_tsne_keeps_groups_together(rng):
    group = np.repeat([0, 1, 2], 20)
    points = rng.normal(size=(60, 4)) + 20 * np.eye(3, 4)[group]
    columns, _ = nearest_neighbours(apart(embed(apart(points), "tsne")), 5)
    assert (group[columns] == group[:, None]).all()


@pytest.mark.parametrize("method", ["mds", "tsne"])
def test_a_seed_gives_the_same_map(rng, method):
    distances = apart(rng.normal(size=(20, 4)))
    np.testing.assert_array_equal(*(embed(distances, method, rng=3) for _ in range(2)))


@pytest.mark.parametrize("method", ["mds", "tsne"])
def test_jets_that_are_all_the_same(method):
    assert np.isfinite(embed(np.zeros((5, 5)), method)).all()


@pytest.mark.parametrize("k", [0, 5])
def test_neighbours_that_do_not_exist(k):
    with pytest.raises(ValueError, match="give 1 to 4"):
        nearest_neighbours(np.ones((5, 5)), k)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="no method 'umap'"):
        embed(np.zeros((4, 4)), "umap")
    with pytest.raises(ValueError, match="2 jets"):
        embed(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"shape \(4, 3\)"):
        embed(np.zeros((4, 3)))
