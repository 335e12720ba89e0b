"""Stored outputs: only cells tagged ``nbval-check-output`` have them, and tests compare them.

They are made and compared at profile smoke. Students see them as well, so they must not depend on
the profile: print exact numbers, or round them enough.
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
            cell.execution_count = count  # as after "Run all"; nbval compares only run cells


def without_output(notebook: NotebookNode) -> list[int]:
    """Return the positions of cells tagged for comparison that have no stored output."""
    tagged = ((n, cell) for n, cell in enumerate(notebook.cells) if has_tag(cell, compared))
    return [n for n, cell in tagged if not cell.get("outputs") or cell.execution_count is None]


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join pieces of the same stream: where a kernel cuts its output depends on timing."""
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
