"""``hepml doctor``: check whether this installation can run the course, and say what to do."""

import argparse
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib import metadata

import psutil
from packaging.requirements import Requirement

from hepml_lite.course.arguments import whole_number
from hepml_lite.course.class_check import class_findings
from hepml_lite.course.findings import Finding
from hepml_lite.course.machine import usable_cores

_shown = ("numpy", "torch", "scikit-learn", "fastjet", "awkward", "jupyterlab", "panel", "bokeh")
_all_here = "Everything the course needs is here."
_optional_modules = (
    ("pythia8mc", "generates new events", "pip install 'hepml_lite[generate]' (Linux, x86-64)"),
    ("energyflow", "reference for energy flow observables in the tests", "make energyflow"),
    ("playwright", "tests of the dashboards in a browser", "pip install 'hepml_lite[test]'"),
)
_optional_programs = (
    (("chromium", "chromium-browser", "google-chrome"), "tests of the dashboards in a browser"),
    (("g++", "clang++", "c++"), "compiles energyflow's wasserstein and simulated firmware"),
    (("verilator",), "simulates the firmware of the trigger theme"),
)


def add_doctor(subparsers: argparse._SubParsersAction) -> None:
    """Add ``hepml doctor``."""
    parser = subparsers.add_parser("doctor", help="is everything there that the course needs?")
    parser.add_argument(
        "--class",
        dest="students",
        type=whole_number(1),
        metavar="N",
        help="also check this machine as the server of a class of N students",
    )
    parser.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    found = list(sections(metadata.entry_points(group="hepml.doctor")))
    if options.students is not None:
        check = partial(class_findings, options.students)
        found.append((f"class of {options.students}", _findings(lambda: check)))
    return report(found)


def check_installation() -> None:
    """Print, in a notebook, only the findings that need attention, each with its remedy.

    Optional tools are shown only by ``hepml doctor``.
    """
    found = sections(metadata.entry_points(group="hepml.doctor"))
    problems = [f for heading, every in found for f in every if heading != "optional" and not f.ok]
    for finding in problems:
        print(_line(finding))
    if not any(finding.required for finding in problems):
        print(_all_here)


def sections(contributed: Iterable[metadata.EntryPoint]) -> Iterator[tuple[str, list[Finding]]]:
    """Yield (heading, findings): packages, machine, optional tools, and those of entry points."""
    yield "packages", _findings(lambda: packages)
    yield "machine", _findings(lambda: machine)
    yield "optional", _findings(lambda: optional)
    for entry in sorted(contributed, key=lambda entry: entry.name):
        yield entry.name, _findings(entry.load)


def _findings(load: Callable[[], Callable[[], Iterable[Finding]]]) -> list[Finding]:
    """Return what a check found; a check that fails is a finding itself and hides no other."""
    try:
        return list(load()())
    except Exception as error:
        text = f"this check broke ({type(error).__name__}: {error})"
        return [Finding(False, text, "install again: pip install -e .")]


def report(found: Iterable[tuple[str, Sequence[Finding]]]) -> int:
    """Print all findings; return 1 if something required is broken, else 0."""
    broken = 0
    for heading, findings in found:
        print(heading)
        for finding in findings:
            print(f"  {_line(finding)}")
            broken += finding.required and not finding.ok
    print(f"{broken} problem(s) to solve first." if broken else _all_here)
    return 1 if broken else 0


def _line(finding: Finding) -> str:
    yes, no, optional_no, arrow = _signs()
    if finding.ok:
        return f"{yes} {finding.what}"
    sign = no if finding.required else optional_no
    return f"{sign} {finding.what}" + (
        f"\n      {arrow} {finding.remedy}" if finding.remedy else ""
    )


def _signs() -> tuple[str, str, str, str]:
    """Return the signs of yes, no, no but optional, and remedy, as the terminal can show them."""
    signs = ("✓", "✗", "·", "→")
    try:
        "".join(signs).encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # Windows' cp1252, or LANG=C
        return ("yes", "NO ", "-  ", "->")
    return signs


def packages() -> Iterator[Finding]:
    """Yield Python, the main packages, and every requirement that is missing or does not fit."""
    yield Finding(True, f"Python {platform.python_version()} on {platform.system()}")
    for text in metadata.requires("hepml_lite") or []:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        problem = requirement_problem(requirement)
        if problem:
            yield Finding(
                False, problem, f"pip install '{requirement.name}{requirement.specifier}'"
            )
        elif requirement.name in _shown:
            yield Finding(True, f"{requirement.name} {metadata.version(requirement.name)}")


def requirement_problem(requirement: Requirement) -> str:
    """Return the problem with an installed package; empty if it fits."""
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return ""
    return f"{requirement.name} {version} is installed, {requirement.specifier} is needed"


def machine() -> Iterator[Finding]:
    """Yield cores, threads, memory, disk and GPU."""
    cores = usable_cores()
    yield Finding(True, f"{cores} of {os.cpu_count()} cores may be used")
    yield threads(cores, os.environ.get("OMP_NUM_THREADS"))
    free = psutil.virtual_memory().available / 1e9
    yield Finding(
        free >= 1.5,
        f"{free:.1f} GB of memory free (a notebook takes up to 1.5 GB)",
        "close other programs and kernels, or work with PROFILE = 'smoke'",
        required=False,
    )
    disk = shutil.disk_usage(".").free / 1e9
    yield Finding(disk >= 1, f"{disk:.0f} GB of disk free", "make room: 1 GB is wanted", False)
    yield Finding(True, f"GPU: {_gpu()}")


def threads(cores: int, chosen: str | None) -> Finding:
    """Return whether a process starts no more threads than cores; `chosen` is OMP_NUM_THREADS."""
    remedy = "export OMP_NUM_THREADS=1 (hepml lab and hepml run do it themselves)"
    if chosen is not None and chosen.isdigit():
        text = f"OMP_NUM_THREADS={chosen} on {cores} cores"
        return Finding(0 < int(chosen) <= cores, text, remedy, required=False)
    text = f"OMP_NUM_THREADS is not set: every process takes {os.cpu_count()} threads"
    return Finding((os.cpu_count() or 1) <= cores, text, remedy, required=False)


def _gpu() -> str:
    if importlib.util.find_spec("torch") is None:
        return "cannot be told without torch"
    import torch  # takes seconds, and is not needed by the other findings

    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, {torch.cuda.mem_get_info()[1] / 1e9:.0f} GB"
    return "Apple MPS" if torch.backends.mps.is_available() else "none (smoke and lesson need none)"


def optional() -> Iterator[Finding]:
    """Yield the optional tools, each with its purpose."""
    for name, purpose, remedy in _optional_modules:
        here = importlib.util.find_spec(name) is not None
        yield Finding(here, f"{name}: {purpose}", f"not here; get it with {remedy}", False)
    for names, purpose in _optional_programs:
        here = any(shutil.which(name) for name in names)
        remedy = f"not here; install {names[0]} with your system's package manager"
        yield Finding(here, f"{names[0]}: {purpose}", remedy, required=False)
    yield from fast_networks()


def fast_networks() -> Iterator[Finding]:
    """Yield whether the networks take their fast paths: one line, or one for each reason not to."""
    if importlib.util.find_spec("torch") is None:
        return
    from hepml_lite.networks.fast import choice  # torch takes seconds

    rows = choice.report()
    names: dict[str, list[str]] = {}  # networks on the readable path, by the reason
    for name, path, reason in rows:
        if path != "fast":
            names.setdefault(reason, []).append(name)
    for reason, some in names.items():
        yield Finding(
            False,
            f"networks: the readable path for {', '.join(some)}: {reason}",
            "the same numbers, slower: nothing to do unless training takes too long",
            required=False,
        )
    fast = [name for name, path, _ in rows if path == "fast"]
    if fast:
        which = ", ".join(fast) if names else "all"
        yield Finding(True, f"networks: the fast path for {which}")
