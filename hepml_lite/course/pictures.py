"""Put a notebook's local pictures inside it, so that a copy in another folder shows them."""

import base64
import mimetypes
import re
from pathlib import Path

from nbformat import NotebookNode

_picture = re.compile(r"(?P<before>!\[[^\]]*\]\()(?P<path>[^)\s:]+)(?P<after>[^)]*\))")


def embed_pictures(notebook: NotebookNode, folder: Path) -> None:
    """Turn Markdown pictures that are files below or beside `folder` into attachments, in place.

    They are written as ``![what it shows](path)``. A picture whose file is missing is not changed.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            _embed(cell, folder)


def _embed(cell: NotebookNode, folder: Path) -> None:
    attachments: dict[str, dict[str, str]] = {}

    def attach(match: re.Match) -> str:
        path = folder / match["path"]
        kind = mimetypes.guess_type(path.name)[0]
        if not path.is_file() or kind is None:
            return match[0]
        attachments[path.name] = {kind: base64.b64encode(path.read_bytes()).decode()}
        return f"{match['before']}attachment:{path.name}{match['after']}"

    cell.source = _picture.sub(attach, cell.source)
    if attachments:
        cell.attachments = attachments
