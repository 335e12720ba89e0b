"""The same circuit without a compiler or a simulator: built and run by PyRTL, in pure Python.

On Windows and on Google Colab there is often neither Icarus nor g++. PyRTL (J. Clow et al., FPL
2017, doi:10.23919/FPL.2017.8056860) is a Python package that describes wires and gates as objects
and simulates them. The pieces are those of `verilog`: products with constants as shifted copies,
sums that wrap, rounding by the bits that are dropped, saturation by two comparisons.
"""

from typing import Any

import numpy as np

from hepml_lite.trigger.emulation.integer_network import IntegerLayer, IntegerNetwork, checked_codes
from hepml_lite.trigger.emulation.integer_sets import SharedNetwork
from hepml_lite.trigger.firmware.simulation import Simulation
from hepml_lite.trigger.firmware.tools import TOOLS
from hepml_lite.trigger.firmware.verilog import signed_digits
from hepml_lite.trigger.fixed_point import FixedPoint

Wire = Any  # a pyrtl.WireVector; the package is imported where it is used


def with_pyrtl(network: IntegerNetwork | SharedNetwork) -> Simulation:
    """The network as a function of (N, n_in) codes, simulated gate by gate: small networks only.

    Raises:
        ModuleNotFoundError: without PyRTL; the message says how to install it.
    """
    TOOLS["pyrtl"].require()
    import pyrtl

    kind, out = network.input_type, network.output_type
    n_in = network.n_in if isinstance(network, SharedNetwork) else len(network.layers[0].weight)
    block = pyrtl.Block()
    with pyrtl.set_working_block(block, no_sanity_check=True):
        inputs = [pyrtl.Input(kind.width, f"x_{place}") for place in range(n_in)]
        results = _wired(network, inputs)
        for place, wire in enumerate(results):
            port = pyrtl.Output(out.width, f"y_{place}")
            port <<= wire

    def run(codes: np.ndarray) -> np.ndarray:
        whole = checked_codes(codes, n_in, kind).astype(np.int64) & ((1 << kind.width) - 1)
        simulation = pyrtl.FastSimulation(block=block, tracer=None)
        found = np.zeros((len(whole), len(results)))
        for row, event in enumerate(whole):
            simulation.step({f"x_{place}": int(code) for place, code in enumerate(event)})
            found[row] = [simulation.inspect(f"y_{place}") for place in range(len(results))]
        return np.where(found > out.highest_code, found - 2.0**out.width, found)

    return run


def _wired(network: IntegerNetwork | SharedNetwork, inputs: list[Wire]) -> list[Wire]:
    """The wires of the results."""
    if isinstance(network, IntegerNetwork):
        numbers = inputs
        for layer in network.layers:
            numbers = layer_of_wires(layer, numbers)
        return numbers
    numbers = list(inputs)
    for step in network.steps:
        for group in step.groups:
            numbers += layer_of_wires(step.layer, [numbers[place] for place in group])
    return numbers[-network.n_out :]


def layer_of_wires(layer: IntegerLayer, inputs: list[Wire]) -> list[Wire]:
    """The outputs of a layer, wires of the bits of its output type."""
    import pyrtl

    numbers = inputs
    if not layer.input_type.signed:
        numbers = [pyrtl.concat(pyrtl.Const(0, 1), wire) for wire in inputs]
    return [
        _rounded(layer, _sum(layer, numbers, node), _drop(layer))
        for node in range(layer.weight.shape[1])
    ]


def _fraction(layer: IntegerLayer) -> int:
    """Bits after the point of a sum."""
    product = layer.input_type.fraction + layer.weight_type.fraction
    return max(product, layer.bias_type.fraction)


def _drop(layer: IntegerLayer) -> int:
    """Bits that a sum loses when it becomes an output; negative if it gains some."""
    return _fraction(layer) - layer.output_type.fraction


def _sum(layer: IntegerLayer, numbers: list[Wire], node: int) -> Wire:
    """Bias plus weights times inputs, in as many bits as the accumulator, which wraps."""
    import pyrtl

    fraction = _fraction(layer)
    width = layer.accumulator.width - (layer.accumulator.fraction - fraction)
    bias = int(layer.bias[node]) << (fraction - layer.bias_type.fraction)
    total = pyrtl.Const(bias & ((1 << width) - 1), width)
    finer = fraction - layer.input_type.fraction - layer.weight_type.fraction
    for wire, weight in zip(numbers, layer.weight[:, node], strict=True):
        for power, sign in signed_digits(int(weight) << finer):
            term = _resized(_shifted(wire, power), width)
            total = _resized(total + term if sign == "+" else total - term, width)
    return total


def _rounded(layer: IntegerLayer, total: Wire, drop: int) -> Wire:
    """The sum as a number of the output type: ReLU, rounding, then wrapping or saturation."""
    import pyrtl

    kind = layer.output_type
    if layer.relu:
        total = pyrtl.select(total[-1], pyrtl.Const(0, len(total)), total)
    if drop <= 0:
        whole = _shifted(total, -drop)
    else:
        value = _resized(total, max(len(total), drop + 2))
        below = value[drop:]
        up = _goes_up(kind.rounding, value, drop)
        whole = _resized(_resized(below, len(below) + 1) + up, len(below) + 1)
    return _fitted(kind, _resized(whole, max(len(whole), kind.width + 2)))


def _goes_up(rounding: str, value: Wire, drop: int) -> Wire:
    """Whether the dropped bits round up; the table is that of `verilog.ROUNDS_UP`."""
    import pyrtl

    minus, half, odd = value[-1], value[drop - 1], value[drop]
    rest = pyrtl.or_all_bits(value[: drop - 1]) if drop > 1 else pyrtl.Const(0, 1)
    return {
        "TRN": lambda: pyrtl.Const(0, 1),
        "TRN_ZERO": lambda: minus & (half | rest),
        "RND": lambda: half,
        "RND_ZERO": lambda: half & (rest | minus),
        "RND_INF": lambda: half & (rest | ~minus),
        "RND_MIN_INF": lambda: half & rest,
        "RND_CONV": lambda: half & (rest | odd),
    }[rounding]()


def _fitted(kind: FixedPoint, whole: Wire) -> Wire:
    """The bits of the output: wrapped or saturated."""
    import pyrtl

    inside = whole[: kind.width]
    if kind.overflow == "WRAP":
        return inside
    low, high = kind.lowest_code, kind.highest_code
    if kind.overflow == "SAT_SYM" and kind.signed and kind.width > 1:
        low = -high
    above = pyrtl.signed_gt(whole, _constant(high, len(whole)))
    below = pyrtl.signed_lt(whole, _constant(low, len(whole)))
    ends = (0, 0) if kind.overflow == "SAT_ZERO" else (high, low)
    top, bottom = (_constant(code, kind.width) for code in ends)
    return pyrtl.select(above, top, pyrtl.select(below, bottom, inside))


def _constant(value: int, width: int) -> Wire:
    import pyrtl

    return pyrtl.Const(value & ((1 << width) - 1), width)


def _shifted(wire: Wire, power: int) -> Wire:
    """The number times 2^power: zeros below."""
    import pyrtl

    return pyrtl.concat(wire, pyrtl.Const(0, power)) if power else wire


def _resized(wire: Wire, width: int) -> Wire:
    """The number with this many bits: its sign again in front, or the front bits dropped."""
    return wire[:width] if len(wire) >= width else wire.sign_extended(width)
