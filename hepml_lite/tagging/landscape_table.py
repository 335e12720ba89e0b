"""The landscape as a table: ours, with errors, beside the published row of the same approach."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from hepml_lite.tagging.landscape import PUBLISHED, Row
from hepml_lite.tagging.published import PublishedTagger, top_tagger

HEADER = (
    "tagger", "parameters", "AUC", "accuracy", "1/ε_B (ε_S = 0.3)", "1/ε_B (0.5)", "training",
    "a jet",
)  # fmt: skip
PUBLISHED_HEADER = ("published AUC", "published 1/ε_B (0.3)", "parameters")


@dataclass(frozen=True)
class Table:
    """Cells of text under a header: an HTML table in a notebook, aligned columns in a terminal."""

    header: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = (self.header, *self.cells)
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells: tuple[str, ...], tag: str) -> str:
            style = ' style="white-space: nowrap"' if tag == "td" else ""
            filled = (f"<{tag}{style}>{escape(cell)}</{tag}>" for cell in cells)
            return "<tr>" + "".join(filled) + "</tr>"

        body = "".join(row(cells, "td") for cells in self.cells)
        return f"<table><thead>{row(self.header, 'th')}</thead><tbody>{body}</tbody></table>"


def table(rows: Iterable[Row], published: Mapping[str, PublishedTagger] | None = None) -> Table:
    """The rows, best AUC first; errors are those of one training, test sample included.

    Args:
        rows: see `landscape.Row`.
        published: published rows by the name of ours, see `published_rows`; None: no such columns.
    """
    header = HEADER + (PUBLISHED_HEADER if published is not None else ())
    lines = []
    for row in sorted(rows, key=lambda row: -row.auc.value):
        figures = (row.auc, row.accuracy, row.rejection_30, row.rejection_50)
        line = (
            row.name, f"{row.parameters:,}", *map(str, figures), _seconds(row.train_seconds),
            "" if row.microseconds is None else f"{row.microseconds:.0f} µs",
        )  # fmt: skip
        lines.append(line + (_beside(published.get(row.name)) if published is not None else ()))
    return Table(header, tuple(lines))


def published_rows(names: Iterable[str]) -> dict[str, PublishedTagger]:
    """The published rows of our approaches of these names, where there are any."""
    return {name: top_tagger(PUBLISHED[name]) for name in names if name in PUBLISHED}


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _beside(paper: PublishedTagger | None) -> tuple[str, ...]:
    if paper is None:
        return ("",) * len(PUBLISHED_HEADER)
    size = "" if paper.parameters is None else f"{paper.parameters:,}"
    return f"{paper.auc:g}", f"{paper.rejection:g}", size
