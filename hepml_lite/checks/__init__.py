"""Checks of exercises: they say what is physically wrong with an answer, without a traceback.

In a notebook::

    from hepml_lite.checks import check
    rejection = check("2.3", rejection, labels=labels, scores=scores)

In ``hepml_lite/checks/<theme>.py`` (every module of this package is loaded automatically)::

    from hepml_lite.checks import Wrong, exercise

    @exercise("2.3", reference=reweighting)
    def _(answer, reference, scores, **context):
        total = answer(scores).sum()
        if abs(total - 1) > 0.01:
            raise Wrong(f"your weights sum to {total:.2f}: did you forget f/(1-f)?")
        return "the weights turn the simulation into the data."    # optional, shown after "right"

**One rule for references.** ``reference=`` takes the model answer itself: a number, an array or a
function. If the model answer depends on the notebook's data, ``reference_from=`` takes a function
that computes it from the keywords that the notebook gives to `check`.
"""

import functools
import html
import importlib
import inspect
import os
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hepml_lite.checks.answers import (
    NotAttempted,
    Wrong,
    copied,
    explain,
    guarded,
    holds_nan,
    raised_by,
)

__all__ = ["Wrong", "check", "exercise", "exercise_ids", "judge"]


@dataclass(frozen=True)
class _Exercise:
    verify: Callable[..., str | None]
    reference: Callable[..., Any]


_exercises: dict[str, _Exercise] = {}
_verdicts = {"right": ("✓", "#009E73"), "wrong": ("✗", "#D55E00"), "open": ("…", "#0072B2")}
_go_on = "The cells below use the reference answer."


def exercise(
    exercise_id: str,
    *,
    reference: Any = ...,
    reference_from: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., str | None]], Callable[..., str | None]]:
    """Register the decorated function as the check of `exercise_id`, for instance ``"2.3"``.

    The function is called as ``verify(answer, reference=..., **context)``, with the keywords that
    the notebook gave to `check`. It must take ``**`` keywords, so that a notebook may give more.
    It raises `Wrong` to say what is wrong with the answer. If it returns a text, the text is shown
    after "right".

    Args:
        exercise_id: number of the exercise; no other check has it.
        reference: the model answer itself.
        reference_from: a function that computes the model answer from the notebook's keywords.
            Give either this or `reference`.

    Raises:
        ValueError: if the id is taken, if none or both of the references are given, or if the
            check takes no ``**`` keywords.
    """
    if (reference is ...) == (reference_from is None):
        raise ValueError(f"exercise {exercise_id!r}: give either reference or reference_from.")
    if exercise_id in _exercises:
        taken = inspect.unwrap(_exercises[exercise_id].verify).__module__
        raise ValueError(f"exercise {exercise_id!r} is already in {taken}; choose another number.")

    def register(verify: Callable[..., str | None]) -> Callable[..., str | None]:
        kinds = {parameter.kind for parameter in inspect.signature(verify).parameters.values()}
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            raise ValueError(f"exercise {exercise_id!r}: its check must take **context.")
        _exercises[exercise_id] = _Exercise(verify, reference_from or (lambda **_: reference))
        return verify

    return register


def exercise_ids() -> list[str]:
    """Return the ids of all exercises, sorted."""
    _load()
    return sorted(_exercises)


def check(exercise_id: str, answer: Any, /, **context: Any) -> Any:
    """Say whether `answer` is right; return it if it is, else a fresh reference answer.

    Shows *not attempted yet* (the answer is ``...`` or None, or a function that raises
    NotImplementedError or returns ``...``), *right*, or what is wrong. A wrong answer or a broken
    function raises no error, so that *Run all* reaches the end. With ``HEPML_STRICT=1`` in the
    environment it raises `Wrong`, and the reference must pass the check as well.

    Args:
        exercise_id: number of the exercise.
        answer: what the student wrote; the check gets a copy.
        **context: the notebook's data that the check needs.

    Raises:
        ValueError: if there is no such exercise.
    """
    task = _find(exercise_id)
    try:
        reference = task.reference(**context)
    except Exception as error:
        return _no_reference(exercise_id, answer, error)
    verdict, message = _judge(task, answer, reference, context)
    if _strict():
        _insist(exercise_id, verdict, message)
        _insist(exercise_id, *_judge(task, reference, reference, context), whose="reference: ")
    _show(exercise_id, verdict, message)
    return answer if verdict == "right" else copied(reference)


def judge(exercise_id: str, answer: Any, /, **context: Any) -> tuple[str, str]:
    """The verdict (right, wrong or open) that `check` shows, and its text; nothing is shown.

    Args:
        exercise_id: number of the exercise.
        answer: what a student may write.
        **context: the notebook's data that the check needs.

    Raises:
        ValueError: if there is no such exercise.
    """
    task = _find(exercise_id)
    return _judge(task, answer, task.reference(**context), context)


def _judge(task: _Exercise, answer: Any, reference: Any, context: dict) -> tuple[str, str]:
    """Return the verdict (right, wrong or open) and the text that goes with it."""
    if answer is ... or answer is None:
        return "open", f"not attempted yet. {_go_on}"
    results = [answer]
    try:
        said = task.verify(guarded(answer, results), **(context | {"reference": copied(reference)}))
    except NotAttempted:
        return "open", f"not attempted yet. {_go_on}"
    except Wrong as error:
        stop = "" if str(error).endswith((".", "!", "?")) else "."
        return "wrong", f"{error}{stop} {_go_on}"
    except Exception as error:
        if isinstance(error, NotImplementedError) and raised_by(answer, error):
            return "open", f"not attempted yet. {_go_on}"
        return "wrong", f"{explain(answer, error)} {_go_on}"
    if any(holds_nan(result) for result in results) and not holds_nan(reference):
        return "wrong", (
            "your answer contains NaN. Did you divide by zero, or take the root or the logarithm "
            f"of a negative number? {_go_on}"
        )
    return "right", f"right: {said}" if isinstance(said, str) else "right."


def _no_reference(exercise_id: str, answer: Any, error: Exception) -> Any:
    """Show that the notebook's own data do not fit the exercise; return the answer unchanged."""
    what = f"{type(error).__name__}: {error}"
    message = f"cannot be checked with these data ({what}). Run the cells above again."
    if _strict():
        raise Wrong(f"exercise {exercise_id}: {message}") from error
    _show(exercise_id, "wrong", message)
    return answer


def _insist(exercise_id: str, verdict: str, message: str, whose: str = "") -> None:
    if verdict != "right":
        raise Wrong(f"exercise {exercise_id}: {whose}{message}")


def _strict() -> bool:
    return os.environ.get("HEPML_STRICT", "0") not in ("", "0")


def _show(exercise_id: str, verdict: str, message: str) -> None:
    """Show a coloured box in a notebook, and the same words as plain text elsewhere."""
    sign, colour = _verdicts[verdict]
    text = f"{sign} Exercise {exercise_id}: {message}"
    ipython = sys.modules.get("IPython")  # importing it takes long, and only a notebook needs it
    if ipython is None or ipython.get_ipython() is None:
        print(text)
        return
    style = f"border-left: 6px solid {colour}; padding: 0.4em 0.8em; margin: 0.3em 0"
    body = f"<b>{sign} Exercise {html.escape(exercise_id)}:</b> {html.escape(message)}"
    box = f'<div role="status" style="{style}">{body}</div>'
    ipython.display.display({"text/plain": text, "text/html": box}, raw=True)


def _find(exercise_id: str) -> _Exercise:
    failed = _load()
    if exercise_id not in _exercises:
        broken = "".join(f" {name} could not be loaded: {why}." for name, why in failed.items())
        known = ", ".join(sorted(_exercises)) or "none"
        raise ValueError(f"no exercise {exercise_id!r}; the exercises are: {known}.{broken}")
    return _exercises[exercise_id]


@functools.cache
def _load() -> dict[str, str]:
    """Import every module of this package once; return those that failed, with the reason."""
    failed = {}
    for module in pkgutil.iter_modules(__path__, __name__ + "."):
        try:
            importlib.import_module(module.name)
        except Exception as error:  # one theme's mistake must not stop the other six
            failed[module.name] = f"{type(error).__name__}: {error}"
    return failed
