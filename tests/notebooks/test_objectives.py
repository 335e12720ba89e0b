"""What a notebook promises is what its exercises ask for."""

import re

import pytest

from hepml_lite.course.exercises import find_exercises
from hepml_lite.course.paths import root
from hepml_lite.course.source import has_tag, read_source

PROMISES = ["00_start_here", "tutorials/01_representations", "tutorials/02_tagging"]


@pytest.mark.parametrize("name", PROMISES)
def test_each_objective_names_its_exercise(name):
    source = read_source(root() / "notebooks" / "source" / f"{name}.py")
    cell = next(cell for cell in source.cells if has_tag(cell, "objectives"))
    there = {exercise.id for exercise in find_exercises(source)}
    bullets = cell.source.partition("**You need**")[0].split("\n- ")[1:]
    assert bullets
    for bullet in bullets:
        promised = set(re.findall(r"exercise (\d\.\d)", bullet))
        assert promised, f"no exercise for: {bullet}"
        assert promised <= there
