import sys

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from hepml_lite.course.build import Course
from hepml_lite.course.header import colab_cell, header, readme_with_table, spell_cost
from hepml_lite.course.source import has_tag

ADDRESS = "https://github.com/someone/course"


@pytest.fixture
def course(checkout, add_source, source):
    for number, name in enumerate(("tutorials/01_jets", "explorations/01_jets"), 2):
        text = source.replace("9.1", f"9.{number}").replace("Efficiencies", name)
        add_source(checkout, name, text)
    return Course(checkout)


def test_navigation_is_relative_to_each_notebook(course):
    first, middle, last = (
        header(e, course.order, course.titles, None, course.sources[e.name]).source
        for e in course.order
    )
    assert "[tutorials/01_jets →](tutorials/01_jets.ipynb)" in first
    assert "←" not in first
    assert "[← Efficiencies](../00_start_here.ipynb)" in middle
    assert "[contents](../00_start_here.ipynb)" in middle
    assert "[explorations/01_jets →](../explorations/01_jets.ipynb)" in middle
    assert " →](" not in last


def written(course):
    course.write()
    return [nbformat.read(entry.notebook, as_version=4).cells for entry in course.order]


def test_badge_opens_each_notebook_in_colab(course):
    text = f'[project.urls]\nRepository = "{ADDRESS}.git"\n'
    (course.base / "pyproject.toml").write_text(text)
    for cells, name, up in zip(
        written(Course(course.base)),
        ("00_start_here", "tutorials/01_jets", "explorations/01_jets"),
        ("..", "../..", "../.."),
        strict=True,
    ):
        place = (
            f"https://colab.research.google.com/github/someone/course/blob/main/notebooks/{name}"
        )
        picture = f"{up}/docs/images/open_in_colab.svg"
        assert f"[![Open in Colab]({picture})]({place}.ipynb)" in cells[1].source
        assert f'REPOSITORY = "{ADDRESS}"' in cells[2].source


def test_no_address_is_invented(course):
    for cells in written(course):
        assert "Colab" not in cells[1].source
        assert has_tag(cells[2], "colab")
        assert "http" not in cells[2].source


def run_cell(repository):
    """Run the Colab cell as IPython does; return its shell commands."""
    commands = []

    class Shell:
        def system(self, command):
            commands.append(command)

    code = TransformerManager().transform_cell(colab_cell(repository).source)
    exec(code, {"get_ipython": Shell})
    return commands


def test_cell_does_nothing_elsewhere(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    before = list(sys.path)
    assert run_cell("") == []
    assert sys.path == before
    assert capsys.readouterr() == ("", "")


def test_cell_fetches_and_installs_on_colab(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    monkeypatch.setattr(sys, "path", list(sys.path))
    clone, install = run_cell(ADDRESS)
    assert "git clone" in clone
    assert clone.startswith("test -d /content/hepml_lite ||")  # the cell may be run again
    assert install.endswith("course.py colab")
    assert sys.path[0] in clone
    assert sys.path[0] in install
    with pytest.raises(AssertionError, match="address of your copy"):
        run_cell("")


@pytest.mark.parametrize(
    ("seconds", "words"), [(3, "10 s"), (44, "40 s"), (89, "90 s"), (100, "2 min"), (290, "5 min")]
)
def test_time_in_words(seconds, words):
    text = spell_cost({"seconds": seconds, "megabytes": 512, "cores": 2})
    assert f"About {words} to run, with 512 MB of memory" in text
    assert "2 cores" in text


def test_unmeasured_is_said():
    assert spell_cost(None) == "Time to run and memory: not measured yet."


def test_table_replaces_only_what_is_between_the_markers(course):
    readme = (course.base / "README.md").read_text()
    budget = {"00_start_here": {"lesson": {"seconds": 200, "megabytes": 640, "cores": 2}}}
    text = readme_with_table(readme, course.order, course.sources, budget)
    link = "[Efficiencies](notebooks/00_start_here.ipynb)"
    assert f"| {link} | **compute an efficiency** | 3 min | 6 min | 640 MB |" in text
    assert text.startswith("# Course\n")
    assert text.endswith("\n\nThe end.\n")
    assert "old" not in text
    assert readme_with_table(text, course.order, course.sources, budget) == text


def test_readme_without_markers_is_left_alone(course):
    assert readme_with_table("# Course\n", course.order, course.sources, {}) == "# Course\n"
