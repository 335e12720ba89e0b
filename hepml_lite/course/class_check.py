"""``hepml doctor --class 30``: can this machine serve a class, and what must a teacher know?"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil

from hepml_lite.course.findings import Finding
from hepml_lite.course.header import read_budget
from hepml_lite.course.paths import root

_ports = {8888: "JupyterLab", 5006: "the dashboards"}
_dashboard_server = 0.5  # GB: one process that serves all dashboards
_visitor = 0.01  # GB for each open page of a dashboard


def class_findings(students: int) -> Iterator[Finding]:
    """Yield what a class of this size needs: stored networks, ports and memory.

    Whether the samples are there is a finding of its own, of every ``hepml doctor``.
    """
    yield stored_networks()
    for port, user in _ports.items():
        yield free_port(port, user)
    free = psutil.virtual_memory().available / 1e9
    yield memory_for_dashboards(students, free)
    largest = largest_notebook(root())
    yield memory_for_kernels(students, largest, free)
    yield two_kernels(students, largest, free)


def stored_networks() -> Finding:
    """Return whether every trained network of the course can be read without a network."""
    from hepml_lite.tagging.trained import trained_tagger  # torch takes seconds
    from hepml_lite.tagging.training_recipes import TRAINING_RECIPES

    problems = []
    for row in TRAINING_RECIPES:
        try:
            trained_tagger(row)
        except (ValueError, OSError) as problem:
            problems.append(str(problem))
    if problems:
        remedy = "restore them: git restore hepml_lite/tagging/trained, or install again"
        return Finding(False, f"trained networks: {'; '.join(problems)}", remedy)
    return Finding(True, f"{len(TRAINING_RECIPES)} trained networks can be read offline")


def free_port(port: int, user: str) -> Finding:
    """Return whether a server can be started on this TCP port."""
    with socket.socket() as probe:
        if os.name == "posix":  # as servers do: a port that was just left is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            text = f"port {port} of {user} is taken ({error.strerror})"
            remedy = f"stop the program that uses it, or add --port {port + 1}"
            return Finding(False, text, remedy, required=False)
    return Finding(True, f"port {port} of {user} is free")


def memory_for_dashboards(students: int, free: float) -> Finding:
    """Return whether one server can show the dashboards to everyone; `free` is in GB."""
    needed = _dashboard_server + students * _visitor
    text = f"dashboards for {students} students take {needed:.1f} GB, {free:.1f} GB are free"
    return Finding(free >= needed, text, "close other programs: hepml dashboards needs the memory")


def memory_for_kernels(students: int, largest: float, free: float) -> Finding:
    """Return whether every student can run a notebook on this machine; sizes are in GB."""
    needed = students * largest
    text = f"{students} kernels here take up to {needed:.0f} GB, {free:.1f} GB are free"
    remedy = (
        f"a notebook takes up to {largest:.1f} GB: let students work on machines of their own, "
        f"or {int(free / largest)} at a time on this one"
    )
    return Finding(free >= needed, text, remedy, required=False)


def two_kernels(students: int, largest: float, free: float) -> Finding:
    """Return the warning that an open notebook keeps its memory; sizes are in GB."""
    text = f"two open notebooks are two kernels: up to {2 * largest:.1f} GB for one student"
    remedy = "tell the class: Kernel > Shut Down Kernel before opening the next notebook"
    return Finding(free >= 2 * students * largest, text, remedy, required=False)


def largest_notebook(base: Path) -> float:
    """Return the most memory that a notebook takes at ``lesson``, in GB; 1.5 if not measured."""
    costs = (costs.get("lesson") for costs in read_budget(base).values())
    return max((cost["megabytes"] / 1000 for cost in costs if cost), default=1.5)
