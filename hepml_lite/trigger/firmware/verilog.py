"""A network as Verilog: sums of inputs times constants, then rounding and saturation.

Numbers are bits on wires. A product with a constant is a few shifted copies, added or
subtracted. With registers between the layers a new event can enter at each tick of the clock, and
its result comes out as many ticks later as there are layers.
"""

from hepml_lite.trigger.emulation.integer_network import IntegerLayer, IntegerNetwork
from hepml_lite.trigger.firmware.design import Design, constant, header, number_on_wires
from hepml_lite.trigger.fixed_point import FixedPoint

#: When the dropped bits round up. `half` is the first of them, `rest` says whether any other is 1,
#: `odd` is the last bit that stays, `minus` the sign. The same table as in the headers of ap_fixed.
ROUNDS_UP = {
    "TRN": "1'b0",
    "TRN_ZERO": "minus & (half | rest)",
    "RND": "half",
    "RND_ZERO": "half & (rest | minus)",
    "RND_INF": "half & (rest | ~minus)",
    "RND_MIN_INF": "half & rest",
    "RND_CONV": "half & (rest | odd)",
}


def network_design(network: IntegerNetwork, registers: bool = False) -> Design:
    """The network as one module, and one module of rounding for each layer.

    Args:
        network: dense layers in fixed point.
        registers: whether a register follows each layer.
    """
    n_in, n_out = network.layers[0].weight.shape[0], network.layers[-1].weight.shape[1]
    bits_in, bits_out = n_in * network.input_type.width, n_out * network.output_type.width
    lines = [header(bits_in, bits_out, registers), f"  wire [{bits_in - 1}:0] bus_0 = x;"]
    for number, layer in enumerate(network.layers):
        lines += [f"  {line}" for line in _layer(layer, number, registers)]
    lines += [f"  assign y = bus_{len(network.layers)};", "endmodule", ""]
    for number, layer in enumerate(network.layers):
        lines += _rounding(layer, f"rounding_{number}")
    ticks = len(network.layers) if registers else 0
    text = "\n".join(lines)
    return Design(text, n_in, network.input_type, n_out, network.output_type, ticks)


def layer_module(layer: IntegerLayer, number: int) -> str:
    """A layer alone, as the module `layer_<number>` with the ports x and y, and its rounding."""
    n_in, n_out = layer.weight.shape
    bits_in, bits_out = n_in * layer.input_type.width, n_out * layer.output_type.width
    lines = [
        f"module layer_{number}(input [{bits_in - 1}:0] x, output [{bits_out - 1}:0] y);",
        f"  wire [{bits_in - 1}:0] bus_{number} = x;",
        *[f"  {line}" for line in _layer(layer, number, registers=False)],
        f"  assign y = bus_{number + 1};",
        "endmodule",
        *_rounding(layer, f"rounding_{number}"),
    ]
    return "\n".join(lines)


def _layer(layer: IntegerLayer, number: int, registers: bool) -> list[str]:
    """The wires of a layer, from the bits of `bus_<number>` to those of the next bus."""
    n_in, n_out = layer.weight.shape
    kind, width = layer.input_type, layer.output_type.width
    lines = []
    for place in range(n_in):
        lines.append(number_on_wires(f"in_{number}_{place}", f"bus_{number}", place, kind))
    bus = f"bus_{number + 1}"
    result = f"next_{number}" if registers else bus
    lines.append(f"wire [{n_out * width - 1}:0] {result};")
    top = _sum_width(layer) - 1
    for node in range(n_out):
        lines.append(f"wire signed [{top}:0] sum_{number}_{node} = {_sum(layer, number, node)};")
        bits = f"{result}[{(node + 1) * width - 1}:{node * width}]"
        lines.append(f"rounding_{number} round_{number}_{node}(sum_{number}_{node}, {bits});")
    if registers:
        lines.append(f"reg [{n_out * width - 1}:0] {bus};")
        lines.append(f"always @(posedge clock) {bus} <= {result};")
    return lines


def _sum_fraction(layer: IntegerLayer) -> int:
    """Bits after the point of a sum: those of a product, or of the bias if it has more."""
    product = layer.input_type.fraction + layer.weight_type.fraction
    return max(product, layer.bias_type.fraction)


def _sum_width(layer: IntegerLayer) -> int:
    """Bits of a sum: those of the accumulator, or fewer if the largest sum needs no more.

    The accumulator's zeros below the last bit of a product are left out.
    """
    zeros = layer.accumulator.fraction - _sum_fraction(layer)
    needed = int(layer.largest_sum / 2**zeros).bit_length() + 1
    return min(layer.accumulator.width - zeros, needed)


def _sum(layer: IntegerLayer, number: int, node: int) -> str:
    """Bias plus weights times inputs; weights of zero are left out."""
    width, fraction = _sum_width(layer), _sum_fraction(layer)
    parts = [constant(int(layer.bias[node]) << (fraction - layer.bias_type.fraction), width)]
    finer = fraction - layer.input_type.fraction - layer.weight_type.fraction
    for place, weight in enumerate(layer.weight[:, node]):
        for power, sign in signed_digits(int(weight) << finer):
            parts.append(f"{sign} (in_{number}_{place} <<< {power})")
    return " ".join(parts)


def signed_digits(value: int) -> list[tuple[int, str]]:
    """A whole number as few powers of two, added or subtracted: 7 is 8 - 1, not 4 + 2 + 1.

    Its canonical signed digits: no two neighbouring powers are used (Reitwiesner 1960).
    """
    digits = []
    power = 0
    while value:
        if value % 2:
            digit = 2 - value % 4  # 1, or -1 if the next bit is set as well
            digits.append((power, "+" if digit > 0 else "-"))
            value -= digit
        value //= 2
        power += 1
    return digits


def _rounding(layer: IntegerLayer, name: str) -> list[str]:
    """The module that turns a sum of a layer into its output."""
    kind, top = layer.output_type, _sum_width(layer) - 1
    drop = _sum_fraction(layer) - kind.fraction
    wide = max(top + 1 - drop, kind.width) + 2  # no bit is lost before the end
    lines = [f"module {name}(input signed [{top}:0] sum, output [{kind.width - 1}:0] out);"]
    positive = f"sum[{top}] ? {top + 1}'sd0 : sum" if layer.relu else "sum"
    lines.append(f"  wire signed [{top}:0] value = {positive};")
    lines += [f"  {line}" for line in _steps(kind, drop, top, wide)]
    lines += [f"  assign out = {fitted(kind, wide)};", "endmodule", ""]
    return lines


def _steps(kind: FixedPoint, drop: int, top: int, wide: int) -> list[str]:
    """The wire `whole`: the value in steps of the output, rounded."""
    if drop <= 0:
        return [
            f"wire signed [{wide - 1}:0] extended = value;",
            f"wire signed [{wide - 1}:0] whole = extended <<< {-drop};",
        ]
    half = f"value[{drop - 1}]" if drop <= top + 1 else "minus"  # beyond the top: the sign again
    rest = f"|value[{min(drop - 2, top)}:0]" if drop > 1 else "1'b0"
    odd = f"value[{drop}]" if drop <= top else "minus"
    return [
        f"wire minus = value[{top}];",
        f"wire half = {half};",
        f"wire rest = {rest};",
        f"wire odd = {odd};",
        f"wire signed [{wide - 1}:0] below = value >>> {drop};",
        f"wire up = {ROUNDS_UP[kind.rounding]};",
        f"wire signed [{wide - 1}:0] whole = below + $signed({{1'b0, up}});",
    ]


def fitted(kind: FixedPoint, wide: int) -> str:
    """The expression of the output bits: wrapped or saturated."""
    inside = f"whole[{kind.width - 1}:0]"
    if kind.overflow == "WRAP":
        return inside
    low, high = kind.lowest_code, kind.highest_code
    above = f"whole > {constant(high, wide)}"
    below = f"whole < {constant(low, wide)}"
    if kind.overflow == "SAT_ZERO":
        return f"({above}) | ({below}) ? {kind.width}'d0 : {inside}"
    if kind.overflow == "SAT_SYM" and kind.signed and kind.width > 1:
        low = -high
        below = f"whole < {constant(low, wide)}"
    ends = [f"{kind.width}'d{code % 2**kind.width}" for code in (high, low)]
    return f"{above} ? {ends[0]} : {below} ? {ends[1]} : {inside}"
