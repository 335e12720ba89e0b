"""Every notebook runs, its solutions are right, it keeps its budget, and matches its source."""

import os
import re
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from hepml_lite.course.build import Course, as_text
from hepml_lite.course.guards import problems
from hepml_lite.course.header import read_budget
from hepml_lite.course.machine import PeakMemory, kernel_environment
from hepml_lite.course.paths import entries, root
from hepml_lite.course.run import execute

SECONDS, MEGABYTES = {"smoke": 60, "lesson": 300}, 1500
HANGS = 900  # seconds of a cell: on a busy machine everything takes several times as long
every = entries(root())
each = pytest.mark.parametrize("entry", every, ids=lambda entry: entry.name)
few = every if "HEPML_LESSON" in os.environ else every[:1]
some = pytest.mark.parametrize("entry", few, ids=lambda entry: entry.name)


@pytest.fixture(scope="module")
def course():
    return Course(root())


@pytest.fixture
def within_memory(record_property):
    """Record what a run took for the table at the end; its memory must keep the limit."""

    def judge(name, way, seconds, megabytes):
        record_property("notebook_run", [name, way, round(seconds, 1), round(megabytes)])
        assert 0 < megabytes <= MEGABYTES, f"{name} ({way}): {megabytes:.0f} MB of {MEGABYTES}"

    return judge


def test_there_are_notebooks():
    assert every, f"no source in {root()}/notebooks/source: has it moved, or is it not written yet?"
    missing = [entry.name for entry in every if not entry.notebook.is_file()]
    assert not missing, f"not built yet: {', '.join(missing)}; run: hepml course build"


@pytest.mark.notebook
@each
def test_runs(entry, course, tmp_path, within_memory):
    """Run all reaches the end with open exercises, compared outputs are the stored ones, and
    every check calls its solution right."""
    notebook = with_solutions_tried(entry.notebook, course.solved(entry))
    output, code, seconds, megabytes = run_nbval(notebook, entry.notebook.name, tmp_path)
    assert code == 0, output
    within_memory(entry.name, "smoke", seconds, megabytes)


@pytest.mark.notebook
@some
def test_solved(entry, course, tmp_path, within_memory):
    """Also the cells after an exercise run with its solution, for all if HEPML_LESSON is set."""
    notebook = tmp_path / entry.notebook.name
    notebook.write_text(as_text(course.solved(entry)), encoding="utf-8")
    run = execute(notebook, profile="smoke", strict=True, timeout=HANGS)
    assert not run.error, run.error
    within_memory(entry.name, "solved", run.seconds, run.megabytes)


@pytest.mark.notebook
@pytest.mark.skipif("HEPML_LESSON" not in os.environ, reason="minutes: set HEPML_LESSON to run it")
@each
def test_lesson(entry, within_memory):
    """Also at the size that a class sees."""
    run = execute(entry.notebook, profile="lesson", timeout=HANGS)
    assert not run.error, run.error
    within_memory(entry.name, "lesson", run.seconds, run.megabytes)


@each
@pytest.mark.parametrize("profile", SECONDS)
def test_budget(entry, profile):
    """The costs that `hepml course budget` measured, on a machine that did nothing else."""
    cost = read_budget(root()).get(entry.name, {}).get(profile)
    assert cost, f"not measured: hepml course budget {entry.name} --profile {profile}"
    assert cost["seconds"] <= SECONDS[profile]
    assert cost["megabytes"] <= MEGABYTES


@each
def test_guards(entry):
    """Outputs, size, parameters, length of cells, links and pictures of the committed file."""
    found = problems(entry.notebook)
    assert not found, "\n".join(found)


def test_committed_files_are_what_the_sources_give(course):
    stale = ", ".join(str(path.relative_to(course.base)) for path in course.stale())
    assert not stale, f"run: hepml course build   (stale: {stale})"


def with_solutions_tried(path, solved):
    """The notebook as handed out; a new cell after each exercise runs its solution and its check.

    The new cell works on a copy of the notebook's names: later cells see what a student's do.
    """
    notebook = load_notebook_node(str(path))
    answers = (cell.source for cell in solved.cells if cell.cell_type == "code")
    cells, solution = [], ""
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            continue
        answer = next(answers)
        if answer != cell.source:
            solution = answer
        elif solution:
            solution += "\n" + answer
        if solution and re.search(r"\bcheck\(\s*\"", answer):
            code = TRY.format(solution=solution)
            cells.append(
                new_code_cell(code, id=f"tried-{len(cells)}", metadata={"tags": ["tried"]})
            )
            solution = ""
    assert not solution, "an exercise without a check"
    notebook.cells = cells
    return notebook


TRY = """import os
os.environ["HEPML_STRICT"] = "1"  # a wrong answer is an error
try:
    exec({solution!r}, dict(globals()))
finally:
    os.environ["HEPML_STRICT"] = "0"
"""


def run_nbval(notebook, name, folder):
    """Compare a copy at profile smoke with its stored outputs: (text, exit code, seconds, MB)."""
    copy = folder / name
    nbformat.write(parameterize_notebook(notebook, {"PROFILE": "smoke"}), copy)
    (folder / "pytest.ini").write_text("[pytest]\n")  # none of this project's own options
    limit = ["--nbval-lax", f"--nbval-cell-timeout={HANGS}"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "-p",
        "no:cacheprovider",
        *limit,
        copy.name,
    ]
    start = time.perf_counter()
    with (
        subprocess.Popen(
            command,
            cwd=folder,
            env=kernel_environment(without_pytest(os.environ)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
        PeakMemory(process.pid) as memory,
    ):
        output, _ = process.communicate()
    return output, process.returncode, time.perf_counter() - start, memory.megabytes


def without_pytest(environment):
    """The environment without what the outer pytest and its workers leave in it."""
    return {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
