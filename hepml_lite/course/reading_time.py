"""How long a student needs for a notebook besides its computation: reading, and its exercises.

The builder counts both in the source each time, so the header stays true when the text changes.
"""

import re

from hepml_lite.course.exercises import find_exercises
from hepml_lite.course.source import Source, has_tag

WORDS_PER_MINUTE = 200
MINUTES_PER_EXERCISE = 5

_picture = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_target = re.compile(r"\]\([^)]*\)")  # the address of a link: only its words are read
_html = re.compile(r"<[^>]+>")


def count_words(text: str) -> int:
    """Return how many words a reader of this Markdown sees.

    A word is what stands between two spaces and has a letter or a digit. Pictures, the addresses of
    links and HTML are not read.

    >>> count_words("See [the *paper*](https://arxiv.org): **200** words - <br> more.")
    6
    """
    text = _picture.sub(" ", text)
    text = _target.sub("]", text)
    text = _html.sub(" ", text)
    return sum(any(letter.isalnum() for letter in word) for word in text.split())


def reading_minutes(source: Source) -> int:
    """Return the minutes to read the Markdown cells of a source; hints are not counted."""
    texts = (c.source for c in source.cells if c.cell_type == "markdown" and not has_tag(c, "hint"))
    words = sum(count_words(text) for text in texts)
    return max(round(words / WORDS_PER_MINUTE), 1)


def spell_reading(source: Source) -> str:
    """Return the time of a student in words, for the header of the notebook."""
    text = f"About {reading_minutes(source)} min to read the text"
    exercises = len(find_exercises(source))
    if exercises == 0:
        return f"{text}."
    each = f"{MINUTES_PER_EXERCISE} min for " + ("each of " if exercises > 1 else "")
    plural = "s" if exercises > 1 else ""
    return f"{text}, and {each}{exercises} exercise{plural}."


def student_minutes(source: Source) -> int:
    """Return the minutes for text and exercises together."""
    return reading_minutes(source) + MINUTES_PER_EXERCISE * len(find_exercises(source))
