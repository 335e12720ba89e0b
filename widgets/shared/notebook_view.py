"""What a notebook stores of a dashboard on display: its models, without Panel's style sheets."""

from typing import Any

import panel as pn
from panel.io.resources import CDN_DIST

from widgets.shared.notebook import scripts_on_server


class NotebookView(pn.viewable.Viewer):
    """A viewer whose display in a notebook takes its style sheets from the Jupyter server.

    Panel would write them into each display, three hundred kilobytes, or load them from the
    network.
    """

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not (pn.config.inline and scripts_on_server()):
            return super()._repr_mimebundle_(include, exclude)
        with pn.config.set(inline=False):
            shown = super()._repr_mimebundle_(include, exclude)
        if isinstance(shown, tuple) and "text/html" in shown[0]:
            shown[0]["text/html"] = _from_server(shown[0]["text/html"])
        return shown


def _from_server(html: str) -> str:
    """The display with the addresses of the Jupyter server, which only the browser knows."""
    html = html.replace(f'"{CDN_DIST}', 'window.hepml_panel + "')
    # Panel gives up after 5 s; the scripts may take longer in a class with one wireless network
    return html.replace("attempts > 200", "attempts > 20000")
