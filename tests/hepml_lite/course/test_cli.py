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
