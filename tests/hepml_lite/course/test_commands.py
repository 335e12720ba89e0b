import argparse
import json
import os
import re
from pathlib import Path

import nbformat
import pytest

from hepml_lite.course import cli, commands
from hepml_lite.course.run import Run


@pytest.fixture
def hepml(checkout, monkeypatch):
    """Run the command inside the checkout, with this package's own commands only."""
    monkeypatch.chdir(checkout)

    class Entry:
        name, value = "course", "here"

        def load(self):
            return lambda subparsers: [
                add(subparsers)
                for add in (
                    commands.add_lab,
                    commands.add_demo,
                    commands.add_run,
                    commands.add_course,
                )
            ]

    monkeypatch.setattr(cli, "entry_points", lambda group: [Entry()])
    return lambda *arguments: cli.main(list(arguments))


@pytest.fixture
def runs(monkeypatch):
    """Record what would be executed instead of starting kernels."""
    calls = []

    def execute(notebook, **options):
        calls.append((notebook.name, options))
        error = "cell In [2] stopped" if options.get("seed") == 13 else ""
        return Run(nbformat.read(notebook, as_version=4), 61.4, 512.3, error)

    monkeypatch.setattr("hepml_lite.course.run.execute", execute)
    monkeypatch.setattr("hepml_lite.course.budget.execute", execute)
    return calls


def test_check_tells_stale_files_and_changes_nothing(hepml, checkout, capsys):
    assert hepml("course", "build", "--check") == 1
    assert "notebooks/00_start_here.ipynb is stale" in capsys.readouterr().out
    assert not (checkout / "notebooks" / "00_start_here.ipynb").exists()
    assert hepml("course", "build") == 0
    assert "--execute" in capsys.readouterr().out
    assert hepml("course", "build", "--check") == 0


def test_broken_source_is_one_line(hepml, add_source, checkout, source, capsys):
    add_source(checkout, "00_start_here", source.replace("    # END SOLUTION\n", ""))
    assert hepml("course", "build") == 2
    assert "00_start_here.py:27 (cell 5)" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["student", "solved"])
def test_export(hepml, tmp_path, kind):
    assert hepml("course", kind, str(tmp_path / "out")) == 0
    assert (tmp_path / "out" / "00_start_here.ipynb").is_file()


def test_run_writes_copy_and_page(hepml, runs, checkout, capsys):
    hepml("course", "build")
    code = hepml("run", "start_here", "--profile", "smoke", "--set", "N_EVENTS=5", "--set", "A=b")
    assert code == 0
    assert runs[0][1]["profile"] == "smoke"
    assert runs[0][1]["parameters"] == {"N_EVENTS": 5, "A": "b"}
    assert (checkout / "output" / "00_start_here.html").is_file()
    assert "61 s, 512 MB at most" in capsys.readouterr().out


def test_failed_run_has_exit_code_1_and_still_a_page(hepml, runs, checkout, capsys):
    hepml("course", "build")
    assert hepml("run", "00_start_here", "--seed", "13", "--output", "elsewhere") == 1
    assert "00_start_here.ipynb: cell In [2] stopped" in capsys.readouterr().err
    assert (checkout / "elsewhere" / "00_start_here.html").is_file()


def test_demo_runs_the_first_notebook_and_says_where_the_page_lies(hepml, runs, checkout, capsys):
    hepml("course", "build")
    assert hepml("demo") == 0
    ((name, options),) = runs
    assert name == "00_start_here.ipynb"
    assert options == {"profile": "lesson", "progress": True}
    page = checkout / "output" / "00_start_here.html"
    assert page.is_file()
    assert str(page) in capsys.readouterr().out


def test_demo_that_fails_has_exit_code_1(hepml, checkout, monkeypatch, capsys):
    hepml("course", "build")
    broken = Run(nbformat.v4.new_notebook(), 1, 1, "cell In [2] stopped")
    monkeypatch.setattr("hepml_lite.course.run.execute", lambda *_, **__: broken)
    assert hepml("demo") == 1
    assert "cell In [2] stopped" in capsys.readouterr().err


def test_wrong_assignment_is_explained(hepml, runs, capsys):
    hepml("course", "build")
    assert hepml("run", "00_start_here", "--set", "N 5") == 2
    assert "NAME=VALUE" in capsys.readouterr().err


def test_budget_reaches_header_and_readme(hepml, runs, checkout):
    hepml("course", "build")
    assert hepml("course", "budget") == 0
    stored = json.loads((checkout / "notebooks" / "budget.json").read_text())
    assert stored["00_start_here"]["lesson"]["seconds"] == 61
    assert stored["00_start_here"]["lesson"]["megabytes"] == 510
    assert hepml("course", "build", "--check") == 1
    hepml("course", "build")
    assert (
        "About 60 s to run, with 510 MB"
        in (checkout / "notebooks" / "00_start_here.ipynb").read_text()
    )
    assert re.search(r"\| 60 s \| \d+ min \| 510 MB \|", (checkout / "README.md").read_text())


def test_budget_of_a_failing_notebook_is_not_stored(hepml, runs, checkout, monkeypatch):
    hepml("course", "build")
    broken = Run(nbformat.v4.new_notebook(), 1, 1, "cell In [2] stopped")
    monkeypatch.setattr("hepml_lite.course.budget.execute", lambda *_, **__: broken)
    assert hepml("course", "budget", "start_here") == 1
    assert not (checkout / "notebooks" / "budget.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="replaces the process")
def test_lab_passes_its_arguments_on_and_needs_no_network(hepml, checkout, monkeypatch):
    called = []

    def execve(program, command, environment):
        called.append((Path.cwd(), command, environment))
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("PANEL_INLINE", raising=False)
    monkeypatch.chdir(checkout / "notebooks")
    assert hepml("lab", "--no-browser", "--port", "9999") == 130
    ((folder, command, environment),) = called
    assert folder == checkout
    assert command[3].endswith("/lab/tree/notebooks/00_start_here.ipynb")
    (settings,) = Path(environment["JUPYTER_CONFIG_PATH"]).glob("labconfig/page_config.json")
    assert json.loads(settings.read_text())["disabledExtensions"] == {
        "@jupyterlab/apputils-extension:announcements": True
    }
    assert command[-3:] == ["--no-browser", "--port", "9999"]
    assert environment["PANEL_INLINE"] == "1"
    assert int(environment["OMP_NUM_THREADS"]) >= 1


@pytest.mark.skipif(os.name != "posix", reason="there is no root")
@pytest.mark.parametrize(
    ("user", "arguments", "passed"),
    [
        (0, ["--no-browser"], ["--allow-root", "--no-browser"]),
        (0, ["--allow-root"], ["--allow-root"]),
        (1000, ["--no-browser"], ["--no-browser"]),
    ],
)
def test_root_alone_is_allowed_to_be_root(hepml, monkeypatch, capsys, user, arguments, passed):
    started = []
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "execve", lambda program, command, environment: started.append(command))
    monkeypatch.setattr("subprocess.call", lambda *_, **__: 0)
    assert hepml("lab", *arguments) == 0
    assert started[0][4:] == passed
    said = capsys.readouterr().out
    assert said.count("\n") == ("root" in said) == (passed != arguments)


@pytest.mark.parametrize(
    "add", [commands.add_lab, commands.add_demo, commands.add_run, commands.add_course]
)
def test_every_command_has_help(add):
    subparsers = argparse.ArgumentParser().add_subparsers()
    add(subparsers)
    assert all(action.help for action in subparsers._choices_actions)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "00_start_here", "--output", "README.md"),
        ("demo", "--output", "README.md"),
        ("course", "student", "README.md"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_run(hepml, runs, capsys, arguments):
    hepml("course", "build")
    capsys.readouterr()
    assert hepml(*arguments) == 2
    assert runs == []
    message = capsys.readouterr().err
    assert "README.md cannot be written (a part of the path is a file)" in message
    assert message.count("\n") == 1
    assert ("--output DIR" in message) == ("--output" in arguments)
