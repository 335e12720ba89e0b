"""Build the notebooks that students open from the sources that authors edit.

The same sources always give the same bytes. Outputs are kept only in cells tagged
``nbval-check-output``, and only while the cell's code stays as it is (see `outputs`).
"""

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from hepml_lite.course.exercises import find_exercises, fold, has_solution, solved, stub
from hepml_lite.course.header import (
    colab_cell,
    header,
    read_budget,
    read_repository,
    readme_with_table,
)
from hepml_lite.course.outputs import keep_outputs, without_output
from hepml_lite.course.paths import Entry, entries
from hepml_lite.course.pictures import embed_pictures
from hepml_lite.course.source import Source, has_tag, read_source
from hepml_lite.files import write_text

_metadata = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Course:
    """All sources of a checkout, read and checked; every kind of notebook is made from them.

    Raises:
        ValueError: if a source is not well formed, or two notebooks use the same exercise id; the
            message gives the place and the remedy.
        FileNotFoundError: if the checkout has no source.
    """

    def __init__(self, base: Path) -> None:
        self.base = base
        self.order = entries(base)
        if not self.order:
            raise FileNotFoundError(
                f"{base}/notebooks/source has no notebook: write 00_start_here.py."
            )
        self.sources = {entry.name: read_source(entry.source) for entry in self.order}
        self.titles = {name: source.title for name, source in self.sources.items()}
        self.budget = read_budget(base)
        self.repository = read_repository(base)
        self._require_unique_exercises()

    def _require_unique_exercises(self) -> None:
        places: dict[str, str] = {}
        for source in self.sources.values():
            for exercise in find_exercises(source):
                place = source.where(exercise.cell)
                if exercise.id in places:
                    raise ValueError(
                        f"{place}: exercise {exercise.id!r} is already in {places[exercise.id]}; "
                        "give it its own number."
                    )
                places[exercise.id] = place

    def built(self, entry: Entry) -> NotebookNode:
        """Return the notebook for students: stubs, with folded hints and solutions."""
        notebook = self._assemble(entry, _handed_out)
        if entry.notebook.is_file():
            keep_outputs(notebook, nbformat.read(entry.notebook, as_version=4))
        return notebook

    def student(self, entry: Entry) -> NotebookNode:
        """Return the notebook for students without the folded solutions."""
        notebook = self.built(entry)
        notebook.cells = [cell for cell in notebook.cells if not has_tag(cell, "solution")]
        return notebook

    def solved(self, entry: Entry) -> NotebookNode:
        """Return the notebook with every exercise solved."""
        return self._assemble(entry, _solved)

    def _assemble(self, entry: Entry, body: Callable[[Source], list[NotebookNode]]) -> NotebookNode:
        cost = self.budget.get(entry.name, {}).get("lesson")
        source = self.sources[entry.name]
        title, *rest = body(source)
        about = header(entry, self.order, self.titles, cost, source, self.repository)
        cells = [title, about, colab_cell(self.repository), *rest]
        return new_notebook(cells=_numbered(cells), metadata=_metadata)

    def files(self) -> dict[Path, str]:
        """Return the files that `write` writes: {path: text} of every notebook and of README.md."""
        texts = {entry.notebook: as_text(self.built(entry)) for entry in self.order}
        readme = self.base / "README.md"
        if readme.is_file():
            old = readme.read_text(encoding="utf-8")
            texts[readme] = readme_with_table(old, self.order, self.sources, self.budget)
        return texts

    def stale(self) -> list[Path]:
        """Return the files that a build would change, and notebooks that have no source."""
        texts = self.files()
        changed = [path for path, text in texts.items() if _read(path) != text]
        present = (self.base / "notebooks").rglob("*.ipynb")
        orphans = [p for p in present if p not in texts and ".ipynb_checkpoints" not in p.parts]
        return sorted(changed + orphans)

    def write(self) -> list[Path]:
        """Write the files that have changed; return their paths."""
        texts = self.files()
        changed = [path for path, text in texts.items() if _read(path) != text]
        for path in changed:
            write_text(path, texts[path])
        return changed

    def remake_outputs(self) -> list[str]:
        """Run the notebooks that have compared cells at profile smoke, and store their outputs.

        Returns:
            One text for each notebook that failed; a notebook that failed is not changed.
        """
        from hepml_lite.course.run import execute  # heavy, and not needed for building

        failures = []
        for entry in self.order:
            notebook = self._assemble(entry, _handed_out)
            if not without_output(notebook):
                continue
            run = execute(entry.notebook, profile="smoke", progress=True)
            if run.error:
                failures.append(f"{entry.name}: {run.error}")
                continue
            keep_outputs(notebook, run.notebook)
            write_text(entry.notebook, as_text(notebook))
        return failures

    def nothing_to_compare(self) -> list[str]:
        """Return the notebooks in which a cell tagged for comparison has no stored output."""
        return [entry.name for entry in self.order if without_output(self.built(entry))]

    def export(self, folder: Path, make: Callable[[Entry], NotebookNode]) -> list[Path]:
        """Write every notebook made by `make` (`student` or `solved`) into `folder`."""
        targets = {entry: folder / f"{entry.name}.ipynb" for entry in self.order}
        for entry, target in targets.items():
            notebook = make(entry)
            embed_pictures(notebook, entry.notebook.parent)
            write_text(target, as_text(notebook))
        return list(targets.values())


def _handed_out(source: Source) -> list[NotebookNode]:
    """Return the cells with stubs, each followed by its folded hints and its folded solution."""
    cells: list[NotebookNode] = []
    for number, cell in enumerate(source.cells):
        if cell.cell_type == "code" and has_solution(cell.source):
            after = source.cells[number + 1 :]
            hints = itertools.takewhile(lambda cell: has_tag(cell, "hint"), after)
            cells.append(_plain(cell, stub(cell.source)))
            cells += [fold(f"Hint {n}", hint.source, "hint") for n, hint in enumerate(hints, 1)]
            cells.append(fold("Solution", f"```python\n{solved(cell.source)}\n```", "solution"))
        elif not has_tag(cell, "hint"):
            cells.append(_plain(cell, cell.source))
    return cells


def _solved(source: Source) -> list[NotebookNode]:
    """Return the cells with solutions filled in, without the hints."""
    cells = (cell for cell in source.cells if not has_tag(cell, "hint"))
    return [_plain(c, solved(c.source) if c.cell_type == "code" else c.source) for c in cells]


def _plain(cell: NotebookNode, text: str) -> NotebookNode:
    """Return a new cell with this text and the old tags; other metadata is dropped."""
    new = new_code_cell if cell.cell_type == "code" else new_markdown_cell
    tags = cell.metadata.get("tags")
    return new(text, metadata={"tags": list(tags)} if tags else {})


def _numbered(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Compute cell ids from the text, so that a new cell does not change the ids of others."""
    used: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        used[digest] = used.get(digest, 0) + 1
        cell.id = digest if used[digest] == 1 else f"{digest}-{used[digest]}"
    return cells


def as_text(notebook: NotebookNode) -> str:
    """Return the notebook as it is stored."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
