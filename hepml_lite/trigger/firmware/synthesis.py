"""How many cells of a chip the design in Verilog needs, by Yosys.

Yosys maps the logic on the cells of an AMD UltraScale+ chip: look-up tables of up to six inputs
(LUT), carry chains, and registers (FF). It does not place or route them, so it knows no clock.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hepml_lite.trigger.firmware.design import Design
from hepml_lite.trigger.firmware.simulation import write_design
from hepml_lite.trigger.firmware.tools import TOOLS

SCRIPT = (
    "read_verilog -sv top.v; "
    "synth_xilinx -family xcup -flatten -top top -noiopad -nodsp -nobram -noclkbuf; stat; ltp -noff"
)
PATH = re.compile(r"Longest topological path in top \(length=(\d+)\)")
CELL = re.compile(r"^\s+(\w+)\s+(\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Resources:
    """Cells of a chip.

    Attributes:
        luts: look-up tables; they hold the logic.
        carries: carry chains of additions, four or eight bits each.
        registers: flip-flops, one bit each.
        ticks: of the clock from an event to its result; 0 without registers.
        path: cells on the longest way between registers, or from the inputs to the outputs; it
            limits the clock, but the time of a cell and its wires is known only after placement.
    """

    luts: int
    carries: int
    registers: int
    ticks: int
    path: int


def synthesised(design: Design, folder: Path) -> Resources:
    """The cells that a design needs, without the multipliers (DSP) that a chip also has.

    Some ten seconds for a hundred products of a network.

    Raises:
        ModuleNotFoundError: without Yosys; the message says how to install it.
        RuntimeError: if Yosys fails.
    """
    TOOLS["yosys"].require()
    write_design(design, Path(folder))
    done = subprocess.run(["yosys", "-p", SCRIPT], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"yosys failed:\n{(done.stderr or done.stdout)[-2000:]}")
    report = done.stdout[done.stdout.rindex("Number of cells") :]
    cells = {name: int(number) for name, number in CELL.findall(report)}
    return Resources(
        luts=sum(n for name, n in cells.items() if re.fullmatch(r"LUT\d", name)),
        carries=sum(n for name, n in cells.items() if name.startswith("CARRY")),
        registers=sum(n for name, n in cells.items() if name.startswith("FD")),
        ticks=design.ticks,
        path=int(PATH.findall(done.stdout)[-1]),
    )
