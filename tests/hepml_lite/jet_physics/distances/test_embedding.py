"""Neighbours, maps and dimensions: points whose geometry is known must come back."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from hepml_lite.jet_physics.distances.embedding import (
    classical_scaling,
    correlation_dimension,
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


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_dimension_of_points_that_fill_a_cube(rng, dimension):
    """On a torus, so that there is no border."""
    points = rng.random((600, dimension))
    difference = np.abs(points[:, None] - points)
    distances = np.linalg.norm(np.minimum(difference, 1 - difference), axis=-1)
    found = correlation_dimension(distances, np.geomspace(0.1, 0.4, 4))
    np.testing.assert_allclose(found.scale, 0.1 * 4 ** np.array([1 / 6, 1 / 2, 5 / 6]))
    assert (np.abs(found.dimension - dimension) < 4 * found.error + 0.02).all()
    assert (found.error < 0.25).all()


def test_error_of_the_dimension_is_its_scatter(rng):
    scales = [0.1, 0.2]
    made = [correlation_dimension(apart(rng.random((80, 2))), scales) for _ in range(60)]
    scatter = np.std([d.dimension for d in made])
    assert 0.6 < np.mean([d.error for d in made]) / scatter < 1.7


def test_scales_without_pairs_have_no_dimension(rng):
    found = correlation_dimension(apart(rng.random((30, 2)) + 0.5), [1e-9, 1e-8, 0.5, 2])
    assert np.isnan(found.dimension[:2]).all()
    assert np.isfinite(found.dimension[2])


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
    for scales in ([1], [0, 1], [2, 1]):
        with pytest.raises(ValueError, match="ascending and positive"):
            correlation_dimension(np.zeros((4, 4)), scales)
