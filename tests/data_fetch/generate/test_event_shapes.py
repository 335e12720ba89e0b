"""Event shapes: events with a known answer, laws, and Pythia's own thrust on real events."""

import numpy as np
import pytest

from data_fetch.generate import ee_shapes
from data_fetch.generate.simulation import event_shapes
from data_fetch.generate.simulation.pythia import Generator, Particles


def massless(momenta):
    momenta = np.asarray(momenta, float)
    return np.concatenate([np.linalg.norm(momenta, axis=-1)[..., None], momenta], axis=-1)


def shapes(p4):
    value, axis = event_shapes.thrust(p4)
    rest = event_shapes.c_parameter(p4), event_shapes.ln_y23(p4)
    return np.stack([value, *rest, event_shapes.heavy_jet_mass(p4, axis)], axis=-1)


@pytest.fixture(scope="module")
def events():
    """300 hadronic Z decays, (300, P, 4)."""
    pytest.importorskip("pythia8mc")
    generator = Generator(ee_shapes.SETTINGS, seed=4, beam_energy=ee_shapes.Z_MASS)
    return event_shapes.padded(generator.visible(generator.batch(300)), 300)


def test_two_back_to_back_particles():
    p4 = massless([[[20, 10, 40], [-20, -10, -40]]])
    lowest = np.log(event_shapes.LOWEST_Y)
    np.testing.assert_allclose(shapes(p4), [[1, 0, lowest, 0]], atol=1e-6)


def test_three_particles_at_120_degrees():
    """T = 2/3, C = 3/4, y23 = 1/3 and M_H^2 = s / 3."""
    angle = np.radians([90, 210, 330])
    p4 = massless([np.column_stack([np.cos(angle), np.sin(angle), np.zeros(3)])])
    np.testing.assert_allclose(shapes(p4), [[2 / 3, 3 / 4, np.log(1 / 3), 3**-0.5]], rtol=1e-6)


def test_a_sphere_of_particles():
    """T -> 1/2 and C -> 1; the two halves of a sphere have M_H = sqrt(3)/4 of the energy."""
    momenta = np.random.default_rng(1).normal(size=(1, 5_000, 3))
    momenta /= np.linalg.norm(momenta, axis=-1, keepdims=True)
    value, c, _, heavy = shapes(massless(momenta))[0]
    assert value == pytest.approx(0.5, abs=0.02)
    assert c == pytest.approx(1, abs=0.01)
    assert heavy == pytest.approx(3**0.5 / 4, abs=0.02)


def test_the_thrust_axis_belongs_to_the_thrust(events):
    value, axis = event_shapes.thrust(events)
    along = np.abs(np.einsum("npk,nk->np", events[..., 1:], axis)).sum(axis=1)
    total = np.linalg.norm(events[..., 1:], axis=-1).sum(axis=1)
    np.testing.assert_allclose(along / total, value)
    np.testing.assert_allclose(np.linalg.norm(axis, axis=1), 1)


def test_thrust_is_that_of_pythia(events):
    """Pythia tries all planes of two particles, so it is exact; ours may miss a little, rarely."""
    import pythia8mc

    exact = []
    for event in events:
        record = pythia8mc.Event()
        for energy, *momentum in event[event[:, 0] > 0].tolist():
            record.append(211, 91, 0, 0, *momentum, energy, 0.0)
        oracle = pythia8mc.Thrust(1)
        assert oracle.analyze(record)
        exact.append(oracle.thrust())
    short = np.array(exact) - event_shapes.thrust(events)[0]
    assert short.min() > -1e-9
    assert short.max() < 2e-3
    assert (short > 1e-9).mean() < 0.02


def test_c_parameter_is_that_of_the_eigenvalues(events):
    expected = []
    for p in events[..., 1:]:
        length = np.linalg.norm(p, axis=1)
        p, length = p[length > 0], length[length > 0]
        a, b, c = np.linalg.eigvalsh((p.T / length) @ p / length.sum())
        expected.append(3 * (a * b + b * c + c * a))
    np.testing.assert_allclose(event_shapes.c_parameter(events), expected, atol=1e-9)


def test_directions_order_and_padding_do_not_matter(events):
    rng = np.random.default_rng(2)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turned = events.copy()
    turned[..., 1:] = turned[..., 1:] @ rotation
    more = np.concatenate([turned, np.zeros((300, 7, 4))], axis=1)
    shuffled = more[:, rng.permutation(more.shape[1])]
    np.testing.assert_allclose(shapes(shuffled), shapes(events), atol=1e-6)


def test_bounds(events):
    """T and C between those of a line and of a sphere, y23 below that of three equal jets."""
    value, c, ln_y23, heavy = shapes(events).T
    assert ((value > 0.5) & (value <= 1)).all()
    assert ((c >= 0) & (c <= 1)).all()
    assert ((ln_y23 < np.log(1 / 3)) & (ln_y23 > np.log(event_shapes.LOWEST_Y))).all()
    assert ((heavy > 0) & (heavy < 1)).all()


def test_padding_keeps_each_particle_in_its_event():
    p4 = np.arange(12.0).reshape(3, 4) + 1
    particles = Particles(np.array([0, 2, 2]), p4, np.full(3, 211), np.ones(3))
    filled = event_shapes.padded(particles, 4)
    assert filled.shape == (4, 2, 4)
    np.testing.assert_array_equal(filled[[0, 2, 2], [0, 0, 1]], p4)
    assert np.count_nonzero(filled) == 12
