"""Ranges of sums: the bits that are needed are needed, and one fewer wraps."""

from itertools import pairwise

import numpy as np
import pytest

from hepml_lite.trigger.emulation.integer_network import axol1tl_like
from hepml_lite.trigger.emulation.ranges import bits_for, narrowed, profile


@pytest.fixture
def network():
    rng = np.random.default_rng(1)
    sizes = (57, 28, 15, 8)
    weights = [rng.normal(0, 1, pair) for pair in pairwise(sizes)]
    return axol1tl_like(weights, [rng.normal(0, 1, n) for n in sizes[1:]])


@pytest.fixture
def codes(network):
    return np.random.default_rng(2).integers(-20, 21, (500, 57)).astype(float)


@pytest.mark.parametrize(
    ("whole", "bits"), [([0], 1), ([-1], 1), ([1], 2), ([-128, 127], 8), ([128], 9)]
)
def test_bits_of_twos_complement(whole, bits):
    assert bits_for(whole) == bits


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_with_the_bits_that_are_needed_nothing_changes_and_with_one_fewer_a_sum_wraps(
    network, codes, layer
):
    needed = profile(network, codes)[layer].needed
    enough = narrowed(network, layer, needed)
    np.testing.assert_array_equal(enough.codes(codes), network.codes(codes))
    too_few = narrowed(network, layer, needed - 1)
    with pytest.warns(UserWarning, match=rf"layers \[{layer}\] wrap"):
        ranges = profile(too_few, codes)
    assert [one.layer for one in ranges if one.wrapped] == [layer]


def test_bad_input_is_named(network, codes):
    with pytest.raises(ValueError, match="layers 0 to 2"):
        narrowed(network, 3, 10)
    with pytest.raises(ValueError, match="give fewer"):
        narrowed(network, 0, 40)
    with pytest.raises(ValueError, match="empty"):
        profile(network, codes[:0])
