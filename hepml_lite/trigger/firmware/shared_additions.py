"""The network by da4ml: additions that several sums need are made once.

C. Sun et al., da4ml: Distributed Arithmetic for Real-time Neural Networks on FPGAs,
arXiv:2507.04535. It is a code of its own, so its numbers check ours; and its estimate of the
look-up tables takes seconds where synthesis takes minutes.

Its logic is exact, but the compiled interpreter of da4ml 0.6 is not where a number has more than 32
bits: outputs that saturate may come out as zero or at the other end. There the logic is evaluated
in Python instead, which is exact and takes milliseconds an event.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hepml_lite.trigger.emulation.integer_network import IntegerNetwork
from hepml_lite.trigger.firmware.tools import TOOLS
from hepml_lite.trigger.fixed_point import FixedPoint

ROUNDINGS = ("TRN", "RND")  # that da4ml has
OVERFLOWS = ("WRAP", "SAT")
WIDEST_COMPILED = 32  # bits of a number in the compiled interpreter


@dataclass(frozen=True)
class SharedAdditions:
    """Logic that da4ml has found.

    Attributes:
        run: (N, n_in) numbers of the input type -> (N, n_out) numbers of the output type.
        luts: look-up tables, an estimate.
        operations: additions, comparisons and the like.
        levels: of additions from an input to the last output, the longest way.
    """

    run: Callable[[np.ndarray], np.ndarray]
    luts: float
    operations: int
    levels: float


def shared_additions(network: IntegerNetwork) -> SharedAdditions:
    """The logic of a network by da4ml.

    Args:
        network: dense layers whose outputs are cut or rounded (`RND`), wrap or saturate. Sums must
            fit into their accumulators, as those of `compression` do.

    Raises:
        ModuleNotFoundError: without da4ml; the message says how to install it.
        ValueError: for other roundings and overflows, or accumulators that might wrap.
    """
    TOOLS["da4ml"].require()
    from da4ml.trace import FixedVariableArrayInput, comb_trace  # an optional tool
    from da4ml.trace.ops import quantize

    _require_known(network)
    given = FixedVariableArrayInput((network.layers[0].weight.shape[0],))
    x = quantize(given, *_bits(network.input_type), "WRAP", "TRN")
    unit = 1.0  # of x; da4ml saturates wrongly where all numbers are far below one
    for layer in network.layers:
        kind = layer.output_type
        bigger = max(2 - kind.integer, 0)
        of_output = 2.0**-bigger
        weight = layer.weight * layer.weight_type.step * unit / of_output
        x = x @ weight + layer.bias * layer.bias_type.step / of_output
        if layer.relu:
            x = np.maximum(x, 0)
        scaled = FixedPoint(kind.width, kind.integer + bigger, kind.signed)
        x = quantize(x, *_bits(scaled), kind.overflow, kind.rounding)
        unit = of_output
    logic: Any = comb_trace(given, x)

    is_wide = any(_width(op.qint) > WIDEST_COMPILED for op in logic.ops)

    def run(numbers: np.ndarray) -> np.ndarray:
        exact = np.ascontiguousarray(network.input_type.quantise(numbers))
        if is_wide:
            out = np.array([logic(row) for row in exact], float)
        else:
            out = np.asarray(logic.predict(exact, n_threads=1))
        return out.reshape(len(exact), -1) * unit

    return SharedAdditions(run, float(logic.cost), len(logic.ops), float(logic.latency[1]))


def _width(interval: Any) -> int:
    """Bits of two's complement that hold all numbers of an interval in its steps."""
    largest = max(interval.max / interval.step, -interval.min / interval.step - 1)
    return 1 + max(int(largest), 0).bit_length()


def _bits(kind: FixedPoint) -> tuple[int, int, int]:
    """Sign, bits before the point without it, and bits after the point, as da4ml counts them."""
    return int(kind.signed), kind.integer - int(kind.signed), kind.fraction


def _require_known(network: IntegerNetwork) -> None:
    for number, layer in enumerate(network.layers):
        kind = layer.output_type
        if kind.rounding not in ROUNDINGS or kind.overflow not in OVERFLOWS:
            raise ValueError(
                f"layer {number} has outputs {kind}: da4ml knows {ROUNDINGS} and {OVERFLOWS}"
            )
        if layer.largest_sum > layer.accumulator.highest_code:
            raise ValueError(
                f"the accumulator {layer.accumulator} of layer {number} might wrap: give it more "
                "bits, since da4ml keeps them all"
            )
