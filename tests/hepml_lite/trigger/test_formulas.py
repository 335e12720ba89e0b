"""Formulas of scores: a known one is found again, and gates are counted as by hand."""

import numpy as np
import pytest

from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents
from hepml_lite.symbolic_regression import Formula
from hepml_lite.trigger import formulas
from hepml_lite.trigger.emulation.integer_network import IntegerLayer, IntegerNetwork
from hepml_lite.trigger.fixed_point import FixedPoint


@pytest.mark.parametrize(
    ("tree", "operations", "adder_bits", "table_bits"),
    [
        ("a", 0, 0, 0),
        (("add", "a", "b"), 1, 12, 0),
        (("mul", 7.0, "a"), 1, 12, 0),  # 8 a - a
        (("mul", 4.0, "a"), 1, 0, 0),  # a shift
        (("mul", "a", "b"), 1, 144, 0),
        (("max", ("square", "a"), 1.0), 2, 84, 0),
        (("log", ("add", "a", 1.0)), 2, 12, 12 * 4096),
    ],
)
def test_gates_of_a_formula(tree, operations, adder_bits, table_bits):
    found = formulas.formula_gates(Formula(tree, ("a", "b"), 0.0))
    assert found == formulas.GateEstimate(operations, adder_bits, table_bits)


def test_gates_of_a_network_count_its_digits():
    kind = FixedPoint(4, 4)
    layer = IntegerLayer(
        np.array([[3.0], [0.0], [-4.0]]), np.zeros(1), kind, kind, FixedPoint(20, 20),
        FixedPoint(4, 4), FixedPoint(4, 4), relu=False,
    )  # fmt: skip
    found = formulas.network_gates(IntegerNetwork((layer,)))
    width = (8 * 7).bit_length() + 1  # largest sum: 8 * (3 + 4)
    assert found == formulas.GateEstimate(2 * 2 + 1, 3 * width + 4)  # digits of 3: 4 - 1; of -4: 1


def test_a_known_score_is_found_again():
    rng = np.random.default_rng(1)
    objects = np.zeros((600, N_OBJECTS, 3))
    objects[:, 0, 0] = rng.exponential(20, 600)
    objects[:, 5, 0] = rng.exponential(20, 600)
    events = TriggerEvents(objects=objects)
    score = 2 * objects[:, 0, 0] / 20 + 0.5 * (objects[:, 5, 0] / 20) ** 2
    names = ("met", "muons 1")
    front = formulas.score_formulas(events, score, names=names, generations=8, population=80)
    best = front[-1](formulas.columns_of(events, names))
    assert np.corrcoef(best, score)[0, 1] > 0.99


def test_unknown_quantities_are_refused():
    with pytest.raises(ValueError, match="unknown quantities"):
        formulas.columns_of(TriggerEvents(objects=np.zeros((2, N_OBJECTS, 3))), ("tau",))
