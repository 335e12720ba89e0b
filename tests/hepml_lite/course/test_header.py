import pytest

from hepml_lite.course.build import Course
from hepml_lite.course.header import header, readme_with_table, spell_cost


@pytest.fixture
def course(checkout, add_source, source):
    for number, name in enumerate(("tutorials/01_jets", "explorations/01_jets"), 2):
        text = source.replace("9.1", f"9.{number}").replace("Efficiencies", name)
        add_source(checkout, name, text)
    return Course(checkout)


def test_navigation_is_relative_to_each_notebook(course):
    first, middle, last = (
        header(e, course.order, course.titles, None).source for e in course.order
    )
    assert "[tutorials/01_jets →](tutorials/01_jets.ipynb)" in first
    assert "←" not in first
    assert "[← Efficiencies](../00_start_here.ipynb)" in middle
    assert "[contents](../00_start_here.ipynb)" in middle
    assert "[explorations/01_jets →](../explorations/01_jets.ipynb)" in middle
    assert "→" not in last


@pytest.mark.parametrize(
    ("seconds", "words"), [(3, "10 s"), (44, "40 s"), (89, "90 s"), (100, "2 min"), (290, "5 min")]
)
def test_time_in_words(seconds, words):
    text = spell_cost({"seconds": seconds, "megabytes": 512, "cores": 2})
    assert f"About {words} and 512 MB of memory" in text
    assert "2 cores" in text


def test_unmeasured_is_said():
    assert spell_cost(None) == "Time and memory: not measured yet."


def test_table_replaces_only_what_is_between_the_markers(course):
    readme = (course.base / "README.md").read_text()
    budget = {"00_start_here": {"lesson": {"seconds": 200, "megabytes": 640, "cores": 2}}}
    text = readme_with_table(readme, course.order, course.sources, budget)
    link = "[Efficiencies](notebooks/00_start_here.ipynb)"
    assert f"| {link} | **compute an efficiency** | 3 min | 640 MB |" in text
    assert text.startswith("# Course\n")
    assert text.endswith("\n\nThe end.\n")
    assert "old" not in text
    assert readme_with_table(text, course.order, course.sources, budget) == text


def test_readme_without_markers_is_left_alone(course):
    assert readme_with_table("# Course\n", course.order, course.sources, {}) == "# Course\n"
