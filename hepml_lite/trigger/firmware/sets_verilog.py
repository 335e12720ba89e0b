"""Sets, graphs and images as Verilog: one module for each shared layer, one copy for each group.

A layer that looks at all particles is written once. The chip has as many copies of it as there are
groups, which all work at the same time: weights are shared on paper, logic is not. Each number so
far has a wire of its own, and a group is the list of the wires that a copy reads.
"""

from collections.abc import Iterable

from hepml_lite.trigger.emulation.integer_sets import SharedNetwork, SharedStep
from hepml_lite.trigger.firmware.design import Design, header
from hepml_lite.trigger.firmware.verilog import layer_module
from hepml_lite.trigger.fixed_point import FixedPoint


def shared_design(network: SharedNetwork) -> Design:
    """The network as one module without registers, and one module for each step."""
    kind, out = network.input_type, network.output_type
    lines = [header(network.n_in * kind.width, network.n_out * out.width, clock=False)]
    lines += [f"  {_piece(f'n{place}', 'x', place, kind)}" for place in range(network.n_in)]
    first = network.n_in
    for number, step in enumerate(network.steps):
        lines += [f"  {line}" for line in _copies(step, number, first)]
        first += step.n_out
    results = range(first - network.n_out, first)
    lines.append(f"  assign y = {_side_by_side(results)};")
    lines += ["endmodule", ""]
    modules = [layer_module(step.layer, number) for number, step in enumerate(network.steps)]
    text = "\n".join(lines + modules)
    return Design(text, network.n_in, kind, network.n_out, out)


def _copies(step: SharedStep, number: int, first: int) -> list[str]:
    """A copy of the layer for each group; its results become the wires n<first>, n<first + 1>, …"""
    n_out, kind = step.layer.weight.shape[1], step.layer.output_type
    lines = []
    for copy, group in enumerate(step.groups):
        name = f"out_{number}_{copy}"
        lines.append(f"wire [{n_out * kind.width - 1}:0] {name};")
        lines.append(f"layer_{number} copy_{number}_{copy}({_side_by_side(group)}, {name});")
        for place in range(n_out):
            lines.append(_piece(f"n{first + copy * n_out + place}", name, place, kind))
    return lines


def _piece(name: str, bus: str, place: int, kind: FixedPoint) -> str:
    """A wire with the bits of one number of a bus."""
    width = kind.width
    return f"wire [{width - 1}:0] {name} = {bus}[{(place + 1) * width - 1}:{place * width}];"


def _side_by_side(places: Iterable[int]) -> str:
    """The wires of these numbers as one bus, the first one in the lowest bits."""
    names = [f"n{place}" for place in places]
    return "{" + ", ".join(reversed(names)) + "}"


def n_copies(network: SharedNetwork) -> list[int]:
    """How many copies of the layer of each step the chip has."""
    return [len(step.groups) for step in network.steps]
