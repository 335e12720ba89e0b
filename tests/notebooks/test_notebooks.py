"""Every notebook runs, as handed out and solved, within its budget, and matches its source."""

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
from hepml_lite.course.machine import PeakMemory, kernel_environment
from hepml_lite.course.paths import entries, root
from hepml_lite.course.run import execute

SMOKE_SECONDS, LESSON_SECONDS, MEGABYTES = 60, 300, 1500
every = entries(root())
each = pytest.mark.parametrize("entry", every, ids=lambda entry: entry.name)


@pytest.fixture(scope="module")
def course():
    return Course(root())


@pytest.fixture
def within_budget(record_property):
    """Record what a run took for the table at the end, then hold it against the limits."""

    def judge(name, way, seconds, megabytes, limit=SMOKE_SECONDS):
        record_property("notebook_run", [name, way, round(seconds, 1), round(megabytes)])
        assert seconds <= limit, f"{name} ({way}) took {seconds:.0f} s, allowed are {limit} s"
        assert 0 < megabytes <= MEGABYTES, f"{name} ({way}): {megabytes:.0f} MB of {MEGABYTES}"

    return judge


def test_there_are_notebooks():
    assert every, f"no source in {root()}/notebooks/source: has it moved, or is it not written yet?"
    missing = [entry.name for entry in every if not entry.notebook.is_file()]
    assert not missing, f"not built yet: {', '.join(missing)}; run: hepml course build"


@pytest.mark.notebook
@each
def test_as_handed_out(entry, tmp_path, within_budget):
    """Run all reaches the end with open exercises, and compared outputs are the stored ones."""
    output, code, seconds, megabytes = run_nbval(entry.notebook, tmp_path)
    assert code == 0, output
    within_budget(entry.name, "handed out", seconds, megabytes)


@pytest.mark.notebook
@each
def test_solved(entry, course, tmp_path, within_budget):
    """With the solutions filled in every check says right."""
    notebook = tmp_path / entry.notebook.name
    notebook.write_text(as_text(course.solved(entry)), encoding="utf-8")
    run = execute(notebook, profile="smoke", strict=True, timeout=SMOKE_SECONDS)
    assert not run.error, run.error
    within_budget(entry.name, "solved", run.seconds, run.megabytes)


@pytest.mark.notebook
@pytest.mark.parametrize("entry", every[:1], ids=lambda entry: entry.name)
def test_lesson(entry, within_budget):
    """The first notebook also at the size that a class sees."""
    run = execute(entry.notebook, profile="lesson", timeout=LESSON_SECONDS)
    assert not run.error, run.error
    within_budget(entry.name, "lesson", run.seconds, run.megabytes, LESSON_SECONDS)


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
    limit = ["--nbval-lax", f"--nbval-cell-timeout={SMOKE_SECONDS}"]
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
