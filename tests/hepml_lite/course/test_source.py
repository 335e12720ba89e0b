import re

import pytest

from hepml_lite.course.source import bound_names, parse, read_source


@pytest.fixture
def read(checkout, add_source):
    return lambda text: read_source(add_source(checkout, "00_start_here", text))


def test_title_and_objective(read, source):
    notebook = read(source)
    assert notebook.title == "Efficiencies"
    assert notebook.objective == "**compute an efficiency**"


@pytest.mark.parametrize(
    "text",
    [
        "After this notebook you can\n#\n# - read a ROC curve;\n# - more.",
        "**After this notebook you can**:\n# * read a ROC curve\n# * more",
        "**After this notebook, you can** read a\n# ROC curve. And more.",
    ],
)
def test_objective_is_the_first_thing_named(read, source, text):
    sentence = re.search("After this notebook.*", source)[0]
    assert read(source.replace(sentence, text)).objective == "read a ROC curve"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# # Efficiencies", "# Efficiencies", "begin with a Markdown cell"),
        (' tags=["objectives"]', "", "tag one Markdown cell 'objectives'"),
        (' tags=["parameters"]', "", "0 code cells are tagged 'parameters'"),
        ("SEED = 1", "", r"py:10 \(cell 3\): set SEED here"),
        ("N_EVENTS = 10", "N_EVENTS = = 10", r"py:12 \(cell 3\): not valid Python"),
    ],
)
def test_malformed_source_names_place_and_remedy(read, source, old, new, words):
    with pytest.raises(ValueError, match=words):
        read(source.replace(old, new))


def test_magics_are_python_enough(read, source):
    notebook = read(source.replace("N_EVENTS = 10", "# %matplotlib inline\n# !ls"))
    assert notebook.title == "Efficiencies"


def test_bound_names():
    code = (
        "a, (b, c) = 1, (2, 3)\nfor i in range(3):\n    d: int = i\nx[0] = 1\ndef f():\n    g = 1"
    )
    assert bound_names(parse(code).body) == ["a", "b", "c", "d", "f"]
