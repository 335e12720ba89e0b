"""Catalogues of typical answers: their machinery, and what the course's own checks say to them."""

from pathlib import Path

import pytest

import hepml_lite.checks as checks
from hepml_lite.checks import Wrong, exercise
from hepml_lite.course import catalogue
from hepml_lite.course.catalogue import Catalogue, Tally
from hepml_lite.course.cli import main

FOLDER = Path(__file__).parents[2] / "catalogues"
CATALOGUES = catalogue.read(FOLDER)


@pytest.fixture
def area(monkeypatch):
    """A catalogue for an exercise with every kind of outcome: the area of a circle, pi r²."""
    checks._load()
    monkeypatch.setattr(checks, "_exercises", dict(checks._exercises))

    @exercise("9.1", reference=3.1416)
    def _(answer, reference, radius, **context):
        if answer == 2 * reference * radius:
            raise Wrong("this is the circumference")
        if abs(answer) == 6:
            raise Wrong("the sign is wrong")
        if abs(answer - reference * radius**2) > 0.01 and answer != 5:
            raise Wrong("compare with a square")

    return Catalogue("9.1", context={"radius": 1})


@pytest.mark.parametrize(
    ("answer", "diagnosis", "outcome"),
    [
        (2 * 3.1416, "circumference", "named"),
        (4.0, "diameter", "generic"),
        (6.0, "circumference", "misleading"),
        (5, "circumference", "false accept"),
    ],
)
def test_outcomes_of_wrong_answers(area, answer, diagnosis, outcome):
    area.wrong_value("this one", answer, diagnosis)
    area.wrong_value("another", -6.0, "sign")
    assert catalogue.tried(area)[0].outcome == outcome


def test_a_right_answer_that_is_refused(area):
    area.right_value("right", 3.1416)
    area.right_value("in other units", 314.16)
    assert [trial.outcome for trial in catalogue.tried(area)] == ["right", "false reject"]


def test_the_last_line_of_the_table(area):
    area.wrong_value("circumference", 2 * 3.1416, "circumference")
    area.wrong_value("accepted", 5, "circumference")
    tally = Tally.of(catalogue.tried(area))
    assert str(tally) == ("named 1 of 2, generic 0, misleading 0, false accepts 1, false rejects 0")
    assert not tally.is_good


def test_too_few_named_answers_are_no_success():
    assert Tally({"named": 8, "generic": 2, "right": 3}).is_good
    assert not Tally({"named": 7, "generic": 3}).is_good


def test_the_command_prints_the_tally(capsys):
    assert main(["course", "checks", "1.1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("named ")


def test_an_exercise_without_catalogue(capsys):
    assert main(["course", "checks", "77.1"]) != 0
    assert "no catalogue for 77.1" in capsys.readouterr().err


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="checkout"):
        catalogue.read(tmp_path / "nowhere")


def test_every_exercise_has_a_catalogue():
    assert set(CATALOGUES) == set(checks.exercise_ids())


@pytest.mark.parametrize("name", CATALOGUES)
def test_checks_name_what_is_wrong(name):
    chosen = CATALOGUES[name]
    assert len(chosen.wrong_answers) >= catalogue.FEWEST
    assert chosen.right_answers
    trials = catalogue.tried(chosen)
    assert Tally.of(trials).is_good, "\n" + catalogue.table(trials)
