import os
import re
import tempfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from hepml_lite.course.run import execute, save

pytestmark = pytest.mark.notebook


@pytest.fixture
def notebook(tmp_path):
    """Return a function that writes a notebook with these code cells under the parameters."""

    def write(*cells):
        parameters = new_code_cell(
            'PROFILE = "lesson"\nSEED = 1\nN = 10', metadata={"tags": ["parameters"]}
        )
        path = tmp_path / "small.ipynb"
        nbformat.write(new_notebook(cells=[parameters, *map(new_code_cell, cells)]), path)
        return path

    return write


def printed(run):
    outputs = (output for cell in run.notebook.cells for output in cell.get("outputs", []))
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_parameters_environment_and_folder(notebook):
    path = notebook(
        "import os\nprint(PROFILE, SEED, N)",
        "print(os.environ['HEPML_STRICT'], os.environ['PANEL_INLINE'], os.getcwd())",
    )
    run = execute(path, profile="smoke", seed=7, parameters={"N": 3}, strict=True)
    assert run.error == ""
    assert printed(run) == f"smoke 7 3\n1 1 {path.parent}\n"
    assert 30 < run.megabytes < 400
    assert 0 < run.seconds < 60
    assert "HEPML_STRICT" not in os.environ


def test_failing_cell_is_named_and_the_copy_kept(notebook, tmp_path):
    run = execute(notebook("x = 1", "y = x / 0  # boom", "z = 1"))
    assert "In [4] stopped with ZeroDivisionError: division by zero" in run.error
    assert "y = x / 0  # boom" in run.error
    copy, page = save(run, tmp_path / "out", "tutorials/small")
    assert copy == tmp_path / "out" / "tutorials" / "small.ipynb"
    assert "ZeroDivisionError" in page.read_text()
    assert sorted(p.name for p in copy.parent.iterdir()) == ["small.html", "small.ipynb"]


def test_slow_cell_is_named(notebook):
    run = execute(notebook("import time\ntime.sleep(30)"), timeout=1)
    assert "took longer than 1 s" in run.error
    assert "time.sleep(30)" in run.error


def test_dead_kernel_is_named(notebook):
    run = execute(notebook("import os", "os._exit(9)"))
    assert "kernel died" in run.error
    assert "os._exit(9)" in run.error


def test_all_files_of_a_run_are_in_one_folder(notebook, tmp_path, monkeypatch):
    """Which the next run removes, if this one is killed."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    run = execute(notebook(f"import os; print(os.listdir({str(place)!r}))"))
    assert run.error == ""
    assert re.fullmatch(rf"\['hepml-{os.getpid()}-\w+'\]\n", printed(run))
    assert not any(place.iterdir())


def test_good_run_is_silent(notebook, capfd):
    """The kernel is slow to finish its last answer: an interrupt would still meet it at work."""
    slow = """
import atexit, time, os

handlers = get_ipython().kernel.shell_handlers
answer = handlers["kernel_info_request"]

async def answer_and_linger(*arguments):
    await answer(*arguments)
    time.sleep(0.5)

handlers["kernel_info_request"] = answer_and_linger
folder = os.getcwd()
_ = atexit.register(lambda: open(f"{folder}/ended", "w").close())
"""
    path = notebook(slow)
    run = execute(path, profile="smoke")
    assert run.error == ""
    assert capfd.readouterr() == ("", "")
    assert (path.parent / "ended").is_file()  # asked to end, not killed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"profile": "fast"}, "smoke, lesson, paper"),
        ({"parameters": {"M": 1}}, "no parameter 'M'; it has: PROFILE, SEED, N"),
    ],
)
def test_unknown_names_are_refused_before_anything_runs(notebook, options, words):
    with pytest.raises(ValueError, match=words):
        execute(notebook("1 / 0"), **options)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "is no notebook, or is damaged"),
        ('{"a": 1}', "is no notebook, or is damaged"),
        ("[]", "is no notebook, or is damaged"),
        ("SEED = 'a", "the cell tagged 'parameters' is no Python, in its line 1"),
    ],
)
def test_a_bad_file_is_named_before_anything_runs(tmp_path, content, words):
    path = tmp_path / "small.ipynb"
    path.write_text(content)
    if content.startswith("SEED"):
        cell = new_code_cell(content, metadata={"tags": ["parameters"]})
        nbformat.write(new_notebook(cells=[cell]), path)
    with pytest.raises(ValueError, match=words) as raised:
        execute(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
