"""What students give by mistake, and corners of the types, where a wrong bit would be silent."""

import itertools
import shutil

import numpy as np
import pytest
import torch
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingClassifier

from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.trigger import (
    continual,
    drift_alarms,
    fast_network,
    following_threshold,
    graph_autoencoder,
    graph_building,
    menus,
    pile_up,
    ranges,
    regions,
)
from hepml_lite.trigger.emulation.integer_network import (
    INPUT,
    IntegerLayer,
    IntegerNetwork,
    squared_score,
)
from hepml_lite.trigger.emulation.integer_trees import (
    IntegerForest,
    IntegerTree,
    of_gradient_boosting,
    whole_threshold,
)
from hepml_lite.trigger.firmware import hls, simulation
from hepml_lite.trigger.firmware.trees_verilog import forest_design
from hepml_lite.trigger.firmware.verilog import network_design
from hepml_lite.trigger.fixed_point import FixedPoint, integer_bits, quantise
from hepml_lite.trigger.quantised.quantised_training import QuantisedEncoder, fake_quantised
from hepml_lite.trigger.quantities import offline, quantities
from hepml_lite.trigger.rates import Item, MenuRates, RateCurve, threshold_for_rate

MASKED = np.ma.masked_less(np.arange(4.0), 1)
SMALL = FixedPoint(6, 3)
STUMP = IntegerTree(
    np.array([0, -1, -1]), np.zeros(3), np.array([1, -1, -1]), np.array([2, -1, -1]), np.zeros(3)
)


def network(layer=None):
    return IntegerNetwork((layer or IntegerLayer(np.ones((3, 2)), np.zeros(2)),))


def test_whole_numbers_of_any_format_are_widths():
    assert FixedPoint(np.int64(8), np.int32(4), np.bool_(True)) == FixedPoint(8, 4)
    assert str(FixedPoint(np.int64(8), np.int32(4))) == "ap_fixed<8, 4>"


def test_wrapping_is_exact_for_numbers_beyond_2_to_the_53():
    for x in (2**54 + 4, -(2**54) - 4, 2**60 + 256, 3 * 2**53):
        for width in (1, 3, 10, 53):
            for signed in (True, False):
                expected = x % 2**width
                if signed and expected >= 2 ** (width - 1):
                    expected -= 2**width
                assert quantise(float(x), width, width, signed) == expected


def test_saturation_beyond_24_bits_takes_the_readable_way():
    kind = FixedPoint(28, 16, rounding="RND_CONV", overflow="SAT")
    wide = FixedPoint(20, 17, rounding="RND_CONV", overflow="SAT")
    layer = IntegerLayer(np.full((2, 1), 3.5), [0.0], wide, kind, FixedPoint(40, 28), relu=False)
    codes = np.array([[2**18, 2**18], [-(2**18), 5]])
    chain = network(layer)
    np.testing.assert_array_equal(fast_network.codes(chain, codes), chain.codes(codes))


def test_training_gives_numbers_of_the_type_exactly_also_after_a_wrap():
    kind = FixedPoint(8, 4, rounding="TRN", overflow="WRAP")
    x = torch.linspace(-2000, 2000, 3001).requires_grad_()
    rounded = fake_quantised(x, kind)
    rounded.sum().backward()
    np.testing.assert_array_equal(rounded.detach(), kind.quantise(x.detach()))
    np.testing.assert_array_equal(x.grad, 1)


def corner_layers():
    """Outputs of one bit, biases finer than products, sums that wrap, shifts to the left."""
    rng = np.random.default_rng(11)
    fine = FixedPoint(12, 3)  # nine bits after the point; a product has five
    kinds = [
        FixedPoint(1, 1, overflow="SAT_SYM"),
        FixedPoint(1, -1, False, "RND", "SAT"),
        FixedPoint(1, 9, rounding="RND_INF", overflow="SAT"),
        FixedPoint(9, 4, False, "RND_CONV", "WRAP"),
        FixedPoint(20, 4, False, "TRN_ZERO", "SAT_ZERO"),
        FixedPoint(30, 6, rounding="RND_MIN_INF", overflow="SAT_SYM"),
    ]
    accumulators = [FixedPoint(10, 1), FixedPoint(12, -1), FixedPoint(5, -4), FixedPoint(30, 12)]
    for kind, accumulator, relu in itertools.product(kinds, accumulators, (False, True)):
        weight, bias = rng.normal(0, 1, (3, 2)), rng.normal(0, 2, 2)
        yield IntegerLayer(weight, bias, INPUT, kind, accumulator, bias_type=fine, relu=relu)


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="apt install iverilog")
def test_corners_are_bit_exact_in_verilog(tmp_path):
    codes = np.random.default_rng(12).integers(-128, 128, (80, 3)).astype(float)
    codes[:2] = [[-128], [127]]
    for number, layer in enumerate(corner_layers()):
        chain = network(layer)
        run = simulation.with_icarus(network_design(chain), str(tmp_path / str(number)))
        np.testing.assert_array_equal(run(codes), chain.codes(codes), str(layer.output_type))


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="apt install iverilog")
def test_a_forest_of_one_bit_inputs_is_bit_exact(tmp_path):
    leaf = np.array([0.0, -8.0, 7.0])
    tree = IntegerTree(STUMP.feature, np.array([-1.0, 0, 0]), STUMP.left, STUMP.right, leaf)
    for overflow in ("WRAP", "SAT"):
        out = FixedPoint(4, 4, overflow=overflow)
        forest = IntegerForest((tree,) * 3, 1, FixedPoint(1, 1), out, start=-8.0)
        codes = np.array([[-1.0], [0.0]])
        run = simulation.with_icarus(forest_design(forest), tmp_path / overflow)
        np.testing.assert_array_equal(run(codes), forest.codes(codes))


def test_a_prescale_scales_the_whole_interval():
    """One in 10^15: rate, ends and the rate of the menu are 10^15 times smaller, not rounded."""
    column, weight = {"x": np.arange(50.0)}, np.full(50, 7.0)
    free = MenuRates.of_events([Item("a", {"x": 40})], column, weight)
    for prescale in (3, 10**6, 10**15):
        rare = MenuRates.of_events([Item("a", {"x": 40}, prescale)], column, weight)
        for ours, plain in [(rare.rate("a"), free.rate("a")), (rare.total, free.total)]:
            expected = np.array([plain.value, plain.low, plain.high]) / prescale
            np.testing.assert_allclose([ours.value, ours.low, ours.high], expected, rtol=1e-9)


def test_events_of_weight_zero_change_no_more_than_the_number_of_events():
    column, weight = {"x": np.arange(50.0)}, np.where(np.arange(50) % 2, 3.0, 0.0)
    rates = MenuRates.of_events([Item("a", {"x": 40}), Item("none", {"x": 99})], column, weight)
    assert rates.rate("a").value == pytest.approx(5 * 3 / 50)
    assert rates.rate("none").value == 0
    nothing = MenuRates.of_events([Item("a", {"x": 40})], column, np.zeros(50))
    assert (nothing.total.low, nothing.total.value, nothing.total.high) == (0, 0, 0)


def menu(column=None, weight=None, items=None):
    column = np.arange(3.0) if column is None else column
    weight = np.ones(3) if weight is None else weight
    return MenuRates.of_events(items or [Item("a", {"x": 1})], {"x": column}, weight).total


def scanned(decide, mu=(2.0,)):
    quiet = TriggerEvents(objects=np.zeros((3, 19, 3)))
    return pile_up.scan({"a": decide}, quiet, mu, 5, 1.0)["a"]


def learner():
    started = continual.Learner("frozen", n_first=1)
    started.see(np.ones((3, 2)))
    return started


HITS, PRESENT = np.ones((2, 4, 2)), np.ones((2, 4), bool)
TWO_LENGTHS = {"x": np.arange(3.0), "y": np.arange(4.0)}
REFUSED = {
    "nothing to remember": (
        lambda: following_threshold.quantile_threshold([[1.0]] * 3, 0.1, 1, 0), "n_memory is 0"
    ),
    "NaN threshold of time": (
        lambda: following_threshold.fixed_threshold([[1.0]], np.nan), "threshold is nan"
    ),
    "NaN start": (
        lambda: following_threshold.following_threshold([[1.0]], 0.1, np.nan, 0.3, 1), "is nan"
    ),
    "empty interval": (
        lambda: following_threshold.fixed_threshold([[1.0], []], 1), "scores has 0 numbers"
    ),
    "no tail": (lambda: following_threshold.tail_length([], 0.1), "scores has 0 numbers"),
    "NaN shift": (lambda: drift_alarms.average_run_length(np.nan, 5), "shift is nan"),
    "NaN limit": (lambda: drift_alarms.Cusum(np.nan), "limit is nan"),
    "negative limit": (lambda: drift_alarms.Cusum(-1), "limit is -1"),
    "no intervals": (lambda: drift_alarms.Cusum(5).first_alarm([]), "z has 0 numbers"),
    "spread counts": (
        lambda: drift_alarms.deviations(np.ones((3, 1)), np.ones(3)), "one expectation for each"
    ),
    "longest": (
        lambda: drift_alarms.simulated_run_length(drift_alarms.Cusum(5), 0, 3, 0, -3), "longest is"
    ),
    "NaN threshold of a curve": (
        lambda: RateCurve.of_events([1, 2], [1, 1]).rate(np.nan), "threshold is NaN"
    ),
    "list of columns": (lambda: Item("a", {"x": 1}).passes([[1, 2]]), "columns is.*by name"),
    "list of shares": (
        lambda: menus.thresholds_within(["x"], {"x": [1, 2]}, [1, 1], 1), "shares is.*by name"
    ),
    "one item": (lambda: menus.kept(Item("a", {"x": 1}), TWO_LENGTHS), "give a list of Item"),
    "two lengths": (
        lambda: menus.kept([Item("a", {"x": 1}), Item("b", {"y": 1})], TWO_LENGTHS), r"\[3, 4\]"
    ),
    "weights of others": (
        lambda: menus.efficiencies([Item("a", {"x": 1})], TWO_LENGTHS, [1, 1]), "one weight"
    ),
    "two of one name": (
        lambda: menus.efficiencies([Item("a", {"x": 1})] * 2, TWO_LENGTHS, [1, 1, 1]),
        "its own name",
    ),
    "decisions twice": (lambda: scanned(lambda e: np.ones((len(e), 2), bool)), r"bool \(5, 2\)"),
    "scores for decisions": (lambda: scanned(lambda e: e.met[:, 0, 0]), "score >= threshold"),
    "one decision": (lambda: scanned(lambda e: True), r"bool \(\) for 5"),
    "no decision": (lambda: scanned(None), "give a function"),
    "one mu": (lambda: scanned(lambda e: e.met[:, 0, 0] >= 0, 2.0), "mu has shape"),
    "bits of NaN": (lambda: ranges.bits_for([np.nan]), "whole are NaN"),
    "layer": (lambda: ranges.narrowed(network(), 0.5, 5), "layer is 0.5"),
    "nearly a code": (
        lambda: fast_network.codes(network(), [[1 + 1e-9, 0, 0]]), "give whole numbers"
    ),
    "complex codes": (lambda: fast_network.codes(network(), [[1j, 0, 0]]), "complex128"),
    "half a result": (lambda: squared_score([[0.5]]), "codes contain 0.5"),
    "type as a text": (
        lambda: IntegerLayer(np.ones((1, 1)), [0], "ap_fixed<8, 6>"), "input_type is"
    ),
    "a layer alone": (lambda: IntegerNetwork(network().layers[0]), "at least one layer"),
    "mask of scores": (
        lambda: graph_autoencoder.displaced_floors(HITS, PRESENT * 0.5), "True and False"
    ),
    "mask of others": (lambda: graph_autoencoder.displaced_floors(HITS, PRESENT[:1]), "masks"),
    "other inputs later": (lambda: learner().see(np.ones((3, 5))), r"give \(N, 2\)"),
    "NaN inputs": (lambda: learner().score(np.full((3, 2), np.nan)), "rows are NaN"),
    "modes by place": (lambda: FixedPoint(8, 4, "RND"), "signed is 'RND'"),
    "list as a mode": (lambda: FixedPoint(8, 4, rounding=["RND"]), "unknown rounding"),
    "huge point": (lambda: FixedPoint(8, 300), "300 bits"),
    "masked": (lambda: quantise(MASKED, 8, 4), "masked"),
    "text": (lambda: quantise("text", 8, 4), "not real numbers"),
    "too large": (lambda: quantise(1e300, 8, -200), "more than"),
    "overflows of NaN": (lambda: SMALL.overflows([np.nan]), "NaN"),
    "masked bits": (lambda: integer_bits(MASKED), "masked"),
    "no inputs": (lambda: IntegerLayer(np.ones((0, 2)), np.ones(2)), "none of them 0"),
    "saturating sum": (
        lambda: IntegerLayer(
            np.ones((3, 2)), np.ones(2), accumulator=FixedPoint(29, 16, overflow="SAT")
        ),
        "wraps",
    ),
    "sum without sign": (
        lambda: IntegerLayer(np.ones((3, 2)), np.ones(2), accumulator=FixedPoint(29, 16, False)),
        "sign",
    ),
    "sum of nothing": (
        lambda: IntegerLayer(np.ones((3, 2)), np.ones(2), accumulator=FixedPoint(4, -9)),
        "would be zero",
    ),
    "numbers for codes": (lambda: network().codes(np.full((1, 3), 0.5)), "contain 0.5"),
    "numbers for fast codes": (lambda: fast_network.codes(network(), np.full((1, 3), 0.5)), "0.5"),
    "codes beyond": (lambda: network().codes([[1, 2, 1000]]), "1000"),
    "other inputs": (lambda: network()(np.zeros((2, 4))), "shape"),
    "one event": (lambda: squared_score([1, 2]), "shape"),
    "wide for C++": (
        lambda: hls.compiled(network(IntegerLayer(np.ones((3, 2)), [0, 0], FixedPoint(30, 9),
                             accumulator=FixedPoint(50, 20))), "."), "float32"),
    "circle": (
        lambda: IntegerTree(STUMP.feature, np.zeros(3), np.zeros(3, int), STUMP.right, np.zeros(3)),
        "circle",
    ),
    "ragged tree": (lambda: IntegerTree(STUMP.feature, *[np.zeros(2)] * 4), "columns"),
    "no tree": (lambda: IntegerForest((), 1, SMALL, SMALL), "0 trees"),
    "start": (lambda: IntegerForest((STUMP,), 1, SMALL, SMALL, start=99.0), "99"),
    "fewer inputs": (lambda: IntegerForest((STUMP,), 0, SMALL, SMALL), "of 0"),
    "NaN threshold": (lambda: whole_threshold([np.nan], 0.5, "<"), "NaN"),
    "step": (lambda: whole_threshold([1.0], 0, "<"), "step"),
    "other boosting": (
        lambda: of_gradient_boosting(AdaBoostClassifier().fit([[0], [1]], [0, 1]), SMALL, SMALL),
        "GradientBoosting",
    ),
    "unfitted": (
        lambda: of_gradient_boosting(GradientBoostingClassifier(), SMALL, SMALL), "fitted"
    ),
    "wide training": (lambda: fake_quantised(torch.ones(2), FixedPoint(32, 16)), "float32 holds"),
    "sizes": (lambda: QuantisedEncoder((3, 2)), "give four"),
    "no size": (lambda: QuantisedEncoder((3, 0, 1, 1)), "a size"),
    "threshold": (lambda: Item("a", {"x": np.nan}), "threshold of 'x'"),
    "list of thresholds": (lambda: Item("a", [("x", 1)]), "by quantity"),
    "prescale": (lambda: Item("a", {"x": 1}, "ten"), "prescale of 'a'"),
    "name": (lambda: Item(["a"], {"x": 1}), "text"),
    "items": (lambda: menu(items=["a"]), "class Item"),
    "63 items": (lambda: menu(items=[Item(str(i), {"x": 1}) for i in range(63)]), "1 to 62"),
    "NaN quantity": (lambda: menu([0, np.nan, 2]), "NaN in 1 events"),
    "masked quantity": (lambda: menu(MASKED[:3]), "masked"),
    "texts": (lambda: menu(["a", "b", "c"]), "one number an event"),
    "no events": (lambda: menu([], []), "N >= 1"),
    "one weight": (lambda: menu(weight=2.0), "one an event"),
    "NaN values": (lambda: threshold_for_rate([1, np.nan], [1, 1], 1), "NaN"),
    "no rate": (lambda: threshold_for_rate([1, 2], [1, 1], "much"), "rate is 'much'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    wrong, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: fake_quantised(torch.ones(2, dtype=torch.float16), SMALL), "x.float"),
        (lambda: fake_quantised(np.ones(2), SMALL), "ndarray"),
        (lambda: quantities(np.zeros((2, 19, 3))), "TriggerEvents"),
        (lambda: offline([1]), "TriggerEvents"),
        (lambda: regions.regions_of(np.zeros((2, 18, 14))), "TriggerEvents"),
        (lambda: pile_up.crossings(np.zeros((2, 19, 3)), 2, 5), "TriggerEvents"),
    ],
)
def test_other_types_are_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong()


def test_sixty_two_items_each_have_their_bit():
    column = np.arange(63.0)
    items = [Item(str(cut), {"x": cut}) for cut in range(1, 63)]
    rates = MenuRates.of_events(items, {"x": column}, np.ones(63))
    assert [rates.rate(str(cut)).value * 63 for cut in (1, 31, 62)] == pytest.approx([62, 32, 1])


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="apt install iverilog")
def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")
    with pytest.raises(OSError, match="taken"):
        simulation.with_icarus(network_design(network()), taken)


def test_whole_floats_and_seeds_do():
    assert graph_building.NeighbourSearch(4.0, 2.0).codes(np.zeros((1, 8))).shape == (1, 8)
    cusum = drift_alarms.Cusum(5)
    mean, _ = drift_alarms.simulated_run_length(cusum, 1, 5.0, 0)
    assert mean == drift_alarms.simulated_run_length(cusum, 1, 5, np.random.default_rng(0))[0]
    assert drift_alarms.average_run_length(-50, 50) == np.inf


def test_an_item_keeps_its_thresholds():
    thresholds = {"x": 1}
    item = Item("a", thresholds)
    thresholds.clear()
    assert item.passes({"x": [0, 2]}).tolist() == [False, True]
