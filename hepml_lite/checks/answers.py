"""A student's answer, tried without harm: copies, inputs restored, and errors in one sentence."""

import copy
import functools
import inspect
import linecache
import traceback
import types
from typing import Any

import numpy as np


class Wrong(ValueError):
    """Raised by the check of an exercise; the student sees its text unchanged."""


class NotAttempted(ValueError):
    """The answer is still the stub of the notebook."""


def guarded(answer: Any, results: list[Any]) -> Any:
    """Return a copy of the answer, or a function that notices a missing ``return``.

    The function adds all that it returns to `results`. Arrays that it changes in place are
    restored, and named.
    """
    if not isinstance(answer, types.FunctionType):
        return copied(answer)

    @functools.wraps(answer)
    def tried(*args: Any, **keywords: Any) -> Any:
        kept = _kept(answer, args, keywords)
        try:
            result = answer(*args, **keywords)
        finally:
            changed = _restored(kept)
        if changed:
            raise Wrong(
                f"your {answer.__name__} changes its input {changed} in place, so that the next "
                f"cell computes with other data: begin with {changed} = {changed}.copy(), or write "
                "x = x * 2 for x *= 2"
            )
        if result is ...:
            raise NotAttempted
        if result is None:
            raise Wrong(f"your {answer.__name__} returned None: did you forget `return`?")
        results.append(copied(result))
        return result

    return tried


def _kept(answer: Any, args: tuple, keywords: dict) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, array and copy of each array that a function is called with and could change."""
    names = [*inspect.signature(answer).parameters]
    names += [f"argument_{place + 1}" for place in range(len(names), len(args))]
    given = {**dict(zip(names, args, strict=False)), **keywords}
    return [
        (name, array, array.copy())
        for name, array in given.items()
        if isinstance(array, np.ndarray) and array.flags.writeable and array.dtype.kind in "biuf"
    ]


def _restored(kept: list[tuple[str, np.ndarray, np.ndarray]]) -> str:
    """The name of the first array that has changed, or ""; all get their old values back."""
    changed = ""
    for name, array, before in kept:
        if not np.array_equal(array, before, equal_nan=True):
            array[...] = before
            changed = changed or name
    return changed


def holds_nan(value: Any) -> bool:
    """Return whether a number, an array, or a tuple or list of them contains NaN."""
    if isinstance(value, tuple | list):
        return any(holds_nan(part) for part in value)
    try:
        return bool((value != value).any()) if hasattr(value, "any") else bool(value != value)
    except Exception:  # an object that cannot be compared is not a number
        return False


def copied(value: Any) -> Any:
    """Return a copy, or the value itself if it cannot be copied (a tensor in a graph, a file)."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def _student_frames(answer: Any, error: BaseException) -> list[int]:
    """Return the positions in the traceback that belong to the student's own code."""
    home = getattr(answer, "__module__", None) if callable(answer) else None
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [i for i, frame in enumerate(frames) if home and frame.f_globals["__name__"] == home]


def raised_by(answer: Any, error: BaseException) -> bool:
    """Return whether the student's own line raised the error, not a library that it called."""
    depth = sum(1 for _ in traceback.walk_tb(error.__traceback__))
    return _student_frames(answer, error)[-1:] == [depth - 1]


def explain(answer: Any, error: Exception) -> str:
    """Return one sentence on an exception: its type, text, and the student's line if it has one."""
    what = f"{type(error).__name__}: {error}"
    kind = type(answer).__name__
    if str(error) == f"'{kind}' object is not callable":
        return (
            f"this exercise asks for a function, and your answer is of the type {kind}: give the "
            "name of the function alone, without calling it."
        )
    places = _student_frames(answer, error)
    if not places:
        subject = "what your code returns" if callable(answer) else "an answer of this type"
        return f"{subject} does not fit the question ({what})."
    frame, line = list(traceback.walk_tb(error.__traceback__))[places[-1]]
    code = linecache.getline(frame.f_code.co_filename, line).strip()
    return f"your code stopped in line {line}, `{code}`, with {what}."
