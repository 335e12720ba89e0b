"""A formula instead of a network: of an anomaly score, of a tagger, and what both cost in gates.

Symbolic regression looks for a short formula that gives the same score (for jets and chips: H. F.
Tsoi et al., arXiv:2305.04099). The cost is counted before anything is built, in the same unit for
formula and network: *adder bits*, one for each bit of each addition. A product with a constant is
as many additions as its signed digits, less one; a product of two numbers of w bits is w additions
of w bits; a comparison is one addition. Roots, logarithms and exponentials are read from tables,
which cost memory: their bits are counted apart. This is an estimate: a synthesis shares and trims.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hepml_lite import symbolic_regression
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.statistics.data_checks import checked_labels
from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.symbolic_regression import Formula, Front
from hepml_lite.symbolic_regression.expressions import Tree
from hepml_lite.trigger.emulation.integer_network import IntegerNetwork
from hepml_lite.trigger.firmware.verilog import signed_digits
from hepml_lite.trigger.fixed_point import FixedPoint
from hepml_lite.trigger.quantities import quantities

VARIABLES = ("met", "egamma 1", "egamma 2", "muons 1", "muons 2", "jets 1", "HT", "n jets")
GEV = 20.0  # the unit of momenta, so that they are of order one
OPERATORS = ("add", "sub", "mul", "square", "max", "min", "log")
TABLES = ("log", "exp", "sqrt", "tanh")
BITS = 12  # of a number in the circuit of a formula
FRACTION = 8  # of them after the point, for constants


@dataclass(frozen=True)
class GateEstimate:
    """What a circuit needs.

    Attributes:
        operations: additions, products, comparisons and tables, before constants are split up.
        adder_bits: bits of all additions.
        table_bits: bits of memory of all tables.
    """

    operations: int
    adder_bits: int
    table_bits: int = 0

    def __add__(self, other: "GateEstimate") -> "GateEstimate":
        return GateEstimate(
            self.operations + other.operations,
            self.adder_bits + other.adder_bits,
            self.table_bits + other.table_bits,
        )


def formula_gates(formula: Formula, bits: int = BITS, fraction: int = FRACTION) -> GateEstimate:
    """The cost of a formula whose numbers have `bits` bits, `fraction` of them after the point.

    Raises:
        ValueError: for bits that are not positive.
    """
    bits = checked_count("bits", bits)
    constants = FixedPoint(24, 24 - fraction, rounding="RND_CONV", overflow="SAT")
    return _gates(formula.tree, bits, constants)


def _gates(tree: Tree, bits: int, constants: FixedPoint) -> GateEstimate:
    if not isinstance(tree, tuple):
        return GateEstimate(0, 0)  # a constant or a variable: wires
    total = _one(tree, bits, constants)
    for argument in tree[1:]:
        total = total + _gates(argument, bits, constants)
    return total


def _one(tree: tuple, bits: int, constants: FixedPoint) -> GateEstimate:
    """The cost of the operator at the top of a tree."""
    name, arguments = tree[0], tree[1:]
    if name in TABLES:
        return GateEstimate(1, 0, bits * 2**bits)
    fixed = [value for value in arguments if isinstance(value, float)]
    if name == "mul" and fixed:
        digits = len(signed_digits(int(constants.codes(fixed[0]))))
        return GateEstimate(1, bits * max(digits - 1, 0))
    if name == "div" and isinstance(arguments[1], float):
        return _one(("mul", 1 / arguments[1], arguments[0]), bits, constants)
    if name in ("mul", "div"):
        return GateEstimate(1, bits * bits)
    if name == "square":
        return GateEstimate(1, bits * bits // 2)  # half of the partial products are equal
    return GateEstimate(1, bits)  # add, sub, max, min, abs


def network_gates(network: IntegerNetwork, squares: bool = False) -> GateEstimate:
    """The cost of a network in whole numbers: products with constants, sums, rounding and ReLU.

    Args:
        network: dense layers.
        squares: whether the score is the sum of the squares of the last nodes.
    """
    total = GateEstimate(0, 0)
    for layer in network.layers:
        width = int(layer.largest_sum).bit_length() + 1
        width = min(width, layer.accumulator.width)
        additions = sum(len(signed_digits(int(code))) for code in layer.weight.ravel())
        products = int(np.count_nonzero(layer.weight))
        rounded = layer.weight.shape[1] * (1 + layer.relu)
        out = layer.output_type.width
        total += GateEstimate(2 * products + rounded, additions * width + rounded * out)
    if squares:
        n, out = network.layers[-1].weight.shape[1], network.output_type.width
        total += GateEstimate(2 * n, n * (out * out // 2 + 2 * out))
    return total


def columns_of(events: TriggerEvents, names: Sequence[str] = VARIABLES) -> np.ndarray:
    """What a formula sees, (N, F): momenta in 20 GeV, numbers of objects as they are.

    Raises:
        ValueError: for an unknown quantity.
    """
    every = quantities(events)
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ValueError(f"unknown quantities {unknown}: there are {', '.join(every)}")
    units = [1.0 if name.startswith("n ") else GEV for name in names]
    return np.column_stack(
        [every[name] / unit for name, unit in zip(names, units, strict=True)]
    ).astype(float)


def symbols(names: Sequence[str] = VARIABLES) -> tuple[str, ...]:
    """The names of the columns as names in Python: "jets 1" becomes jets_1."""
    return tuple(name.replace(" ", "_") for name in names)


def score_formulas(events: TriggerEvents, score: np.ndarray, **settings: Any) -> Front:
    """Formulas that give a score (N,) of events, by least squares.

    Args:
        events: N events.
        score: (N,).
        settings: as in `formulas`.

    Raises:
        ValueError: as `symbolic_regression.search`.
    """
    return formulas(events, score, "squared", **settings)


def tagger_formulas(events: TriggerEvents, is_signal: np.ndarray, **settings: Any) -> Front:
    """Formulas of the log odds that an event is signal, of labels (N,) 0 and 1.

    Args:
        events: N events.
        is_signal: (N,).
        settings: as in `formulas`.

    Raises:
        ValueError: as `symbolic_regression.search`.
    """
    return formulas(events, checked_labels(is_signal), "logistic", **settings)


def formulas(
    events: TriggerEvents,
    target: np.ndarray,
    loss: Literal["squared", "logistic"],
    *,
    names: Sequence[str] = VARIABLES,
    generations: int = 15,
    population: int = 150,
    max_complexity: int = 17,
    seed: int = 0,
) -> Front:
    """Formulas of few quantities of the trigger, with operations that a chip has.

    Args:
        events: N events.
        target: (N,), what the formulas give.
        loss: "squared" for a number, "logistic" for the log odds of labels 0 and 1.
        names: quantities that they may use.
        generations, population, max_complexity, seed: as in `symbolic_regression.search`.

    Raises:
        ValueError: as `symbolic_regression.search`.
    """
    return symbolic_regression.search(
        columns_of(events, names),
        target,
        symbols(names),
        operators=OPERATORS,
        generations=generations,
        population=population,
        max_complexity=max_complexity,
        restarts=1,
        loss=loss,
        seed=seed,
    )
