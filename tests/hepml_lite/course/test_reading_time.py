import pytest

from hepml_lite.course.build import Course
from hepml_lite.course.reading_time import (
    count_words,
    reading_minutes,
    spell_reading,
    student_minutes,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one two three", 3),
        ("![a picture of a jet](jet.png) and text", 2),
        ("[two words](https://example.org/a b)", 2),
        ("<details><summary>A hint</summary> inside </details>", 3),
        ("a - b | --- | c", 3),
        ("", 0),
    ],
)
def test_words_that_are_seen(text, words):
    assert count_words(text) == words


@pytest.fixture
def read(checkout, add_source, source):
    def with_text(text):
        first = '# %% [markdown] tags=["objectives"]'
        add_source(checkout, "00_start_here", source.replace(first, f"{text}{first}", 1))
        return Course(checkout).sources["00_start_here"]

    return with_text


def cell(words, tags=""):
    return f"# %% [markdown]{tags}\n# {'word ' * words}\n\n"


def test_text_at_two_hundred_words_a_minute(read):
    short = reading_minutes(read(""))
    assert reading_minutes(read(cell(2000))) in (short + 9, short + 10)


def test_exercises_take_their_time(read):
    found = read(cell(2000))
    assert student_minutes(found) == reading_minutes(found) + 5
    assert "5 min for 1 exercise." in spell_reading(found)


def test_longer_text_makes_the_notebook_stale(checkout, read):
    read("")
    Course(checkout).write()
    read(cell(2000))
    text = Course(checkout).built(Course(checkout).order[0]).cells[1].source
    assert "min to read the text" in text
    assert Course(checkout).stale()
