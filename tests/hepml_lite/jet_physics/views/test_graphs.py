"""Graphs: neighbours by brute force, pair features by their definition and by vector."""

import numpy as np
import pytest
import vector
from scipy.spatial import cKDTree

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.views import graphs


def distance(jets, i, a, b):
    (_, eta, phi), (_, eta_b, phi_b) = (np.moveaxis(jets.constituents[i, k], -1, 0) for k in (a, b))
    return kinematics.delta_r(eta.astype(float), phi.astype(float), eta_b, phi_b)


def test_neighbours_are_as_near_as_those_of_a_search_tree(jets):
    k = 5
    near = graphs.nearest_neighbours(jets, k)
    assert near.shape == (*jets.mask.shape, k)
    assert (near[~jets.mask] == -1).all()
    for i in range(len(jets)):
        real = np.flatnonzero(jets.mask[i])
        number = min(k, len(real) - 1)
        assert (near[i, real, number:] == -1).all()
        if not number:
            continue
        assert (near[i, real, :number] != real[:, None]).all()
        plane = jets.constituents[i, real, 1:].astype(float)
        plane[:, 1] = kinematics.delta_phi(plane[:, 1], plane[0, 1])
        expected = cKDTree(plane).query(plane, number + 1)[0][:, 1:]
        found = distance(jets, i, near[i, real, :number], real[:, None])
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_more_neighbours_than_slots():
    pair = Jets([[[3, 0, 0], [2, 0.1, 0]]])
    assert graphs.nearest_neighbours(pair, 3).tolist() == [[[1, -1, -1], [0, -1, -1]]]
    with pytest.raises(ValueError, match="k = 0"):
        graphs.nearest_neighbours(pair, 0)


def test_pair_features_of_one_pair():
    pair = Jets([[[300, 0.0, 3.1], [100, 0.5, 3.1]]])
    features = graphs.pairwise_features(pair)
    mass = 2 * 300 * 100 * (np.cosh(0.5) - 1)
    expected = np.log([100 * 0.5, 0.25, 0.5, mass])
    np.testing.assert_allclose(features[0, 0, 1], expected, rtol=1e-5)
    np.testing.assert_array_equal(features[0, 1, 0], features[0, 0, 1])
    assert not features[0, 0, 0].any()


def test_pair_features_agree_with_vector(jets):
    features = graphs.pairwise_features(jets)
    assert features.dtype == np.float32
    for i in range(0, len(jets), 4):
        pt, eta, phi = jets.constituents[i][jets.mask[i]].astype(float).T
        p4 = vector.array({"pt": pt, "eta": eta, "phi": phi, "mass": np.zeros_like(pt)})
        one, other = p4[:, None], p4[None]
        delta = np.asarray(one.deltaR(other))
        mass2 = np.asarray((one + other).mass2)
        seen = features[i][jets.mask[i]][:, jets.mask[i]]
        apart = delta > 1e-3  # below, the difference of squares in vector loses its digits
        np.testing.assert_allclose(seen[..., 2][apart], np.log(delta[apart]), atol=1e-5)
        np.testing.assert_allclose(seen[..., 3][apart], np.log(mass2[apart]), atol=1e-3)
        np.testing.assert_allclose(
            seen[..., 0][apart], np.log((np.minimum(pt[:, None], pt) * delta)[apart]), atol=1e-5
        )


def test_masked_symmetric_and_finite(jets):
    features = graphs.pairwise_features(jets)
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(features, features.swapaxes(1, 2))
    assert not features[~(jets.mask[:, :, None] & jets.mask[:, None])].any()


def test_equivariance(jets):
    """Particles in another order: rows and columns in that order."""
    order = np.random.default_rng(0).permutation(jets.mask.shape[1])
    shuffled = Jets(jets.constituents[:, order], mask=jets.mask[:, order])
    expected = graphs.pairwise_features(jets)[:, order][:, :, order]
    np.testing.assert_array_equal(graphs.pairwise_features(shuffled), expected)


def test_chunks_change_nothing(jets, monkeypatch):
    whole = graphs.pairwise_features(jets), graphs.nearest_neighbours(jets, 4)
    monkeypatch.setattr(graphs, "_chunk", lambda jets: 3)
    pieces = graphs.pairwise_features(jets), graphs.nearest_neighbours(jets, 4)
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one, other)
