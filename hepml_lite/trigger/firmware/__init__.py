"""From an integer network to C++ and Verilog, both run here with open tools only."""

from hepml_lite.trigger.firmware import (
    design,
    hls,
    simulation,
    synthesis,
    tools,
    trees_verilog,
    verilog,
)

__all__ = ["design", "hls", "simulation", "synthesis", "tools", "trees_verilog", "verilog"]
