"""Turn a source with solutions into the stub that students see, or into the solved code.

A region between ``# BEGIN SOLUTION`` and ``# END SOLUTION`` inside a function becomes
``raise NotImplementedError``; elsewhere each name that it assigns becomes ``name = ...``. The line
``x = ...  # SOLUTION: 1 / efficiency`` is a stub as it stands.
"""

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from hepml_lite.course.source import Source, bound_names, has_tag, parse

_begin = re.compile(r"[ \t]*# BEGIN SOLUTION[ \t]*")
_end = re.compile(r"[ \t]*# END SOLUTION[ \t]*")
_inline = re.compile(r"(?P<stub>.*\.\.\.)\s*# SOLUTION:\s*(?P<answer>.*?)\s*")
_call = re.compile(r"\bcheck\(\s*(?P<quote>[\"'])(?P<id>[^\"']+)(?P=quote)")
_todo = "# Your code here"


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook: its id, and the cell (counted from 0) that holds its stub."""

    id: str
    cell: int


def has_solution(code: str) -> bool:
    """Return whether the code carries a solution marker, whole or broken."""
    return bool(re.search(r"# (BEGIN SOLUTION|END SOLUTION|SOLUTION:)", code))


def solved(code: str) -> str:
    """Return the code with its solutions filled in and the markers gone."""
    lines = [
        line for line in code.splitlines() if not (_begin.fullmatch(line) or _end.fullmatch(line))
    ]
    return "\n".join(_fill(line) for line in lines)


def stub(code: str) -> str:
    """Return the code with each solution replaced by a place to write one."""
    lines, tree = code.splitlines(), parse(code)
    for start, stop in reversed(list(_regions(lines))):
        lines[start : stop + 1] = _placeholder(lines, start, stop, tree)
    matches = ((line, _inline.fullmatch(line)) for line in lines)
    return "\n".join(f"{match['stub']}  {_todo}" if match else line for line, match in matches)


def _fill(line: str) -> str:
    match = _inline.fullmatch(line)
    return match["stub"].removesuffix("...") + match["answer"] if match else line


def _regions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield first and last line of each region; raise a ValueError(message, line) if one is cut."""
    start = None
    for number, line in enumerate(lines):
        if _begin.fullmatch(line):
            if start is not None:
                raise ValueError("'# BEGIN SOLUTION' inside a solution: end the first one", number)
            start = number
        elif _end.fullmatch(line):
            if start is None:
                raise ValueError("'# END SOLUTION' without '# BEGIN SOLUTION'", number)
            yield start, number
            start = None
        elif "# SOLUTION:" in line and not _inline.fullmatch(line):
            raise ValueError("write it as 'x = ...  # SOLUTION: the answer'", number)
    if start is not None:
        raise ValueError("'# BEGIN SOLUTION' without '# END SOLUTION'", start)


def _placeholder(lines: list[str], start: int, stop: int, tree: ast.Module) -> list[str]:
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))
    if any(n.lineno <= start < (n.end_lineno or n.lineno) for n in functions):
        todo = ["raise NotImplementedError"]
    else:
        body = textwrap.dedent("\n".join(lines[start + 1 : stop]))
        todo = [f"{name} = ..." for name in bound_names(parse(body).body)]
    return [indent + line for line in [_todo, *todo]]


def find_exercises(source: Source) -> list[Exercise]:
    """Return the exercises of a source, in order, after checking that it is well formed.

    Raises ValueError, naming file, line, cell and remedy, for a broken solution marker, an
    exercise without a call of ``check`` in its own or the next code cell, a call without an
    exercise, an id used twice, and a hint that follows no exercise.
    """
    found: list[Exercise] = []
    waiting = None  # the exercise cell whose check may still come
    for number, cell in enumerate(source.cells):
        if cell.cell_type == "markdown":
            _require_place_of_hint(source, number)
            continue
        if has_solution(cell.source):
            _require_answered(source, waiting)
            _require_markers(source, number)
            waiting = number
        ids = [match["id"] for match in _call.finditer(cell.source)]
        if ids and waiting is None:
            raise ValueError(
                f"{source.where(number)}: check({ids[0]!r}) without an exercise: put the solution "
                "between '# BEGIN SOLUTION' and '# END SOLUTION' here or in the code cell before."
            )
        if waiting is not None:
            found += [Exercise(name, waiting) for name in ids]
        if ids:
            waiting = None
        elif waiting is not None and waiting != number:
            _require_answered(source, waiting)
    _require_answered(source, waiting)
    _require_unique(source, found)
    return found


def _require_answered(source: Source, waiting: int | None) -> None:
    if waiting is not None:
        raise ValueError(
            f"{source.where(waiting)}: an exercise without a check: add "
            "'answer = check(\"2.3\", answer)' to this code cell or to the next."
        )


def _require_markers(source: Source, number: int) -> None:
    try:
        list(_regions(source.cells[number].source.splitlines()))
    except ValueError as error:
        message, line = error.args
        raise ValueError(f"{source.where(number, line)}: {message}.") from None


def _require_unique(source: Source, exercises: list[Exercise]) -> None:
    cells: dict[str, int] = {}
    for exercise in exercises:
        if exercise.id in cells:
            raise ValueError(
                f"{source.where(exercise.cell)}: exercise {exercise.id!r} is already in cell "
                f"{cells[exercise.id] + 1}; give it its own number."
            )
        cells[exercise.id] = exercise.cell


def _require_place_of_hint(source: Source, number: int) -> None:
    """A hint stands directly under its exercise cell, or under a hint that does."""
    before = number - 1
    while before > 0 and has_tag(source.cells[before], "hint"):
        before -= 1
    if has_tag(source.cells[number], "hint") and not has_solution(source.cells[before].source):
        raise ValueError(f"{source.where(number)}: a hint goes directly under its exercise cell.")


def fold(summary: str, body: str, tag: str) -> NotebookNode:
    """Return a Markdown cell that shows `summary` and unfolds `body`."""
    text = f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
    return new_markdown_cell(text, metadata={"tags": [tag]})
