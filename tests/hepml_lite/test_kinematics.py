"""Four-vector arithmetic against the scikit-hep vector library, and its laws."""

import numpy as np
import pytest
import vector

from hepml_lite import kinematics


@pytest.fixture
def coordinates():
    rng = np.random.default_rng(0)
    n = 1000
    return {
        "pt": rng.exponential(20, n),
        "eta": rng.normal(0, 2, n),
        "phi": rng.uniform(-np.pi, np.pi, n),
        "mass": rng.exponential(1, n),
    }


def test_four_vectors_agree_with_vector(coordinates):
    ours = kinematics.four_vectors(**coordinates)
    theirs = vector.array(coordinates)
    expected = np.stack([theirs.E, theirs.px, theirs.py, theirs.pz], axis=-1)
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


def test_coordinates_survive_the_round_trip(coordinates):
    back = kinematics.pt_eta_phi_mass(kinematics.four_vectors(**coordinates))
    for found, expected in zip(back, coordinates.values(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-4)


def test_phi_is_wrapped_into_its_period_and_keeps_the_direction():
    phi = np.linspace(-20, 20, 4001)
    wrapped = kinematics.wrap_phi(phi)
    assert wrapped.min() >= -np.pi
    assert wrapped.max() < np.pi
    np.testing.assert_allclose(np.exp(1j * wrapped), np.exp(1j * phi), atol=1e-12)
    assert kinematics.wrap_phi(np.float32(np.pi)) == -np.float32(np.pi)


def test_delta_phi_is_the_short_way_round():
    assert kinematics.delta_phi(3.0, -3.0) == pytest.approx(6 - 2 * np.pi)
    assert kinematics.delta_r(0.3, 3.0, 0.3, -3.0) == pytest.approx(2 * np.pi - 6)


def test_single_precision_stays_single():
    values = np.ones((4, 5), np.float32)
    assert kinematics.four_vectors(values, values, values).dtype == np.float32
    assert kinematics.wrap_phi(values).dtype == np.float32


def test_rounding_never_gives_a_nan_mass():
    lightlike = kinematics.four_vectors(
        np.float32([600, 0]), np.float32([1.3, 0]), np.float32([2, 0])
    )
    assert np.isfinite(kinematics.pt_eta_phi_mass(lightlike)).all()


def test_wrong_number_of_components_is_refused():
    with pytest.raises(ValueError, match=r"\(5, 3\).*E, px, py, pz"):
        kinematics.pt_eta_phi_mass(np.zeros((5, 3)))
