"""From an integer network to C++ and Verilog, both run here with open tools only."""

from hepml_lite.trigger.firmware import (
    design,
    hls,
    neighbours_verilog,
    sets_verilog,
    shared_additions,
    simulation,
    synthesis,
    tools,
    trees_verilog,
    verilog,
    without_compiler,
)

__all__ = [
    "design",
    "hls",
    "neighbours_verilog",
    "sets_verilog",
    "shared_additions",
    "simulation",
    "synthesis",
    "tools",
    "trees_verilog",
    "verilog",
    "without_compiler",
]
