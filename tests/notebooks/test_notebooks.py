"""Every notebook runs, as handed out and solved, keeps its budget, and matches its source."""

import os
import subprocess
import sys
import time

import nbformat
import pytest
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
def test_as_handed_out(entry, tmp_path, within_memory):
    """Run all reaches the end with open exercises, and compared outputs are the stored ones."""
    output, code, seconds, megabytes = run_nbval(entry.notebook, tmp_path)
    assert code == 0, output
    within_memory(entry.name, "handed out", seconds, megabytes)


@pytest.mark.notebook
@each
def test_solved(entry, course, tmp_path, within_memory):
    """With the solutions filled in every check says right."""
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


def run_nbval(notebook, folder):
    """Compare a copy at profile smoke with its stored outputs: (text, exit code, seconds, MB)."""
    copy = folder / notebook.name
    original = load_notebook_node(str(notebook))
    nbformat.write(parameterize_notebook(original, {"PROFILE": "smoke"}), copy)
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
