"""The circuit in pure Python: equal in every bit to the network in whole numbers."""

import itertools

import numpy as np
import pytest
import torch

from hepml_lite.trigger import quantised_sets
from hepml_lite.trigger.emulation.integer_network import IntegerLayer, IntegerNetwork, axol1tl_like
from hepml_lite.trigger.firmware import tools, without_compiler
from hepml_lite.trigger.fixed_point import FixedPoint

pytestmark = pytest.mark.skipif(
    not tools.TOOLS["pyrtl"].is_here, reason="pyrtl is missing: pip install pyrtl"
)


def random_codes(kind, n_in, n, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(kind.lowest_code, kind.highest_code + 1, (n, n_in)).astype(float)
    codes[0], codes[1] = kind.lowest_code, kind.highest_code
    return codes


def test_a_small_anomaly_network_is_equal_in_every_bit():
    rng = np.random.default_rng(1)
    sizes = (12, 6, 5, 3)
    weights = [rng.normal(0, 1.2, shape) for shape in itertools.pairwise(sizes)]
    network = axol1tl_like(weights, [rng.normal(0, 2, n) for n in sizes[1:]])
    codes = random_codes(network.input_type, 12, 100, 2)
    found = without_compiler.with_pyrtl(network)(codes)
    np.testing.assert_array_equal(found, network.codes(codes))


@pytest.mark.parametrize("overflow", ["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"])
@pytest.mark.parametrize(
    "rounding", ["TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"]
)
def test_all_roundings_and_overflows(rounding, overflow):
    rng = np.random.default_rng(3)
    kind = FixedPoint(6, 3)
    out = FixedPoint(5, 3, rounding=rounding, overflow=overflow)
    layer = IntegerLayer(
        rng.normal(0, 1, (3, 4)), rng.normal(0, 1, 4), kind, out, FixedPoint(18, 8),
        FixedPoint(6, 2), FixedPoint(6, 3), relu=False,
    )  # fmt: skip
    network = IntegerNetwork((layer,))
    codes = random_codes(kind, 3, 200, 4)
    np.testing.assert_array_equal(without_compiler.with_pyrtl(network)(codes), network.codes(codes))


def test_deep_sets_without_a_compiler():
    torch.manual_seed(5)
    network = quantised_sets.deep_sets(3, n_hidden=4, n_classes=2).whole()
    codes = random_codes(network.input_type, network.n_in, 50, 6)
    np.testing.assert_array_equal(without_compiler.with_pyrtl(network)(codes), network.codes(codes))
