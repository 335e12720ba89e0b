"""Logic written as Verilog, and what the bits at its ports mean."""

from dataclasses import dataclass

from hepml_lite.trigger.fixed_point import FixedPoint


@dataclass(frozen=True)
class Design:
    """A module `top` in Verilog with the ports `x`, `y` and, if it has registers, `clock`.

    Numbers lie side by side in the bits of `x` and `y`, the first one in the lowest bits.

    Attributes:
        text: of the file.
        n_in, input_type: how many numbers x holds, and of which type.
        n_out, output_type: the same of y.
        ticks: of the clock from x to y; 0 without registers.
    """

    text: str
    n_in: int
    input_type: FixedPoint
    n_out: int
    output_type: FixedPoint
    ticks: int = 0

    @property
    def bits_in(self) -> int:
        """Bits of x."""
        return self.n_in * self.input_type.width

    @property
    def bits_out(self) -> int:
        """Bits of y."""
        return self.n_out * self.output_type.width


def header(bits_in: int, bits_out: int, clock: bool) -> str:
    """The first line of the module."""
    ports = ["input clock"] if clock else []
    ports += [f"input [{bits_in - 1}:0] x", f"output [{bits_out - 1}:0] y"]
    return f"module top({', '.join(ports)});"


def number_on_wires(name: str, bus: str, place: int, kind: FixedPoint) -> str:
    """A signed wire with one number of a bus; numbers without a sign get a zero in front."""
    bits = f"{bus}[{(place + 1) * kind.width - 1}:{place * kind.width}]"
    if kind.signed:
        return f"wire signed [{kind.width - 1}:0] {name} = {bits};"
    return f"wire signed [{kind.width}:0] {name} = {{1'b0, {bits}}};"


def constant(value: int, width: int) -> str:
    """A signed constant; its bits beyond the width are dropped, as in a sum that wraps."""
    value = (value + 2 ** (width - 1)) % 2**width - 2 ** (width - 1)
    text = f"{width}'sd{abs(value)}"
    return f"(-{text})" if value < 0 else text
