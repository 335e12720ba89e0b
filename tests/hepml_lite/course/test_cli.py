import os
import subprocess
import sys

import pytest

from hepml_lite.course import cli


class Entry:
    """Stands for an entry point."""

    def __init__(self, name, add):
        self.name, self.value, self.add = name, f"some.module:add_{name}", add

    def load(self):
        return self.add()


def command(run):
    def add(subparsers, name="works"):
        parser = subparsers.add_parser(name, help="a command that works")
        parser.add_argument("--level", type=int, default=3)
        parser.set_defaults(run=run)

    return lambda: add


def missing():
    raise ModuleNotFoundError("No module named 'panel'")


@pytest.fixture
def install(monkeypatch):
    def install(*entries):
        monkeypatch.setattr(cli, "entry_points", lambda group: entries)

    return install


def test_alone_it_prints_help(install, capsys):
    install(Entry("works", command(lambda options: 0)))
    assert cli.main([]) == 0
    assert "a command that works" in capsys.readouterr().out


def test_exit_code_is_the_command_s(install):
    install(Entry("works", command(lambda options: options.level)))
    assert cli.main(["works", "--level", "5"]) == 5


@pytest.mark.parametrize("error", [ValueError("no jet 7"), FileNotFoundError("no jet 7")])
def test_mistake_of_the_user_is_one_line(install, capsys, error):
    def run(options):
        raise error

    install(Entry("works", command(run)))
    assert cli.main(["works"]) == 2
    assert capsys.readouterr().err == "hepml: no jet 7\n"


def test_own_mistake_is_a_traceback(install):
    def run(options):
        raise KeyError("bug")

    install(Entry("works", command(run)))
    with pytest.raises(KeyError):
        cli.main(["works"])


def test_broken_part_is_named_and_leaves_the_others(install, capsys):
    install(Entry("dashboards", missing), Entry("works", command(lambda options: 0)))
    assert cli.main(["works"]) == 0
    message = capsys.readouterr().err
    assert "'dashboards'" in message
    assert "some.module:add_dashboards: ModuleNotFoundError: No module named 'panel'" in message


def test_misspelt_option_is_refused(install, capsys):
    install(Entry("works", command(lambda options: 0)))
    with pytest.raises(SystemExit, match="2"):
        cli.main(["works", "--levle"])
    assert "--levle" in capsys.readouterr().err


def run_hepml(*arguments, **environment):
    code = "import sys; from hepml_lite.course.cli import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", code, *arguments], {**os.environ, **environment}


def test_a_reader_that_leaves_is_no_error():
    command, environment = run_hepml("data", "list")
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 141


def test_a_terminal_without_our_letters_gets_others():
    command, environment = run_hepml("doctor", PYTHONIOENCODING="cp1252")
    told = subprocess.run(command, env=environment, capture_output=True)
    assert told.stderr == b""
    assert told.returncode == 0
    assert b"  yes Python 3" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("dashboards", "--port", "80000"), "80000: allowed is a whole number, from 1 to 65535"),
        (("dashboards", "--port", "http"), "'http': give a whole number, from 1 to 65535"),
        (("run", "00_start_here", "--seed", "-1"), "-1: allowed is a whole number, from 0"),
        (("run", "00_start_here", "--timeout", "0"), "'0': give seconds, a number above 0"),
        (("data", "generate", "top_tagging", "--seed", "-1"), "-1: allowed is a whole number"),
        (("data", "generate", "top_tagging", "--workers", "0"), "0: allowed is a whole number"),
        (("doctor", "--class", "0"), "0: allowed is a whole number, 1 or more"),
    ],
)
def test_a_number_out_of_range_is_one_line(capsys, arguments, words):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    message = capsys.readouterr().err
    assert words in message
    assert message.count("\n") == 1


def test_an_interrupt_while_commands_are_loaded_is_one_line(install, capsys):
    def interrupted():
        raise KeyboardInterrupt

    install(Entry("slow", interrupted))
    assert cli.main(["anything"]) == 130
    assert capsys.readouterr().err == "\nhepml: stopped.\n"
