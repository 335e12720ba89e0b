"""The hyperbolic plane: exact distances, isometries, points that come back, room for trees."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from hepml_lite.jet_physics.distances import hyperbolic
from hepml_lite.jet_physics.distances.hyperbolic import (
    error_of_a_constant,
    euclidean_map,
    hyperbolic_map,
    hyperbolic_scaling,
    in_ball,
    poincare_distance,
    relative_error,
)
from hepml_lite.jet_physics.distances.tree_likeness import path_lengths, regular_tree


@pytest.fixture
def tangent():
    return np.random.default_rng(3).normal(size=(25, 2))


def apart(tangent):
    ball = in_ball(tangent)
    return poincare_distance(ball[:, None], ball[None])


def test_along_a_diameter():
    x, y = np.array([-0.3, 0.0]), np.array([0.8, 0.0])
    assert poincare_distance(np.zeros(2), y) == pytest.approx(2 * np.arctanh(0.8))
    assert poincare_distance(x, y) == pytest.approx(2 * np.arctanh(0.3) + 2 * np.arctanh(0.8))
    assert poincare_distance(x, x) == 0


def test_the_formula_of_the_paper(tangent):
    x, y = in_ball(tangent[:10]), in_ball(tangent[10:20])
    weight = (1 - (x**2).sum(-1)) * (1 - (y**2).sum(-1))
    expected = np.arccosh(1 + 2 * ((x - y) ** 2).sum(-1) / weight)
    np.testing.assert_allclose(poincare_distance(x, y), expected)


def test_a_tangent_vector_is_as_long_as_the_way(tangent):
    length = np.linalg.norm(tangent, axis=1)
    np.testing.assert_allclose(poincare_distance(in_ball(tangent), np.zeros(2)), length)
    assert np.array_equal(in_ball(np.zeros((1, 2))), np.zeros((1, 2)))


def test_moebius_transformations_are_isometries(tangent):
    z = in_ball(tangent) @ [1, 1j]
    a = 0.5 - 0.4j
    moved = np.exp(0.7j) * (z - a) / (1 - np.conj(a) * z)
    ball = np.stack([moved.real, moved.imag], -1)
    np.testing.assert_allclose(
        poincare_distance(ball[:, None], ball[None]), apart(tangent), atol=1e-9
    )


def test_triangles_and_areas():
    """The angles of a triangle add to less than π: three points of an ideal one nearly to 0."""
    corners = in_ball(8 * np.exp(2j * np.pi * np.arange(3) / 3).view(float).reshape(3, 2))
    side = poincare_distance(corners[0], corners[1])
    # law of cosines: cosh c = cosh a cosh b - sinh a sinh b cos γ with a = b = c
    angle = np.arccos(np.cosh(side) * (np.cosh(side) - 1) / np.sinh(side) ** 2)
    assert 3 * angle < 0.01
    # two sides of 8 at 120 degrees at the centre
    assert np.cosh(side) == pytest.approx(np.cosh(8) ** 2 + np.sinh(8) ** 2 / 2)


@pytest.mark.parametrize("radius", [0.5, 1.0, 3.0])
def test_scaling_finds_points_of_the_hyperbolic_plane_again(tangent, radius):
    distances = radius * apart(tangent)
    found = radius * apart(hyperbolic_scaling(distances, radius))
    np.testing.assert_allclose(found, distances, atol=1e-6)


def test_maps_of_both_planes(tangent):
    curved, flat = 2 * apart(tangent), cdist(tangent, tangent)
    of_curved, of_flat = hyperbolic_map(curved, 300), euclidean_map(flat, 300)
    assert relative_error(of_curved.distances, curved) < 0.01
    assert of_curved.radius == pytest.approx(2, rel=0.1)
    assert relative_error(of_flat.distances, flat) < 1e-6
    assert of_flat.radius == np.inf
    assert relative_error(euclidean_map(curved, 300).distances, curved) > 0.05
    found = hyperbolic.poincare_distance(of_curved.points[0], of_curved.points[1])
    assert of_curved.distances[0, 1] == pytest.approx(of_curved.radius * found)


def test_a_tree_has_more_room_in_the_hyperbolic_plane():
    tree = path_lengths(regular_tree(2, 4))
    curved, flat = hyperbolic_map(tree), euclidean_map(tree)
    assert relative_error(curved.distances, tree) < 0.8 * relative_error(flat.distances, tree)


def test_a_constant_is_the_worst_map():
    same = np.ones((4, 4)) - np.eye(4)
    assert error_of_a_constant(same) == 0
    distances = cdist(*[np.random.default_rng(0).normal(size=(9, 3))] * 2)
    floor = error_of_a_constant(distances)
    constants = np.linspace(0.1, 5, 500)
    tried = [relative_error(np.full_like(distances, c), distances) for c in constants]
    assert floor == pytest.approx(min(tried), abs=1e-4)


def test_refusals():
    with pytest.raises(ValueError, match="outside of the open unit ball"):
        poincare_distance(np.array([1.0, 0.0]), np.zeros(2))
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        hyperbolic_map(np.ones((2, 3)))
    with pytest.raises(ValueError, match="leave out copies"):
        euclidean_map(np.zeros((4, 4)))
