"""An executed notebook as one HTML page that opens without a network."""

import copy
import importlib.util
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode

_widget = "application/vnd.jupyter.widget-view+json"
_libraries = "application/vnd.holoviews_load.v0+json"
_largest_script = 100_000  # characters; Panel's libraries have three million
_without_network = """{% extends 'lab/index.html.j2' %}
{% block html_head_js_requirejs %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""
_set_formulae = """document.addEventListener("DOMContentLoaded", () =>
  renderMathInElement(document.body, {
    output: "mathml",
    throwOnError: false,
    delimiters: [
      {left: "$$", right: "$$", display: true},
      {left: "$", right: "$", display: false},
      {left: "\\\\(", right: "\\\\)", display: false},
      {left: "\\\\[", right: "\\\\]", display: true},
    ],
  }));"""


def as_page(notebook: NotebookNode, title: str) -> str:
    """Return the notebook as HTML.

    Everything is inside the page. Panel's copy of KaTeX turns formulae into MathML, which browsers
    draw themselves. Without Panel, formulae need MathJax from the network. Widgets need a kernel,
    so their plain text is shown instead.
    """
    exporter = HTMLExporter(raw_template=_without_network + _formulae())
    page, _ = exporter.from_notebook_node(_without_widgets(notebook), {"metadata": {"name": title}})
    return page


def _formulae() -> str:
    """Return the template block that sets formulae; empty without Panel (MathJax is used)."""
    panel = importlib.util.find_spec("panel")
    if panel is None or not panel.origin:
        return ""
    found = sorted(Path(panel.origin).parent.glob("dist/bundled/katex/*/dist/katex.min.js"))
    if not found:
        return ""
    texts = [found[-1], found[-1].parent / "contrib" / "auto-render.min.js"]
    code = [*(text.read_text(encoding="utf-8") for text in texts), _set_formulae]
    scripts = "\n".join(f"<script>{script}</script>" for script in code)
    return f"{{% block html_head_js_mathjax %}}{{% raw %}}{scripts}{{% endraw %}}{{% endblock %}}"


def _without_widgets(notebook: NotebookNode) -> NotebookNode:
    """Return a copy with widgets as plain text: drawing them would load scripts from a CDN."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(_widget, None)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("data") != {}]
    return notebook


def drop_progress_bars(notebook: NotebookNode) -> None:
    """Remove progress bars in place: without a kernel they are shown empty."""
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not _is_progress_bar(output)]


def without_libraries(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without the libraries of dashboards: a JupyterLab that opens it has them."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not _is_library(output)]
    return notebook


def _is_library(output: NotebookNode) -> bool:
    return len(output.get("data", {}).get(_libraries, "")) > _largest_script


def _is_progress_bar(output: NotebookNode) -> bool:
    data = output.get("data", {})
    return _widget in data and "%|" in data.get("text/plain", "")
