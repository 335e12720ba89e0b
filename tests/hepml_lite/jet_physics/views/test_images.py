"""Images: each step does what it says, and the pixels hold the momentum."""

import numpy as np
import pytest

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.jet_physics.views import images

JETS_OF_A_CLASS = 60


def moments(points):
    """Second moments of the momentum distribution: eta eta, phi phi, eta phi."""
    z, eta, phi = np.moveaxis(points, -1, 0)
    return (z * eta**2).sum(1), (z * phi**2).sum(1), (z * eta * phi).sum(1)


def test_the_centre_is_at_the_origin(jets):
    points = centred(jets)
    np.testing.assert_allclose(points[..., 0].sum(1), 1)
    np.testing.assert_allclose((points[..., :1] * points[..., 1:]).sum(1), 0, atol=1e-12)
    # and it is where the axis of the jet is, to second order in the angles
    apart = points[..., 1:] - jets.relative()[..., 1:]
    assert np.abs(apart[jets.mask]).max() < 0.1


def test_upright(jets):
    points = images.upright(centred(jets))
    across, along, mixed = moments(points)
    assert (along >= across - 1e-12).all()
    np.testing.assert_allclose(mixed, 0, atol=1e-12)
    np.testing.assert_allclose(  # a rotation: distances from the centre stay
        np.hypot(points[..., 1], points[..., 2]),
        np.hypot(*np.moveaxis(centred(jets)[..., 1:], -1, 0)),
        atol=1e-12,
    )


def test_flipped(jets):
    points = images.flipped(centred(jets))
    z, eta, phi = np.moveaxis(points, -1, 0)
    for axis in (eta, phi):
        assert ((z * (axis > 0)).sum(1) >= (z * (axis < 0)).sum(1) - 1e-12).all()
    np.testing.assert_array_equal(np.abs(points), np.abs(centred(jets)))


def test_two_prongs_stand_upright_with_the_heavier_half_up():
    """z = 0.75 at 1/4 of the distance above the centre of pT, z = 0.25 at 3/4 below."""
    pair = Jets([[[100, 0.3, 3.1], [300, 0.3, -2.783185]]])  # 0.4 apart across the seam of phi
    for turned in (pair, change.rotated(pair, 1.0), change.rotated(pair, 2.5)):
        points = images.flipped(images.upright(centred(turned)))
        expected = [[0.25, 0, -0.3], [0.75, 0, 0.1]]
        np.testing.assert_allclose(points[0], expected, atol=1e-5)


def test_pixels_agree_with_numpy(jets):
    points = centred(jets)
    view = images.pixelated(points, pixels=13, reach=0.3)
    assert view.shape == (len(jets), 1, 13, 13)
    edges = np.linspace(-0.3, 0.3, 14)
    for i in range(0, len(jets), 7):
        z, eta, phi = points[i][jets.mask[i]].T
        expected = np.histogram2d(phi, eta, (edges, edges), weights=z)[0]
        np.testing.assert_allclose(view[i, 0], expected, atol=1e-6)


def test_an_image_holds_the_momentum(jets):
    view = images.images(jets, reach=3.0)
    np.testing.assert_allclose(view.sum((1, 2, 3)), 1, rtol=1e-5)
    assert view.dtype == np.float32
    assert view.shape == (len(jets), 1, images.PIXELS, images.PIXELS)


def test_one_particle_is_in_the_central_pixel(jets):
    view = images.images(jets.truncate(1))
    middle = images.PIXELS // 2
    np.testing.assert_array_equal(view[:, 0, middle, middle], 1)


def test_colours(jets):
    if jets.pid is None:
        with pytest.raises(ValueError, match="no pid"):
            images.images(jets, coloured=True)
        return
    view = images.images(jets, reach=3.0, coloured=True)
    assert view.shape[1] == len(images.CHANNELS)
    np.testing.assert_allclose(view[:, :2].sum((1, 2, 3)), 1, rtol=1e-5)
    np.testing.assert_allclose(view[:, :2].sum(1), images.images(jets, reach=3.0)[:, 0], atol=1e-6)
    charged = np.isin(np.abs(jets.pid), (11, 13, 211, 321, 2212, 3112, 3222, 3312, 3334))
    np.testing.assert_allclose(
        view[:, 2].sum((1, 2)), charged.sum(1) / jets.n_constituents, rtol=1e-5
    )


def test_average_images(jets):
    means = images.average_images(jets, 11)
    view = images.images(jets, 11)
    assert list(means) == list(jets.names)
    for label, name in enumerate(jets.names):
        np.testing.assert_allclose(means[name], view[jets.label == label].mean(0), atol=1e-6)


def test_what_is_refused(jets):
    with pytest.raises(ValueError, match="pixels = 0"):
        images.images(jets, 0)
    with pytest.raises(ValueError, match="reach"):
        images.images(jets, 10, -1.0)
