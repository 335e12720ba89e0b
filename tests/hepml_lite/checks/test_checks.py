import importlib
import sys
import textwrap

import numpy as np
import pytest

import hepml_lite.checks as checks
from hepml_lite.checks import Wrong, check, exercise, exercise_ids


@pytest.fixture(autouse=True)
def own_exercises(monkeypatch):
    """Register into a copy, so that no test sees the exercises of another."""
    checks._load()
    monkeypatch.setattr(checks, "_exercises", dict(checks._exercises))
    monkeypatch.delenv("HEPML_STRICT", raising=False)


@pytest.fixture
def half():
    @exercise("9.1", reference=0.5)
    def _(answer, **context):
        if abs(answer - 0.5) > 1e-6:
            raise Wrong(f"{answer} events of one: did you divide by the total?")
        return "half of the events pass"


@pytest.fixture
def doubling():
    @exercise("9.2", reference=lambda x: 2 * x)
    def _(answer, reference, **context):
        if answer(3) != reference(3):
            raise Wrong(f"3 became {answer(3)}")


def test_right_answer_is_returned_itself(half, capsys):
    answer = np.float64(0.5)
    assert check("9.1", answer) is answer
    assert capsys.readouterr().out == "✓ Exercise 9.1: right: half of the events pass\n"


def test_wrong_answer_is_explained_and_replaced(half, capsys):
    assert check("9.1", 3.0) == 0.5
    assert "3.0 events of one: did you divide by the total?" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [..., None])
def test_open_answer_is_replaced(half, capsys, answer):
    assert check("9.1", answer) == 0.5
    assert "not attempted yet" in capsys.readouterr().out


def unwritten(x):
    raise NotImplementedError


def unfinished(x):
    return ...


class UnwrittenClass:
    def __call__(self, x):
        raise NotImplementedError


@pytest.mark.parametrize("answer", [unwritten, unfinished, UnwrittenClass()])
def test_stub_function_is_not_attempted(doubling, capsys, answer):
    assert check("9.2", answer)(4) == 8
    assert "not attempted yet" in capsys.readouterr().out


def forgets_return(x):
    2 * x


def divides_by_zero(x):
    y = x - 3
    return 6 / y


def loops(x):
    return loops(x)


def asks_a_library(x):
    return importlib.import_module("no_such_module")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (forgets_return, "did you forget `return`?"),
        (divides_by_zero, "`return 6 / y`, with ZeroDivisionError: division by zero"),
        (loops, "RecursionError"),
        (asks_a_library, "`return importlib.import_module"),
        (5, "asks for a function, and your answer is of the type int: give the name"),
        (lambda: 6, "takes 0 positional arguments"),
    ],
)
def test_broken_answer_never_raises(doubling, capsys, answer, words):
    assert check("9.2", answer)(4) == 8
    assert words in capsys.readouterr().out


def test_line_of_the_student_is_named(doubling, capsys):
    check("9.2", divides_by_zero)
    line = divides_by_zero.__code__.co_firstlineno + 2
    assert f"line {line}" in capsys.readouterr().out


def doubles_in_place(x):
    x *= 2
    return x


def halves_and_stops(x):
    x /= 2
    raise ValueError("too small")


@pytest.mark.parametrize(
    ("answer", "words"),
    [(doubles_in_place, "changes its input x in place"), (halves_and_stops, "too small")],
)
def test_data_of_the_notebook_stay_as_they_are(answer, words, capsys):
    data = np.array([1.0, 2.0])

    @exercise("9.3", reference=lambda x: 2 * x)
    def _(answer, reference, **context):
        if (answer(data) != [2, 4]).any():
            raise Wrong("two and four")

    assert check("9.3", answer) is not answer
    assert words in capsys.readouterr().out
    assert data.tolist() == [1, 2]


def test_unimplemented_in_a_library_is_no_stub(doubling, capsys):
    library = {"__name__": "some_library"}
    exec("def multiply(x):\n    raise NotImplementedError('no kernel')", library)
    check("9.2", lambda x: library["multiply"](x))
    assert "NotImplementedError: no kernel" in capsys.readouterr().out


def test_reference_from_the_data_of_the_notebook(capsys):
    @exercise("9.3", reference_from=lambda scores, **_: scores.mean())
    def _(answer, reference, **context):
        if answer != reference:
            raise Wrong("not the mean")

    scores = np.array([1.0, 2.0, 6.0])
    assert check("9.3", ..., scores=scores, labels=None) == 3
    assert check("9.3", 3.0, scores=scores, labels=None) == 3
    assert check("9.3", "mine", scores="not an array") == "mine"
    assert "cannot be checked with these data" in capsys.readouterr().out


def test_neither_answer_nor_reference_is_shared():
    stored = np.array([1.0, 2.0])

    @exercise("9.4", reference=stored)
    def _(answer, reference, **context):
        answer *= 0
        reference *= 0

    answer = np.array([1.0, 2.0])
    assert check("9.4", answer) is answer
    assert answer.tolist() == [1, 2]
    given = check("9.4", ...)
    given *= 0
    assert check("9.4", ...).tolist() == [1, 2]


@pytest.mark.parametrize("answer", [..., 3.0])
def test_strict_raises(half, monkeypatch, answer):
    monkeypatch.setenv("HEPML_STRICT", "1")
    assert check("9.1", 0.5) == 0.5
    with pytest.raises(Wrong, match=r"exercise 9\.1"):
        check("9.1", answer)


def test_strict_tests_the_reference_too(monkeypatch):
    @exercise("9.5", reference=7)
    def _(answer, **context):
        if answer != 5:
            raise Wrong(f"{answer} is not 5")

    monkeypatch.setenv("HEPML_STRICT", "1")
    with pytest.raises(Wrong, match="reference: 7 is not 5"):
        check("9.5", 5)


def test_unknown_exercise_names_the_known(half):
    with pytest.raises(ValueError, match=r"no exercise '8\.9'.*9\.1"):
        check("8.9", 1)


def test_taken_number_is_refused(half):
    with pytest.raises(ValueError, match=r"'9\.1' is already in .*test_checks"):
        exercise("9.1", reference=1)


@pytest.mark.parametrize("references", [{}, {"reference": 1, "reference_from": unwritten}])
def test_exactly_one_reference(references):
    with pytest.raises(ValueError, match="either reference or reference_from"):
        exercise("9.6", **references)


def test_check_must_take_further_keywords():
    with pytest.raises(ValueError, match=r"\*\*context"):
        exercise("9.6", reference=1)(lambda answer: None)


def test_themes_are_found_automatically(tmp_path, monkeypatch):
    (tmp_path / "found.py").write_text(
        textwrap.dedent("""
        from hepml_lite.checks import exercise
        exercise("9.7", reference=1)(lambda answer, **context: None)
        """)
    )
    (tmp_path / "broken.py").write_text("import no_such_module")
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path)])
    checks._load.cache_clear()
    try:
        assert "9.7" in exercise_ids()
        with pytest.raises(ValueError, match=r"broken could not be loaded: ModuleNotFoundError"):
            check("8.9", 1)
    finally:
        checks._load.cache_clear()
        sys.modules.pop("hepml_lite.checks.found")


def test_notebook_gets_a_box_and_the_same_words(half, monkeypatch):
    shown = []
    ipython = type(sys)("IPython")
    ipython.get_ipython = lambda: object()
    ipython.display = type(sys)("display")
    ipython.display.display = lambda data, raw: shown.append(data)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    check("9.1", 7)
    assert "7 events of one" in shown[0]["text/plain"]
    assert "7 events of one" in shown[0]["text/html"]
    assert "<div" in shown[0]["text/html"]


def test_a_nan_answer_is_never_right(half, doubling, capsys):
    """A comparison such as abs(answer - 0.5) > 1e-6 is false for NaN, and lets it pass."""

    @exercise("9.3", reference=lambda x: np.full(2, x))
    def _(answer, reference, **context):
        if (np.abs(answer(1.0) - reference(1.0)) > 0.1).any():
            raise Wrong("two ones")

    assert check("9.1", float("nan")) == 0.5
    assert "contains NaN" in capsys.readouterr().out
    check("9.3", lambda x: np.array([x, np.nan]))
    assert "contains NaN" in capsys.readouterr().out
    check("9.3", lambda x: np.array([x, x]))
    assert "right" in capsys.readouterr().out
