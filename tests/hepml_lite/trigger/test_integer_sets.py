"""Sets, graphs and images in whole numbers: equal to what is trained, with their symmetry."""

import numpy as np
import pytest
import torch

from hepml_lite.containers.jets import Jets
from hepml_lite.containers.trigger_events import REGIONS
from hepml_lite.trigger import (
    integer_sets,
    jets_on_chip,
    quantised_sets,
    regions,
    student_arithmetic,
)
from hepml_lite.trigger.fixed_point import FixedPoint

KINDS = {
    "deep sets": lambda: quantised_sets.deep_sets(6),
    "interaction network": lambda: quantised_sets.interaction_network(4),
    "convolution": lambda: quantised_sets.convolution((6, 4), quantised_sets.PARTICLE),
}


def random_codes(network, n, seed=1):
    kind = network.input_type
    rng = np.random.default_rng(seed)
    codes = rng.integers(kind.lowest_code, kind.highest_code + 1, (n, network.n_in))
    codes[0], codes[1], codes[2] = kind.lowest_code, kind.highest_code, 0
    return codes.astype(float)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_are_those_of_the_training(kind):
    torch.manual_seed(3)
    trained = KINDS[kind]().double()
    whole = trained.whole()
    x = random_codes(whole, 200) * whole.input_type.step
    with torch.no_grad():
        learned = trained(torch.tensor(x)).numpy()
    np.testing.assert_array_equal(whole(x), learned)
    assert np.unique(learned).size > 20


@pytest.mark.parametrize("kind", ["deep sets", "interaction network"])
def test_the_order_of_particles_changes_no_bit(kind):
    torch.manual_seed(4)
    whole = KINDS[kind]().whole()
    n_particles = whole.n_in // 3
    codes = random_codes(whole, 50)
    order = np.random.default_rng(5).permutation(n_particles)
    shuffled = codes.reshape(50, n_particles, 3)[:, order].reshape(50, -1)
    np.testing.assert_array_equal(whole.codes(codes), whole.codes(shuffled))


def test_a_convolution_is_the_one_of_torch():
    torch.manual_seed(6)
    image = torch.rand(3, 1, 6, 4)
    filters = torch.rand(5, 1, 2, 2)
    expected = torch.nn.functional.conv2d(image, filters, stride=2)  # (3, 5, 3, 2)
    groups, shape = integer_sets.of_patches((6, 4), 2)
    found = image.flatten(1)[:, groups] @ filters.reshape(5, -1).T  # (3, 6, 5)
    np.testing.assert_allclose(found.permute(0, 2, 1).reshape(3, 5, *shape), expected, rtol=1e-5)


def test_pairs_are_all_pairs_and_patches_fill_the_image():
    pairs = integer_sets.of_pairs(4, 1)
    assert {tuple(pair) for pair in pairs} == {(i, j) for i in range(4) for j in range(4) if i != j}
    groups, _ = integer_sets.of_patches(REGIONS, 2)
    assert sorted(groups.ravel()) == [*range(18 * 14)]


def test_a_sum_is_exact_and_saturates_as_its_type_says():
    kind = FixedPoint(8, 4)
    wide = integer_sets.adding(5, kind, FixedPoint(12, 8))
    codes = random_codes(integer_sets.SharedNetwork(
        5, (integer_sets.SharedStep(wide, np.arange(5)[None]),)
    ), 40)  # fmt: skip
    np.testing.assert_array_equal(wide(codes)[:, 0], codes.sum(axis=1))


def test_the_student_in_25_lines_is_the_network_in_whole_numbers():
    torch.manual_seed(7)
    student = regions.Student()
    student.hidden.weight.data *= 8  # so that sums leave their range now and then
    whole = student.whole()
    energy = np.random.default_rng(8).choice([0, 1, 5, 40, 1023, 5000], (300, 252))
    hidden, last = whole.layers
    arrays = (hidden.weight, hidden.bias, last.weight[:, 0], last.bias[0])
    codes = student_arithmetic.student_codes(
        energy, *(np.asarray(array).astype(np.int64) for array in arrays)
    )
    expected = whole.codes(np.minimum(energy, 1023).astype(float))[:, 0]
    np.testing.assert_array_equal(codes, expected)
    assert len(np.unique(codes)) > 10


@pytest.mark.parametrize(
    ("steps", "message"),
    [((), "at least one"), (np.array([[0, 9]]), "reads the places"), (np.array([0]), "groups")],
)
def test_bad_steps_are_named(steps, message):
    layer = integer_sets.adding(2, FixedPoint(8, 4), FixedPoint(12, 8))

    def made():
        given = () if not len(steps) else (integer_sets.SharedStep(layer, steps),)
        return integer_sets.SharedNetwork(4, given)

    with pytest.raises(ValueError, match=message):
        made()


def test_deep_sets_learn_jets_in_whole_numbers():
    """Jets of one hard core against jets of two: the trained network tells them apart."""
    rng = np.random.default_rng(9)
    label = rng.integers(0, 2, 1200)
    constituents = np.zeros((1200, 6, 3))
    constituents[..., 0] = rng.uniform(20, 60, (1200, 6))
    side = np.where(np.arange(6) % 2, 0.3, -0.3) * label[:, None]
    constituents[..., 1] = side + rng.normal(0, 0.05, (1200, 6))
    constituents[..., 2] = rng.normal(0, 0.05, (1200, 6))
    inputs = jets_on_chip.jet_inputs(Jets(constituents), 4)
    assert inputs.shape == (1200, 12)
    torch.manual_seed(10)
    network = quantised_sets.deep_sets(4, n_classes=2)
    jets_on_chip.train_on_jets(network, inputs[:800], label[:800], epochs=30)
    found = network.whole()(inputs[800:]).argmax(axis=1)
    assert np.mean(found == label[800:]) > 0.9
