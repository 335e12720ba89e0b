"""Dashboards in a notebook: the set-up line and `show`."""

import os
from pathlib import Path
from typing import Any


def setup(*extensions: str) -> None:
    """Make dashboards work in this notebook, also without network and after a page reload.

    Call it in a separate cell, before any dashboard class is displayed. The JavaScript is inside
    the notebook (6 MB in the output of this cell, which is not stored in the course's notebooks).
    PANEL_INLINE=0 in the environment loads it from a public server instead.

    Args:
        extensions: Panel extensions that a dashboard needs besides its own.
    """
    import panel as pn
    from IPython.display import Javascript, display

    inline = os.environ.get("PANEL_INLINE", "1").lower() not in ("0", "false", "no")
    # After a reload of the page the kernel assumes that the browser still has the JavaScript, and
    # cells would stay blank. This private flag makes it send the scripts again.
    pn.extension._loaded = False
    pn.extension(*extensions, inline=inline)
    display(Javascript((Path(__file__).parent / "notebook.js").read_text("utf8")))


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
