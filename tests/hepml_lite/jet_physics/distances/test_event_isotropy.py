"""Event isotropy: known limits, and the laws of the two geometries."""

import numpy as np
import pytest

from data_fetch import load
from data_fetch.samples import bundled
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.distances.event_isotropy import (
    cylinder_isotropy,
    disk_isotropy,
    ring_isotropy,
    sphere_isotropy,
    uniform_cylinder,
    uniform_disk,
    uniform_sphere,
)
from hepml_lite.jet_physics.variations import transformations as change

SAMPLES = sorted({"top_tagging", "quark_gluon", "jet_classes"} & set(bundled()))
RADIUS = 0.8
FINITE = 0.01  # what the finite number of points of the uniform event may change


@pytest.fixture(scope="module", params=SAMPLES)
def real(request):
    jets = load(request.param, "smoke")
    some = Jets.concatenate([jets.of_class(name)[:2] for name in jets.names])
    return Jets.concatenate([some, some[:1].truncate(1), some[:1].truncate(2)])


def ring(n, turn=0.3, pt=50.0):
    phi = turn + 2 * np.pi * np.arange(n) / n
    return Jets(np.stack([np.full(n, pt), np.linspace(-2, 2, n), phi], -1)[None])


def prongs(*points):
    """Equal particles at these places in the eta-phi plane."""
    return Jets(np.array([[(100.0, 1 + x, 3 + y) for x, y in points]]))


def test_back_to_back_is_one():
    assert ring_isotropy(ring(2))[0] == pytest.approx(1, abs=FINITE)


@pytest.mark.parametrize("n", [3, 4, 6])
def test_n_equal_particles(n):
    """Each fills the arc within pi / n: I = (1 - sin(pi / n) n / pi) pi / (pi - 2)."""
    expected = (1 - np.sinc(1 / n)) * np.pi / (np.pi - 2)
    assert ring_isotropy(ring(n), points=256)[0] == pytest.approx(expected, abs=FINITE)


def test_an_even_ring_is_zero():
    values = [ring_isotropy(ring(n))[0] for n in (8, 32, 128)]
    assert values[0] > values[1] > values[2] - 1e-12
    assert values[2] < 1e-2


def test_one_particle_alone_exceeds_one():
    assert ring_isotropy(ring(1))[0] == pytest.approx(np.pi / (np.pi - 2), rel=1e-6)


def test_the_ring_knows_azimuth_alone(real):
    before = ring_isotropy(real)
    assert ring_isotropy(change.boosted(real, 0.7)) == pytest.approx(before, abs=1e-6)
    assert ring_isotropy(change.turned(real, 0.4)) == pytest.approx(before, abs=FINITE)
    assert ring_isotropy(ring(5, pt=1)) == pytest.approx(ring_isotropy(ring(5, pt=90)), abs=1e-6)


def test_the_uniform_disk():
    """Centred, <r^2> = 1/2, as much in every ring and sector."""
    disk = uniform_disk(400)
    np.testing.assert_allclose(disk.mean(0), 0, atol=1e-12)
    assert (disk**2).sum(1).mean() == pytest.approx(0.5)
    share = np.histogram((disk**2).sum(1), bins=4, range=(0, 1.01))[0] / 400
    np.testing.assert_allclose(share, 0.25, atol=0.02)
    sectors = np.histogram(np.arctan2(*disk.T), bins=6, range=(-np.pi, np.pi))[0] / 400
    np.testing.assert_allclose(sectors, 1 / 6, atol=0.02)


def test_a_pencil_like_jet_is_one():
    assert disk_isotropy(prongs((0, 0)), RADIUS)[0] == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("distance", [0.2, 4 / (3 * np.pi), 1.0])
def test_two_prongs_share_the_disk(distance):
    """Each fills its half, whose centre lies at 4 R / 3 pi: I = 1 - 16 d / 3 pi R + 2 d^2 / R^2."""
    jet = prongs((distance * RADIUS, 0), (-distance * RADIUS, 0))
    expected = 1 - 16 * distance / (3 * np.pi) + 2 * distance**2
    assert disk_isotropy(jet, RADIUS)[0] == pytest.approx(expected, abs=FINITE)


def test_an_even_disk_is_zero():
    values = [disk_isotropy(prongs(*(RADIUS * uniform_disk(n))), RADIUS)[0] for n in (16, 50, 128)]
    assert values[0] > values[1] > values[2] - 1e-12
    assert values[2] < 1e-6


def test_where_and_how_a_jet_lies_means_nothing(real):
    before = disk_isotropy(real, RADIUS)
    assert ((before > 0) & (before < 1.3)).all()
    for same in (
        change.permuted(real, np.random.default_rng(2)),
        real.padded(real.mask.shape[1] + 5),
        change.turned(real, 2.0),
        change.boosted(real, 0.6),
    ):
        np.testing.assert_allclose(disk_isotropy(same, RADIUS), before, atol=1e-5)
    for nearly in (change.rotated(real, 1.1), change.mirrored(real)):
        np.testing.assert_allclose(disk_isotropy(nearly, RADIUS), before, atol=2 * FINITE)


def test_infrared_and_collinear_limits(real):
    before, rng = disk_isotropy(real, RADIUS), np.random.default_rng(4)
    for size in (1e-1, 1e-3):
        split = disk_isotropy(change.collinear_split(real, angle=size), RADIUS)
        soft = disk_isotropy(change.soft_added(real, 100 * size, rng), RADIUS)
        np.testing.assert_allclose(split, before, atol=5 * size + 1e-5)
        np.testing.assert_allclose(soft, before, atol=5 * size + 1e-5)


def test_more_points_change_little(real):
    few, many = (disk_isotropy(real[:3], RADIUS, n) for n in (128, 400))
    np.testing.assert_allclose(few, many, atol=FINITE)


def test_no_events():
    assert ring_isotropy(ring(2)[:0]).shape == disk_isotropy(ring(2)[:0], RADIUS).shape == (0,)


def test_wrong_arguments(real):
    with pytest.raises(ValueError, match="points = 3"):
        ring_isotropy(real, 3)
    with pytest.raises(ValueError, match="radius is -1"):
        disk_isotropy(real, -1)


def directions(*vectors, energy=10.0):
    """Massless particles of equal energy in these directions (n, 3), as one event."""
    x, y, z = np.transpose(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    rho = np.hypot(x, y)
    return Jets(np.stack([energy * rho, np.arcsinh(z / rho), np.arctan2(y, x)], -1)[None])


def test_back_to_back_is_one_on_the_sphere_in_every_direction():
    for axis in ((1.0, 0.2, 0.1), (0.1, 0.1, 1.0)):
        pair = directions(np.array(axis), -np.array(axis))
        assert sphere_isotropy(pair)[0] == pytest.approx(1, abs=2 * FINITE)


def test_an_octahedron_on_the_sphere():
    """Each particle fills the cone around it: 1 - <cos> over a sixth of the sphere, exactly."""
    corners = np.vstack([np.eye(3), -np.eye(3)]) @ np.linalg.qr(np.ones((3, 3)) + np.eye(3))[0]
    sample = np.random.default_rng(0).normal(size=(200_000, 3))
    sample /= np.linalg.norm(sample, axis=1, keepdims=True)
    expected = 2 * (1 - np.abs(sample).max(axis=1).mean())
    assert sphere_isotropy(directions(*corners))[0] == pytest.approx(expected, abs=2 * FINITE)


def test_one_particle_alone_on_the_sphere():
    assert sphere_isotropy(directions((1.0, 1.0, 0.3)))[0] == pytest.approx(2, abs=FINITE)


@pytest.mark.parametrize("y_max", [1.0, 2.0])
def test_the_worst_pair_on_the_cylinder_is_one(y_max):
    edge = y_max - 1e-6
    pair = Jets(np.array([[(50.0, edge, 0.3), (50.0, edge, 0.3 + np.pi)]]))
    assert cylinder_isotropy(pair, y_max)[0] == pytest.approx(1, abs=2 * FINITE)


def test_a_central_pair_on_the_cylinder():
    """In azimuth the mean square is pi^2 / 12, in rapidity y_max^2 / 3."""
    pair = Jets(np.array([[(50.0, 0.0, 0.3), (50.0, 0.0, 0.3 + np.pi)]]))
    expected = (np.pi**2 + 4 * 2.0**2) / (np.pi**2 + 16 * 2.0**2)
    assert cylinder_isotropy(pair, 2.0)[0] == pytest.approx(expected, abs=2 * FINITE)


def test_both_agree_with_the_transport_of_another_code():
    ot = pytest.importorskip("ot")
    rng = np.random.default_rng(1)
    pt, eta, phi = rng.uniform(1, 50, 12), rng.uniform(-1.5, 1.5, 12), rng.uniform(-3, 3, 12)
    event = Jets(np.stack([pt, eta, phi], -1)[None])
    pt, eta, phi = event.constituents[0].astype(float).T
    energy = pt * np.cosh(eta)
    p = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], -1) / energy[:, None]
    sphere = uniform_sphere(192)
    cost = ((p[:, None] - sphere) ** 2).sum(-1)  # |a - b|^2 = 2 (1 - cos)
    expected = ot.emd2(energy / energy.sum(), np.full(192, 1 / 192), cost)
    assert sphere_isotropy(event)[0] == pytest.approx(expected, rel=1e-6)
    cylinder = uniform_cylinder(2.0, 16)
    gap = np.abs(phi[:, None] - cylinder[:, 1]) % (2 * np.pi)
    gap = np.minimum(gap, 2 * np.pi - gap)
    squares = (eta[:, None] - cylinder[:, 0]) ** 2 + gap**2
    cost = 12 / (np.pi**2 + 16 * 2.0**2) * squares
    expected = ot.emd2(pt / pt.sum(), np.full(len(cylinder), 1 / len(cylinder)), cost)
    assert cylinder_isotropy(event, 2.0)[0] == pytest.approx(expected, rel=1e-6)


def test_an_even_event_is_isotropic():
    assert sphere_isotropy(directions(*uniform_sphere(192)))[0] < FINITE
    y, phi = uniform_cylinder(2.0, 16).T
    assert cylinder_isotropy(Jets(np.stack([np.ones(len(y)), y, phi], -1)[None]), 2.0)[0] < FINITE


def test_events_outside_of_the_cylinder_are_refused():
    with pytest.raises(ValueError, match=r"event 0 has no particle with \|y\| < 1"):
        cylinder_isotropy(Jets(np.array([[(50.0, 2.0, 0.3), (50.0, -2.0, 1.3)]])), 1.0)
