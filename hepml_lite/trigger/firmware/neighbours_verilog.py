"""The search for neighbours as Verilog: all distances, then a sorting network for each particle."""

from hepml_lite.trigger.emulation.graph_building import COORDINATE, NeighbourSearch
from hepml_lite.trigger.firmware.design import Design, header
from hepml_lite.trigger.fixed_point import FixedPoint

#: Two numbers in, the smaller one out first.
EXCHANGE = """\
module exchange(input [{top}:0] a, b, output [{top}:0] low, high);
  wire swap = a > b;
  assign low = swap ? b : a;
  assign high = swap ? a : b;
endmodule
"""

#: The squared distance; the difference of the azimuths wraps at a full turn.
DISTANCE = """\
module distance(input signed [{w}:0] eta_a, phi_a, eta_b, phi_b, output [{top}:0] squared);
  wire signed [{w1}:0] along = eta_a - eta_b;
  wire signed [{w}:0] around = phi_a - phi_b;
  wire signed [{top}:0] wide_along = along;
  wire signed [{top}:0] wide_around = around;
  assign squared = wide_along * wide_along + wide_around * wide_around;
endmodule
"""


def neighbours_design(search: NeighbourSearch) -> Design:
    """The search as one module without registers; y holds the places, k for each particle."""
    width, bits = COORDINATE.width, search.index_bits
    of_distance = 2 * width + 2  # bits: (2^8)^2 + (2^7)^2 and a zero in front
    lines = [header(2 * search.n * width, search.n * search.k * bits, clock=False)]
    for number, name in enumerate(f"{q}_{i}" for i in range(search.n) for q in ("eta", "phi")):
        top, low = (number + 1) * width - 1, number * width
        lines.append(f"  wire signed [{width - 1}:0] {name} = x[{top}:{low}];")
    for i in range(search.n):
        for j in range(i + 1, search.n):
            lines.append(f"  wire [{of_distance - 1}:0] d_{i}_{j};")
            lines.append(
                f"  distance distance_{i}_{j}(eta_{i}, phi_{i}, eta_{j}, phi_{j}, d_{i}_{j});"
            )
    for particle in range(search.n):
        lines += [f"  {line}" for line in _sorted(search, particle, of_distance + bits)]
    lines += ["endmodule", ""]
    lines.append(EXCHANGE.format(top=of_distance + bits - 1))
    lines.append(DISTANCE.format(w=width - 1, w1=width, top=of_distance - 1))
    place = FixedPoint(bits, bits, signed=False)
    text = "\n".join(lines)
    return Design(text, 2 * search.n, COORDINATE, search.n * search.k, place)


def _sorted(search: NeighbourSearch, particle: int, width: int) -> list[str]:
    """The sorting network of one particle: distances with places, stage after stage."""
    bits = search.index_bits
    others = [other for other in range(search.n) if other != particle]
    lines, now = [], []
    for wire, other in enumerate(others):
        name = f"k_{particle}_{wire}_0"
        low, high = sorted((particle, other))
        lines.append(f"wire [{width - 1}:0] {name} = {{d_{low}_{high}, {bits}'d{other}}};")
        now.append(name)
    count = 0
    for stage in search.stages:
        for low, high in stage:
            count += 1
            one, two = f"k_{particle}_{low}_{count}", f"k_{particle}_{high}_{count}"
            lines.append(f"wire [{width - 1}:0] {one}, {two};")
            lines.append(f"exchange e_{particle}_{count}({now[low]}, {now[high]}, {one}, {two});")
            now[low], now[high] = one, two
    for place in range(search.k):
        first = (particle * search.k + place) * bits
        lines.append(f"assign y[{first + bits - 1}:{first}] = {now[place]}[{bits - 1}:0];")
    return lines
