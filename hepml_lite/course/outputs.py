"""Outputs that are stored and compared: those of cells tagged ``nbval-check-output``, no others.

They are made at profile smoke and compared at profile smoke, but students see them as well, so
what such a cell shows must not depend on the profile: print what is exact, or rounded enough.
"""

from nbformat import NotebookNode, from_dict

from hepml_lite.course.source import has_tag

compared = "nbval-check-output"  # nbval's own tag


def keep_outputs(notebook: NotebookNode, previous: NotebookNode) -> None:
    """Copy into compared cells the outputs that the same code has in `previous`."""
    known = {cell.source: cell for cell in previous.cells if cell.cell_type == "code"}
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for count, cell in enumerate(code, 1):
        old = known.get(cell.source)
        if has_tag(cell, compared) and old is not None and old.outputs:
            cell.outputs = [_clean(output, count) for output in _joined(old.outputs)]
            cell.execution_count = count  # what "Run all" gives; nbval compares only run cells


def without_output(notebook: NotebookNode) -> list[int]:
    """Return the positions of cells tagged for comparison that have nothing to compare with."""
    tagged = ((n, cell) for n, cell in enumerate(notebook.cells) if has_tag(cell, compared))
    return [n for n, cell in tagged if not cell.get("outputs") or cell.execution_count is None]


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join pieces of the same stream: how a kernel cuts its output is a matter of timing."""
    joined: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        joined.append(from_dict(dict(output)))
        if output.output_type == "stream":
            streams[output.name] = joined[-1]
    return joined


def _clean(output: NotebookNode, count: int) -> NotebookNode:
    fixed = {"metadata": {}, "execution_count": count}
    return from_dict({**output, **{key: fixed[key] for key in fixed if key in output}})
