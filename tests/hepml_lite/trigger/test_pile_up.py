"""Rates against pile-up: what one collision does alone grows with the first power of mu."""

import numpy as np
import pytest

from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents
from hepml_lite.trigger.quantities import quantities
from hepml_lite.trigger.rates.pile_up import PileUpScan, crossings, scan

MU = (1, 2, 4, 8)


@pytest.fixture(scope="module")
def minimum_bias():
    """One collision in 50 has a jet of 40 GeV; each has 20 GeV of missing momentum."""
    rng = np.random.default_rng(1)
    objects = np.zeros((5000, N_OBJECTS, 3))
    objects[:, 0, 0] = 20
    objects[:, 0, 2] = rng.uniform(-np.pi, np.pi, 5000)
    objects[::50, 9, 0] = 40
    return TriggerEvents(objects=objects)


def test_what_one_collision_does_grows_linearly(minimum_bias):
    one = {"jet": lambda e: quantities(e)["jets 1"] > 30}
    found = scan(one, minimum_bias, MU, 20_000, 1e6, rng=2)["jet"]
    expected = 1 - np.exp(-np.array(MU) / 50)
    rates = np.array([one.value for one in found.rates])
    np.testing.assert_allclose(rates, 1e6 * expected, rtol=0.15)
    assert found.power.value == pytest.approx(0.96, abs=4 * found.power.error)


def test_what_collisions_do_together_grows_faster(minimum_bias):
    both = {"jets": lambda e: quantities(e)["jets 2"] > 30}
    two = scan(both, minimum_bias, MU, 20_000, 1e6, rng=3)["jets"]
    assert two.power.value == pytest.approx(1.95, abs=4 * two.power.error)


def test_missing_momenta_add_as_a_random_walk(minimum_bias):
    """The mean of MET^2 is mu times that of one collision."""
    met = crossings(minimum_bias, 10, 5000, rng=4).met[:, 0, 0]
    assert np.mean(met**2) == pytest.approx(10 * 20**2, rel=0.1)


def test_a_slope_needs_events():
    few = PileUpScan(np.array([1.0, 2.0]), np.array([3, 50]), 1000, 1e6)
    with pytest.raises(ValueError, match="two points with 10"):
        _ = few.power


def test_images_add_up_as_momenta_do(minimum_bias):
    """With one region of 2 GeV in each collision, the sum of an image counts its collisions."""
    regions = np.zeros((len(minimum_bias), 18, 14))
    regions[np.arange(5000), np.arange(5000) % 18, np.arange(5000) % 14] = 2
    with_images = TriggerEvents(objects=minimum_bias.objects, regions=regions)
    found = crossings(with_images, 30, 4500, rng=5, with_regions=True)
    collisions = found.regions.sum(axis=(1, 2)) / 2
    assert len(found) == 4500
    assert collisions.mean() == pytest.approx(30, abs=5 * np.sqrt(30 / 4500))
    assert collisions.var() == pytest.approx(30, rel=0.1)


def test_images_that_are_not_there_are_refused(minimum_bias):
    with pytest.raises(ValueError, match="no regions"):
        crossings(minimum_bias, 3, 10, with_regions=True)
