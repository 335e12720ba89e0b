"""A part of packed trigger events: the same rows as of the whole, without unpacking the others."""

import numpy as np
import pytest

from data_fetch import packing
from hepml_lite.containers.trigger_events import N_OBJECTS, REGIONS, TriggerEvents

CARD = {"container": "TriggerEvents", "classes": ["background", "signal"], "processes": ["a", "b"]}


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(3)
    n = 61
    objects = rng.uniform(1, 3, (n, N_OBJECTS, 3)) * (rng.random((n, N_OBJECTS, 1)) < 0.4)
    objects[:, 0, 1] = 0
    return TriggerEvents(
        objects=objects,
        process=rng.integers(0, 2, n),
        offline_pt=rng.uniform(1, 50, (n, 4)) * (rng.random((n, 4)) < 0.5),
        regions=rng.exponential(2, (n, *REGIONS)),
        processes=("a", "b"),
        label=rng.integers(0, 2, n),
        names=("background", "signal"),
        weight=rng.choice([1.0, 20.0], n),
    )


@pytest.mark.parametrize(
    ("start", "stop"), [(0, None), (0, 1), (7, 23), (60, 61), (30, 30), (40, 9)]
)
def test_a_part_has_the_rows_of_the_whole(events, start, stop):
    packed = packing.pack(events)
    whole = packing.unpack(packed, CARD)
    part = packing.unpack(packed, CARD, start, stop)
    assert len(part) == len(range(61)[start:stop])
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(part.arrays()[name], array[start:stop])
