"""Packed events, pairs, trigger objects and showers: off by the documented rounding, no more."""

import numpy as np
import pytest

from data_fetch import packing
from data_fetch.packing.integers import byte_planes
from hepml_lite.containers.events import Events
from hepml_lite.containers.showers import Geometry, Showers
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.containers.unfolding_pair import UnfoldingPair

N = 500
STEPS = {"mjj": 0.5, "tau21": 2e-3}
CARD = {"classes": ["a", "b"], "quantities": list(STEPS), "precision": STEPS}
FIELDS = {"label": np.arange(N) % 2, "names": ("a", "b")}
GEOMETRY = {
    "depths": [0, 1, 3],
    "n_angles": 4,
    "radii": [0, 0.5, 2],
    "depth_unit": "X0",
    "radius_unit": "Moliere radii",
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def round_trip(rows, **card):
    card |= {"classes": ["a", "b"], "container": type(rows).__name__}
    return packing.unpack(packing.pack(rows), {**rows.card, **card})


def table(rng):
    return np.column_stack([rng.uniform(2500, 5000, N), rng.uniform(0, 1, N)]).astype(np.float32)


def test_events_keep_each_quantity_to_half_a_step(rng):
    events = Events(table(rng), tuple(STEPS), card=CARD, **FIELDS)
    back = round_trip(events)
    for name, step in STEPS.items():
        assert np.abs(back[name] - events[name]).max() < 0.501 * step
    np.testing.assert_array_equal(back.label, events.label)
    assert back.names == events.names


def test_pairs_keep_both_levels_apart(rng):
    pairs = UnfoldingPair(table(rng), table(rng), tuple(STEPS), card=CARD, **FIELDS)
    back = round_trip(pairs)
    tolerance = 0.501 * np.array(list(STEPS.values()))
    assert (np.abs(back.truth - pairs.truth) < tolerance).all()
    assert (np.abs(back.measured - pairs.measured) < tolerance).all()


def test_misses_and_fakes_stay_what_they_are(rng):
    flags = {"true_ok": np.arange(N) % 7 > 0, "measured_ok": np.arange(N) % 5 > 0}
    flags["measured_ok"] |= ~flags["true_ok"]
    pairs = UnfoldingPair(table(rng), table(rng), tuple(STEPS), card=CARD, **flags, **FIELDS)
    back = round_trip(pairs)
    np.testing.assert_array_equal(back.true_ok, flags["true_ok"])
    np.testing.assert_array_equal(np.isnan(back.measured[:, 1]), ~flags["measured_ok"])
    np.testing.assert_array_equal(back.matched.label, pairs.matched.label)


def test_weights_come_back_exactly(rng):
    weight = np.where(np.arange(N) % 3 > 0, 20.0, 1 / 3)
    back = round_trip(Events(table(rng), tuple(STEPS), card=CARD, weight=weight, **FIELDS))
    np.testing.assert_array_equal(back.weight, weight)


def test_trigger_objects_keep_their_places(rng):
    angles = rng.uniform(-3, 3, (N, 19)), rng.uniform(-np.pi, np.pi, (N, 19))
    objects = np.stack([rng.exponential(30, (N, 19)) + 3, *angles], axis=-1)
    objects[rng.random((N, 19)) < 0.5] = 0
    back = round_trip(TriggerEvents(objects, **FIELDS))
    np.testing.assert_array_equal(back.objects[..., 0] > 0, objects[..., 0] > 0)
    np.testing.assert_allclose(back.objects[..., 0], objects[..., 0], rtol=0.0051)
    assert np.abs(back.objects[..., 1] - objects[..., 1]).max() < 0.0051
    assert np.abs(np.exp(1j * back.objects[..., 2]) - np.exp(1j * objects[..., 2])).max() < 0.0101


def test_showers_keep_their_total_exactly_and_each_voxel_within_steps(rng):
    voxels = np.exp(rng.uniform(np.log(5e-4), np.log(30), (N, 16)))
    voxels[rng.random((N, 16)) < 0.3] = 0
    voxels[0] = 0  # a particle that passed through
    geometry = Geometry.regular(**GEOMETRY)
    showers = Showers(voxels, rng.uniform(1, 100, N), geometry, **FIELDS)
    back = round_trip(showers, geometry=GEOMETRY)
    np.testing.assert_allclose(back.deposited, showers.deposited, rtol=1e-5)
    np.testing.assert_allclose(back.voxels, showers.voxels, rtol=0.051)
    np.testing.assert_array_equal(back.energy, showers.energy)


def test_a_value_that_does_not_fit_is_named(rng):
    values = table(rng)
    values[3, 0] = 1e6
    with pytest.raises(ValueError, match=r"mjj reaches 1e\+06"):
        packing.pack(Events(values, tuple(STEPS), card=CARD, **FIELDS))


def test_a_card_without_precision_is_refused(rng):
    with pytest.raises(ValueError, match="no precision for mjj, tau21"):
        packing.pack(Events(table(rng), tuple(STEPS), **FIELDS))


def test_a_voxel_too_full_for_a_byte_is_refused():
    voxels = np.full((1, 16), 500.0)
    showers = Showers(voxels, [8000.0], Geometry.regular(**GEOMETRY), names=("a", "b"))
    with pytest.raises(ValueError, match="500 GeV; at most 163"):
        packing.pack(showers)


def test_steps_that_do_not_fit_are_not_wrapped():
    with pytest.raises(ValueError, match="eta reaches 40000, but only -32768 to 32767"):
        byte_planes({"eta": np.array([0.0, 40000.0])})
