"""Dashboards in a notebook: the set-up line and `show`.

A dashboard needs three megabytes of JavaScript. A Jupyter server with Panel installed has them, so
the browser loads them from there and a saved notebook stays small. VS Code, Colab and exported
pages have no such server: there the scripts are inside the output of the set-up cell.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LARGEST_OUTPUT = 100_000  # characters; Panel's scripts are larger, everything else is smaller
WHERE = "HEPML_SCRIPTS"  # in the environment; "inline" puts them into the notebook
SCRIPTS = (
    "js/bokeh.min.js",
    "js/bokeh-gl.min.js",
    "js/bokeh-widgets.min.js",
    "js/bokeh-tables.min.js",
    "extensions/panel/panel.min.js",
)  # in the folder panel-preview/static of a Jupyter server


def scripts_on_server() -> bool:
    """Whether a Jupyter server started this kernel, which then has the scripts of dashboards."""
    elsewhere = {"VSCODE_PID", "VSCODE_CWD"} & set(os.environ) or "google.colab" in sys.modules
    wanted = os.environ.get(WHERE) != "inline" and not _from_network()
    return "JPY_SESSION_NAME" in os.environ and wanted and not elsewhere


def _from_network() -> bool:
    return os.environ.get("PANEL_INLINE", "1").lower() in ("0", "false", "no")


def setup(*extensions: str, inline: bool = False) -> None:
    """Make dashboards work in this notebook, also without network and after a page reload.

    Call it in a separate cell, before any dashboard class is displayed. PANEL_INLINE=0 in the
    environment loads the JavaScript from a public server.

    Args:
        extensions: Panel extensions that a dashboard needs besides its own.
        inline: put the JavaScript into the notebook, where its server does not have it.
    """
    import panel as pn
    from IPython.display import HTML, Javascript, display
    from IPython.utils.capture import capture_output

    # After a reload of the page the kernel assumes that the browser still has the JavaScript, and
    # cells would stay blank. This private flag makes it send the scripts again.
    pn.extension._loaded = False
    if inline:
        os.environ[WHERE] = "inline"
    if scripts_on_server():
        with capture_output(stdout=False, stderr=False) as sent:
            pn.extension(*extensions, inline=True)
        display(HTML(loader()))
        for output in sent.outputs:
            if max(map(len, output.data.values())) < LARGEST_OUTPUT:
                display(output.data, metadata=output.metadata, raw=True)
    else:
        pn.extension(*extensions, inline=not _from_network())
    display(Javascript((HERE / "notebook.js").read_text("utf8")))


def loader() -> str:
    """HTML that loads the scripts from the Jupyter server, or says why it cannot."""
    import bokeh

    code = (HERE / "loader.js").read_text("utf8")
    arguments = json.dumps({"scripts": SCRIPTS, "version": bokeh.__version__})
    text = "The scripts of the dashboards are not loaded yet: run this cell in JupyterLab."
    return f'<p class="hepml-loader">{text}</p>\n<script>(({code})({arguments}))</script>'


def show(theme: str, **state: Any):
    """The dashboard of a theme; use it as the last line of a cell: `show("start_here")`.

    It calls `setup` itself.

    Args:
        theme: name of the theme, as in notebooks/explorations and widgets/.
        state: start values of its controls, and `hide=("name", ...)`.

    Raises:
        ValueError: if there is no such dashboard; the message names the dashboards.
    """
    from widgets.catalogue import find

    dashboard = find(theme)(**state)
    setup()
    return dashboard
