"""Checks of a built notebook for mistakes that are easily overlooked."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from hepml_lite.course.outputs import compared, without_output
from hepml_lite.course.source import bound_names, code_cells, has_tag, parse

longest_cell = 25  # lines: longer code belongs in the library
largest_file = 100_000  # bytes
long_allowed = "the-code-is-the-lesson"  # the tag of a cell that may be longer

_picture = re.compile(r"!\[(?P<alt>[^\]]*)\]\(")
_html_picture = re.compile(r"<img\b[^>]*>", re.I)
_has_alt = re.compile(r"\balt\s*=\s*[\"'][^\"']*\S[^\"']*[\"']", re.I)
_link = re.compile(r"\]\((?P<target>[^)\s]+)[^)]*\)|\b(?:src|href)=[\"'](?P<address>[^\"']+)[\"']")
_elsewhere = re.compile(r"[a-z][a-z0-9+.-]*:|#|//", re.I)


def problems(path: Path) -> list[str]:
    """Return the problems of a built notebook, each with its cell and its remedy."""
    notebook = nbformat.read(path, as_version=4)
    found = [
        *_outputs(notebook),
        *_parameters(notebook),
        *_lengths(notebook),
        *_pictures(notebook),
        *_links(notebook, path.parent),
    ]
    if path.stat().st_size >= largest_file:
        found.append(f"{path.stat().st_size} bytes, allowed are {largest_file}: no outputs in it?")
    return found


def _outputs(notebook: NotebookNode) -> Iterator[str]:
    for number in without_output(notebook):
        remedy = "run: hepml course build --execute"  # nbval would pass without comparing anything
        yield f"cell {number + 1} is tagged {compared} but has no stored output; {remedy}"
    for number, cell in code_cells(notebook.cells):
        if not has_tag(cell, compared) and (cell.outputs or cell.execution_count is not None):
            yield f"cell {number + 1} has an output but no tag {compared}; run: hepml course build"


def _parameters(notebook: NotebookNode) -> Iterator[str]:
    cells = [cell for _, cell in code_cells(notebook.cells) if has_tag(cell, "parameters")]
    names = bound_names(parse(cells[0].source).body) if cells else []
    for name in ("PROFILE", "SEED"):
        if name not in names:
            yield f"no cell tagged 'parameters' sets {name}"


def _lengths(notebook: NotebookNode) -> Iterator[str]:
    for number, cell in code_cells(notebook.cells):
        lines = len(cell.source.splitlines())
        if lines > longest_cell and not has_tag(cell, long_allowed):
            remedy = f"move code into the library, or tag it {long_allowed!r}"
            yield f"cell {number + 1} has {lines} lines, allowed are {longest_cell}: {remedy}"


def _pictures(notebook: NotebookNode) -> Iterator[str]:
    for number, text in _markdown(notebook):
        bare = [match for match in _picture.finditer(text) if not match["alt"].strip()]
        bare += [match for match in _html_picture.finditer(text) if not _has_alt.search(match[0])]
        if bare:
            yield f"cell {number + 1} has a picture without alternative text: ![what it shows](…)"


def _links(notebook: NotebookNode, folder: Path) -> Iterator[str]:
    for number, text in _markdown(notebook):
        for match in _link.finditer(text):
            target = match["target"] or match["address"]
            if not _elsewhere.match(target) and not (folder / target.partition("#")[0]).exists():
                yield f"cell {number + 1} links to {target}, which is not there"


def _markdown(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    """Yield (position, text) of the Markdown cells; code and formulae are left out."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield number, re.sub(r"```.*?```|`[^`\n]*`|\$[^$]*\$", "", cell.source, flags=re.S)
