"""Compression: costs by hand, slopes, schedules, and the same numbers in torch, NumPy and logic."""

import importlib.util
import math
import shutil

import numpy as np
import pytest
import torch

from hepml_lite.trigger.anomaly.variational import FloatEncoder
from hepml_lite.trigger.compression import (
    Bits,
    CompressedNetwork,
    cost,
    fitting,
    own_bits,
    pruning,
    tagger,
    tasks,
)
from hepml_lite.trigger.emulation.integer_network import (
    ACTIVATION,
    INPUT,
    IntegerLayer,
    IntegerNetwork,
)
from hepml_lite.trigger.firmware import simulation
from hepml_lite.trigger.firmware.shared_additions import shared_additions
from hepml_lite.trigger.firmware.verilog import network_design
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.results import TRAININGS, Result, Results, read_results, write_results

SIZES = (6, 8, 5, 3)


def small_task(n=1500, seed=1):
    """Three classes of six numbers, two of which decide, and a trained float network."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (n, 6)).astype(np.float32)
    labels = (x[:, 0] > 0).astype(int) + (x[:, 1] + 0.5 * x[:, 0] ** 2 > 0.5)
    teacher = tagger.train_tagger(x, labels, SIZES, epochs=8, seed=seed)
    return tasks.with_labels(teacher, x, labels, tagger.INPUT)


@pytest.fixture(scope="module")
def task():
    return small_task()


def inputs(n=400, n_in=6, seed=2):
    """Ordinary, extreme and overflowing numbers."""
    rng = np.random.default_rng(seed)
    usual, wide = rng.normal(0, 1, (n, n_in)), rng.uniform(-20, 20, (n, n_in))
    ends = np.array([[-4.0], [3.96875], [0.0], [1e4], [-1e4]]) * np.ones(n_in)
    return np.concatenate([usual, wide, ends]).astype(np.float32)


def made(task, own=False, seed=3):
    """A network whose weights have been moved about, pruned, and given bits of their own."""
    network = fitting.rounded_afterwards(task, Bits(7, 6), own)
    rng = np.random.default_rng(seed)
    for layer in network.dense:
        layer.weight.data += torch.tensor(rng.normal(0, 0.2, layer.weight.shape)).float()
        layer.mask &= torch.tensor(rng.random(layer.mask.shape) < 0.7)
        if own:
            layer.change.data -= torch.tensor(rng.random(layer.mask.shape)).float() * 0.7
    return network


def test_operations_of_a_layer_by_hand():
    """0, 1, 12 = 1100, 7 and -7 have 0, 1, 2, 3, 3 bits; the input has eight."""
    kind = FixedPoint(6, 6)
    weight = np.array([[0.0, 1.0, 12.0, 7.0, -7.0]])
    wide = FixedPoint(29, 25)
    layer = IntegerLayer(weight, np.zeros(5), INPUT, ACTIVATION, wide, kind, FixedPoint(5, 5))
    network = IntegerNetwork((layer,))
    assert cost.ebops(network) == 8 * (0 + 1 + 2 + 3 + 3)
    assert cost.ebops_of_types(network) == 5 * 6 * 8
    assert cost.ebops_of_float(network) == 5 * 24**2
    assert cost.additions(network) == 0 + 1 + 2 + 2 + 2  # 7 is 8 - 1
    assert cost.share_of_zeros(network) == 0.2


def test_effective_bits_do_not_change_with_a_shift():
    numbers = np.arange(1, 300)
    np.testing.assert_array_equal(cost.effective_bits(numbers), cost.effective_bits(16 * numbers))
    spelled = [len(f"{n:b}".strip("0")) for n in numbers]
    np.testing.assert_array_equal(cost.effective_bits(-numbers), spelled)


def test_slope_of_the_bits_is_that_of_the_error():
    """A rounding error falls by half for each bit: its slope is -ln 2 times the error."""
    weight = torch.tensor([0.3, -0.7, 1.4], requires_grad=True)
    fraction = torch.tensor([1.0, 2.0, 0.4], requires_grad=True)
    rounded = own_bits.rounded_with_own_bits(weight, fraction)
    np.testing.assert_array_equal(rounded.detach(), [0.5, -0.75, 1.0])
    rounded.sum().backward()
    np.testing.assert_array_equal(weight.grad, [1, 1, 1])
    error = np.array([0.5, -0.75, 1.0]) - np.array([0.3, -0.7, 1.4])
    np.testing.assert_allclose(fraction.grad, -math.log(2) * error, rtol=1e-6)


def test_bits_in_the_loss_bound_those_of_the_chip(task):
    network = made(task, own=True)
    operations = float(network.bit_operations().detach())
    exact = cost.ebops(network.whole())
    assert exact <= operations
    assert exact > 0.5 * operations


def test_the_share_of_zeros_follows_the_schedule(task):
    grown = [pruning.sparsity(t, 0.8) for t in np.linspace(0, 1, 20)]
    assert grown[0] == 0
    assert grown[-1] == 0.8
    assert (np.diff(grown) >= 0).all()
    network = fitting.rounded_afterwards(task, Bits(8, 8))
    for share in (0.0, 0.5, 0.75):
        pruning.prune(network, share)
        mask = torch.cat([layer.mask.flatten() for layer in network.dense])
        assert float((~mask).float().mean()) == pytest.approx(share, abs=1 / len(mask))
    ranks = [layer.weight.detach().abs() / layer.weight_type.highest for layer in network.dense]
    kept = torch.cat([size[layer.mask] for size, layer in zip(ranks, network.dense, strict=True)])
    lost = torch.cat([size[~layer.mask] for size, layer in zip(ranks, network.dense, strict=True)])
    assert kept.min() >= lost.max()


def test_pruning_leaves_as_many_zeros_as_asked(task):
    network = fitting.pruned(task, Bits(8, 8), 0.6, epochs=2, batch_size=512)
    assert cost.share_of_zeros(network.whole()) >= 0.59


def test_trained_bits_are_better_than_rounded_ones_and_a_price_saves_operations(task):
    """Four bits of this small problem: the loss falls in training, and bits that cost go away."""

    def loss(network):
        with torch.no_grad():
            return float(task.loss(network, *(torch.as_tensor(part) for part in task.data)))

    coarse = Bits(3, 4)
    rounded = loss(fitting.rounded_afterwards(task, coarse))
    trained = fitting.trained_with_bits(task, coarse, epochs=6, batch_size=128)
    assert loss(trained) < rounded
    start = cost.ebops(fitting.rounded_afterwards(task, Bits(8, 8)).whole())
    steps = {"epochs": 6, "batch_size": 128, "learning_rate": 1e-2}
    curve = fitting.with_own_bits(task, prices=(0.02, 0.3), **steps)
    costs = [cost.ebops(network.whole()) for network in curve]
    assert start > costs[0] > costs[1]
    assert costs[1] < 0.4 * start


@pytest.mark.parametrize("own", [False, True])
def test_torch_and_whole_numbers_are_equal(task, own):
    network = made(task, own)
    x = inputs()
    with torch.no_grad():
        learned = network(torch.tensor(x)).numpy()
    np.testing.assert_array_equal(network.whole()(x), learned)
    assert np.unique(learned).size > 20


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="apt install iverilog")
def test_simulated_logic_is_equal(task, own, tmp_path):
    whole = made(task, own).whole()
    codes = whole.input_type.codes(inputs(150))
    run = simulation.with_icarus(network_design(whole, registers=True), tmp_path)
    np.testing.assert_array_equal(run(codes), whole.codes(codes))


@pytest.mark.skipif(importlib.util.find_spec("da4ml") is None, reason="pip install da4ml")
@pytest.mark.parametrize("own", [False, True])
def test_da4ml_is_equal_and_counts_alike(task, own):
    whole = made(task, own).whole()
    shared = shared_additions(whole)
    x = inputs()
    np.testing.assert_array_equal(shared.run(x), whole(x))
    more = shared_additions(fitting.rounded_afterwards(task, Bits(12, 12)).whole())
    assert more.luts > 1.5 * shared.luts


@pytest.mark.skipif(importlib.util.find_spec("da4ml") is None, reason="pip install da4ml")
def test_da4ml_refuses_what_it_would_compute_differently():
    layer = IntegerLayer(np.ones((2, 1)), np.zeros(1))
    with pytest.raises(ValueError, match="RND_CONV"):
        shared_additions(IntegerNetwork((layer,)))
    narrow = IntegerLayer(
        np.full((2, 1), 3.0), np.zeros(1), output_type=FixedPoint(8, 8, True, "RND", "SAT"),
        accumulator=FixedPoint(8, 3), relu=False,
    )  # fmt: skip
    with pytest.raises(ValueError, match="might wrap"):
        shared_additions(IntegerNetwork((narrow,)))


@pytest.mark.skipif(importlib.util.find_spec("da4ml") is None, reason="pip install da4ml")
def test_da4ml_is_equal_where_its_compiled_interpreter_is_not():
    """Numbers of more than 32 bits: da4ml 0.6 compiled gives 512 for -1.5 in half of the rows."""
    given = FixedPoint(16, 10, True, "RND", "SAT")
    layer = IntegerLayer(
        np.full((8, 1), 21845 * 2.0**-16), np.zeros(1), given,
        output_type=FixedPoint(32, 10, True, "RND", "SAT"), accumulator=FixedPoint(40, 18),
        weight_type=FixedPoint(16, 0, True, "RND", "SAT"), relu=False,
    )  # fmt: skip
    network = IntegerNetwork((layer,))
    codes = np.random.default_rng(3).integers(-(2**15), 2**15, (200, 8))
    codes[:100] //= 64
    np.testing.assert_array_equal(shared_additions(network).run(codes * given.step),
                                  network(codes * given.step))  # fmt: skip


def test_distillation_with_a_teacher_that_knows_nothing_is_label_smoothing(task):
    """Equal logits of the teacher: the soft part is smallest for equal outputs."""
    flat = FloatEncoder(SIZES)
    for parameter in flat.parameters():
        parameter.data.zero_()
    taught = tasks.with_teacher(task, flat, share=1.0)
    targets = torch.as_tensor(taught.targets[:4])
    equal = taught.error(torch.zeros(4, 3), targets)
    np.testing.assert_allclose(equal, 0, atol=1e-6)
    assert (taught.error(torch.tensor([[3.0, 0, 0]] * 4), targets) > 0.1).all()
    hard = tasks.with_teacher(task, flat, share=0.0)
    outputs = torch.randn(4, 3)
    labels = torch.as_tensor(task.targets[:4])
    np.testing.assert_allclose(hard.error(outputs, targets), task.error(outputs, labels))


def test_mean_auc_of_perfect_and_of_mixed_logits():
    labels = np.repeat([0, 1, 2], 50)
    assert tagger.mean_auc(np.eye(3)[labels], labels) == 1
    noise = np.random.default_rng(1).normal(size=(150, 3))
    assert abs(tagger.mean_auc(noise, labels) - 0.5) < 0.1


def test_results_survive_the_file(tmp_path):
    rows = tuple(
        Result("anomaly", "trained", "8", seed, {"loss": 0.001 * seed}) for seed in (1, 2, 3)
    )
    written = Results({"anomaly": "a few"}, rows)
    write_results(written, tmp_path / "results.json")
    found = read_results(tmp_path / "results.json")
    assert found == written
    mean = found.mean("anomaly", "trained", "8", "loss")
    assert mean.value == pytest.approx(0.002)
    assert mean.error == pytest.approx(0.001 / math.sqrt(3))
    assert found.table("anomaly").loc[("trained", "8"), "seeds"] == 3
    with pytest.raises(ValueError, match="no 'luts'"):
        found.mean("anomaly", "trained", "8", "luts")


def test_difference_is_paired_by_seed():
    values = {"a": (3.0, 5.0, 7.0), "b": (2.0, 4.0, 5.5)}
    rows = [
        Result("part", method, "", seed, {"x": value})
        for method, of_seeds in values.items()
        for seed, value in enumerate(of_seeds)
    ]
    rows += [Result("part", "a", "", 9, {"x": 100.0})]  # alone: does not count
    found = Results({}, tuple(rows)).difference("part", "a", "b", "x")
    assert found.value == pytest.approx((1 + 1 + 1.5) / 3)
    assert found.error == pytest.approx(np.std([1, 1, 1.5], ddof=1) / math.sqrt(3))
    with pytest.raises(ValueError, match="0 seeds"):
        Results({}, tuple(rows)).difference("part", "a", "c", "x")


def test_stored_trainings_say_what_the_exploration_says():
    stored = read_results(TRAININGS)
    signals = next(row for row in stored.rows if row.part == "image").numbers

    def gain(score, other, signal):
        return stored.difference("image", score, other, signal).value

    for signal in signals:
        assert gain("teacher", "sum of energies", signal) > 0.2
        assert abs(gain("dense student", "sum of energies", signal)) < 0.02
        assert gain("student with a filter", "dense student", signal) > 0.03
        assert gain("student with a filter", "hot regions", signal) < -0.02
    most = "at most 8 operations"
    assert stored.difference("formula of the score", most, "network", "auc").value > 0
    assert stored.difference("formula of the tagger", most, "network", "auc").value < -0.02
    more = stored.difference(
        "jets", "Deep Sets, 8 constituents", "Deep Sets, 5 constituents", "accuracy"
    )
    assert more.value > 3 * more.error


def test_stored_results_are_whole():
    """Each way has been tried, and few bits cost less than many."""
    stored = read_results()
    for part in ("anomaly", "tagger"):
        table = stored.table(part)
        assert table.loc[("trained", "6"), "ebops"] < table.loc[("trained", "8"), "ebops"]
        curve = [table.loc[("own bits", s), "ebops"] for s in stored.settings(part, "own bits")]
        assert (np.diff(curve) < 0).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda task: fitting.trained_with_bits(task, Bits(0, 8)), "bits.weight"),
        (lambda task: fitting.pruned(task, Bits(8, 8), 1.0), "share"),
        (lambda task: [*fitting.with_own_bits(task, prices=(0.1, 0.1))], "rise"),
        (lambda task: cost.effective_bits([0.5]), "whole"),
        (lambda task: pruning.sparsity(0.5, 2.0), "final"),
        (
            lambda task: CompressedNetwork.of_float(
                [], [], np.ones((2, 2)), tagger.INPUT, Bits(8, 8)
            ),
            "0 weights",
        ),
    ],
)
def test_refusals(task, wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong(task)
