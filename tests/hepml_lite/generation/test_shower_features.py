"""High-level features: by hand on few voxels, and their symmetries."""

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.containers.showers import Geometry, Layer
from hepml_lite.generation.showers import high_level_features

# One ring of four voxels, then one layer of two rings without angles
SMALL = Geometry(
    (Layer((0.0, 2.0), 4, (0.0, 1.0)), Layer((0.0, 1.0, 3.0), 1, (1.0, 2.0))), "X0", "mm"
)


def test_by_hand():
    features = high_level_features([[3.0, 1.0, 0, 0, 0, 2.0]], SMALL).iloc[0]
    # middles at radius 1 and 45, 135, ... degrees
    side = np.sqrt(0.5)
    assert features["layer_00_energy"] == 4
    assert features["layer_00_eta"] == pytest.approx((3 - 1) / 4 * side)
    assert features["layer_00_phi"] == pytest.approx(side)
    assert features["layer_00_eta_width"] == pytest.approx(np.sqrt(0.5 - 0.25 * 0.5))
    assert features["layer_00_phi_width"] == pytest.approx(0, abs=1e-8)
    assert features["layer_00_r"] == 1
    assert features["layer_00_sparsity"] == 0.5
    assert features["layer_01_r"] == 2
    assert features["layer_01_r_width"] == 0


def test_empty_layer_has_no_nan():
    features = high_level_features(np.zeros((2, 6)), SMALL)
    assert (features == 0).all(axis=None)


def test_scale_changes_energies_only():
    showers = load("calo_showers")[:50]
    once = high_level_features(showers.voxels, showers.geometry)
    twice = high_level_features(2 * showers.voxels, showers.geometry)
    is_energy = [name.endswith("energy") for name in once]
    factors = np.where(is_energy, 2.0, 1.0)
    np.testing.assert_allclose(twice, once * factors, rtol=1e-6)


def test_energies_are_those_of_the_container():
    showers = load("calo_showers")[:50]
    features = high_level_features(showers.voxels, showers.geometry)
    energies = features[[name for name in features if name.endswith("energy")]]
    np.testing.assert_allclose(energies, showers.layer_energies(), rtol=1e-6)


def test_a_turn_by_one_cell_turns_the_centres():
    showers = load("calo_showers")[:20]
    turned = np.roll(showers.grid(), 2, axis=2).reshape(len(showers), -1)  # two of eight angles
    before = high_level_features(showers.voxels, showers.geometry)
    after = high_level_features(turned, showers.geometry)
    for layer in range(20):
        name = f"layer_{layer:02d}_"
        np.testing.assert_allclose(after[name + "phi"], before[name + "eta"], atol=1e-6)
        np.testing.assert_allclose(after[name + "eta"], -before[name + "phi"], atol=1e-6)
        np.testing.assert_allclose(after[name + "r_width"], before[name + "r_width"], atol=1e-6)


@pytest.mark.parametrize(
    ("voxels", "message"),
    [
        (np.zeros((3, 7)), "geometry has 6 voxels"),
        (-np.ones((3, 6)), "row 0 has a negative energy"),
        (np.full((3, 6), np.nan), "NaN|infinite"),
        (np.zeros(6), "axes|shape"),
    ],
)
def test_impossible_voxels_are_refused(voxels, message):
    with pytest.raises(ValueError, match=message):
        high_level_features(voxels, SMALL)
