"""Signal is injected in the number that was asked for, and the background stays complete."""

import numpy as np
import pytest

from hepml_lite.anomaly_detection import injected
from hepml_lite.containers.events import Events

REGION = (3.0, 4.0)


def events(mass, label):
    values = np.column_stack([mass, np.arange(len(mass))])
    return Events(values, ("mjj", "number"), label=np.full(len(mass), label), names=("QCD", "new"))


@pytest.fixture
def background():
    return events(np.random.default_rng(1).uniform(2, 5, 3000), 0)


@pytest.fixture
def signal():
    return events(np.random.default_rng(2).normal(3.5, 0.4, 500), 1)


def n_inside(sample):
    return int(((sample["mjj"] >= 3) & (sample["mjj"] < 4)).sum())


@pytest.mark.parametrize("strength", [0.0, 1.0, 2.7])
def test_the_region_holds_the_signal_that_was_asked_for(background, signal, strength):
    both = injected(background, signal, REGION, strength, rng=3)
    added = both.of_class("new")
    assert n_inside(added) == round(strength * np.sqrt(n_inside(background)))
    kept = np.sort(both.of_class("QCD")["number"])
    np.testing.assert_array_equal(kept, np.arange(len(background)))
    np.testing.assert_array_equal(np.sort(added["number"]), np.arange(len(added)))


def test_the_order_is_random_and_the_same_for_the_same_seed(background, signal):
    first, again, other = (injected(background, signal, REGION, 3, rng=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)
    places = np.flatnonzero(first.label == 1) / len(first)
    assert abs(places.mean() - 0.5) < 4 / np.sqrt(12 * len(places))


def test_too_little_signal_and_a_negative_strength_are_refused(background, signal):
    with pytest.raises(ValueError, match="which needs 63 signal events"):
        injected(background, signal[:30], REGION, 2.0)
    with pytest.raises(ValueError, match="strength is -1"):
        injected(background, signal, REGION, -1.0)
