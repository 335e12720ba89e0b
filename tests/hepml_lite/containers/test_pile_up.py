"""Pile-up: energies and missing momenta add, the leading objects of all collisions are kept."""

import numpy as np
import pytest

from hepml_lite.containers.pile_up import overlay
from hepml_lite.containers.trigger_events import TriggerEvents


def events(n, met, jet, energy):
    objects = np.zeros((n, 19, 3))
    objects[:, 0] = met
    objects[:, 9] = jet
    return TriggerEvents(objects, regions=np.full((n, 18, 14), energy))


def test_energies_and_missing_momenta_add():
    hard, soft = events(4000, (30, 0, 0), (50, 1, 1), 1.0), events(50, (3, 0, 0), (20, 0, 0), 0.5)
    seen = overlay(hard, soft, mu=4, rng=1)
    others = (seen.regions[:, 0, 0] - 1) / 0.5
    assert others.mean() == pytest.approx(4, abs=0.15)
    assert others.var() == pytest.approx(4, abs=0.4)
    np.testing.assert_allclose(seen.met[:, 0, 0], 30 + 3 * others, rtol=1e-6)
    np.testing.assert_allclose(seen.jets[:, 0], hard.jets[:, 0])
    np.testing.assert_array_equal((seen.jets[:, 1:, 0] > 0).sum(axis=1), np.minimum(others, 9))


def test_no_pile_up_changes_nothing():
    hard = events(20, (30, 0, 1), (50, 1, 1), 1.0)
    seen = overlay(hard, hard, mu=0)
    np.testing.assert_allclose(seen.objects, hard.objects, atol=1e-6)


def test_one_sample_without_regions_is_refused():
    hard = events(5, (30, 0, 0), (50, 1, 1), 1.0)
    with pytest.raises(ValueError, match="only one of the two"):
        overlay(hard, TriggerEvents(hard.objects), mu=1)
    with pytest.raises(ValueError, match="mu is -1"):
        overlay(hard, hard, mu=-1)
