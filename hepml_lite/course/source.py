"""Read a notebook's source (jupytext percent); errors name the place in the file."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jupytext
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

_opening = re.compile(r"(?:\*\*)?After this notebook,? you can(?:\*\*)?[\s:,…]*(?:[-*]\s+)?", re.I)
_sentence_end = re.compile(r"[.;!?](?=\s|$)|\n\s*\n|\n\s*[-*]\s")


@dataclass(frozen=True)
class Source:
    """A source file as cells; `where` gives the name of a place for error messages."""

    path: Path
    cells: list[NotebookNode]
    first_lines: list[int]  # line of each cell's marker in the file; empty if not known

    def where(self, cell: int, line: int = 0) -> str:
        """Return "file:line (cell 7)" for a line (counted from 0) of cell `cell` (from 0)."""
        place = f":{self.first_lines[cell] + 1 + line}" if self.first_lines else ""
        return f"{self.path}{place} (cell {cell + 1})"

    @property
    def title(self) -> str:
        """The first heading, without its ``#``."""
        return self.cells[0].source.splitlines()[0].lstrip("# ").strip()

    @property
    def objective(self) -> str:
        """The objective of the notebook: the first sentence or bullet, in one line."""
        cell = next(cell for cell in self.cells if has_tag(cell, "objectives"))
        text = _opening.split(cell.source, maxsplit=1)[-1]
        return " ".join(_sentence_end.split(text, maxsplit=1)[0].split())


def read_source(path: Path) -> Source:
    """Read a percent source.

    Raises:
        ValueError: if the title, the objectives or the ``parameters`` cell is missing, or if a code
            cell is not valid Python; the message gives the place and the remedy.
    """
    text = path.read_text(encoding="utf-8")
    cells = jupytext.reads(text, fmt="py:percent").cells
    markers = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"# %%(\s|$)", line)]
    if len(markers) != len(cells):  # text before the first marker: line numbers are not known
        markers = []
    filled = [n for n, cell in enumerate(cells) if cell.source.strip()]
    source = Source(path, [cells[n] for n in filled], [markers[n] for n in filled if markers])
    _require_head(source)
    _require_python(source)
    _require_parameters(source)
    return source


def _require_python(source: Source) -> None:
    for number, cell in code_cells(source.cells):
        try:
            parse(cell.source)
        except SyntaxError as error:
            where = source.where(number, (error.lineno or 1) - 1)
            raise ValueError(f"{where}: not valid Python: {error.msg}.") from None


def _require_head(source: Source) -> None:
    cells = source.cells
    if not cells or cells[0].cell_type != "markdown" or not cells[0].source.startswith("# "):
        raise ValueError(f"{source.path}: begin with a Markdown cell '# Title'.")
    if not any(has_tag(cell, "objectives") for cell in cells):
        raise ValueError(
            f"{source.path}: tag one Markdown cell 'objectives'; it begins with "
            "'After this notebook you can' and goes into the table of notebooks."
        )


def _require_parameters(source: Source) -> None:
    tagged = [(n, cell) for n, cell in code_cells(source.cells) if has_tag(cell, "parameters")]
    if len(tagged) != 1:
        raise ValueError(
            f"{source.path}: {len(tagged)} code cells are tagged 'parameters', one is needed: "
            '\'# %% tags=["parameters"]\' with PROFILE = "lesson" and SEED = 1.'
        )
    number, cell = tagged[0]
    missing = {"PROFILE", "SEED"} - set(bound_names(parse(cell.source).body))
    if missing:
        raise ValueError(f"{source.where(number)}: set {' and '.join(sorted(missing))} here.")


def has_tag(cell: NotebookNode, tag: str) -> bool:
    """Return whether `cell` has the tag."""
    return tag in cell.metadata.get("tags", ())


def code_cells(cells: Iterable[NotebookNode]) -> Iterator[tuple[int, NotebookNode]]:
    """Yield (position among all cells, cell) for each code cell."""
    return ((n, cell) for n, cell in enumerate(cells) if cell.cell_type == "code")


def parse(code: str) -> ast.Module:
    """Parse a code cell; lines such as ``%matplotlib inline`` are allowed.

    Raises:
        SyntaxError: if it is not valid Python.
    """
    try:
        return ast.parse(code)
    except SyntaxError:
        return ast.parse(TransformerManager().transform_cell(code))


def bound_names(statements: list[ast.stmt]) -> list[str]:
    """Return the names that the statements assign or define, in order, each once."""
    bindings = _Bindings()
    for statement in statements:
        bindings.visit(statement)
    return list(bindings.names)


class _Bindings(ast.NodeVisitor):
    """A collector of assigned and defined names, also in loops and branches, not in functions."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self.names[node.name] = None

    visit_ClassDef = visit_FunctionDef

    def visit_Assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = (name for target in targets for name in ast.walk(target))
        stored = (name for name in names if isinstance(name, ast.Name))
        self.names |= {name.id: None for name in stored if isinstance(name.ctx, ast.Store)}

    visit_AnnAssign = visit_AugAssign = visit_Assign
