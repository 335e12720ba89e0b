"""Serve all dashboards to a browser, by `hepml dashboards` or through Jupyter's proxy."""

import argparse
import gc
import html
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import panel as pn
from bokeh.models import CustomJS
from panel.io.resources import parse_template
from panel.theme import DarkTheme
from tornado.web import RequestHandler

from widgets import catalogue
from widgets.shared import url_state
from widgets.shared.base import Dashboard
from widgets.shared.requests import use_handlers

_SHARED = Path(__file__).parent / "shared"
_ACCESSIBLE = (_SHARED / "accessible.js").read_text("utf8")
# Panel's own templates cost a visitor a third more time, and their busy indicator sends a message
# to every visitor at every move of anybody
_TEMPLATE = parse_template((_SHARED / "page.html").read_text("utf8"))
_CONNECTION_LOST = """
document.getElementById("lost").textContent =
  "This page has lost its server: the controls do nothing. Reload the page."
"""
_RECONNECTED = 'document.getElementById("lost").textContent = ""'

_INDEX = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Dashboards</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark; font: 20px/1.5 system-ui, sans-serif }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
a {{ font-weight: 600 }} li {{ margin: 1rem 0 }} code {{ font-size: 90% }}
</style></head><body><main><h1>Machine learning in particle physics: dashboards</h1><ul>{items}</ul>
<p>The address of a dashboard holds the position of every control: copy it to hand out a view.
<code>?hide=name,name</code> takes controls away, <code>?theme=dark</code> is for dark rooms and
<code>?zoom=1.5</code> for large ones.</p></main></body></html>"""


def index(dashboards: "Mapping[str, type[Dashboard] | Broken]") -> str:
    """The index page: title and one sentence for each dashboard; it needs no network."""
    items = "".join(
        f'<li><a href="{name}">{html.escape(d.title)}</a><br>{html.escape(d.sentence)}</li>'
        for name, d in dashboards.items()
    )
    return _INDEX.format(items=items)


def page(dashboard: "type[Dashboard] | Broken") -> Callable[[], pn.Column]:
    """The page of a new visitor: the dashboard in the state that the address gives.

    The page of a broken dashboard says what is wrong.
    """

    def build() -> pn.Column:
        document = pn.state.curdoc
        if document is None:
            raise RuntimeError("a page is built for a visitor: start `hepml dashboards`")
        if isinstance(dashboard, Broken):
            document.template = _TEMPLATE
            document.template_variables.update(notes=[dashboard.sentence], accessible="")
            return pn.Column()
        query = {name: values[-1].decode() for name, values in pn.state.session_args.items()}
        state, notes = url_state.decode(dashboard, query.items())
        hide, more_notes = url_state.page_options(dashboard, query)
        document.template = _TEMPLATE
        document.template_variables.update(notes=[*notes, *more_notes], accessible=_ACCESSIBLE)
        if query.get("theme") == "dark":
            document.theme = DarkTheme().bokeh_theme  # of the figures
        document.js_on_event("connection_lost", CustomJS(code=_CONNECTION_LOST))
        document.js_on_event("client_reconnected", CustomJS(code=_RECONNECTED))
        return pn.Column(dashboard(hide=hide, **state), sizing_mode="stretch_width")

    return build


class Broken(NamedTuple):
    """A dashboard that cannot be shown, and why."""

    title: str
    sentence: str


def working(name: str) -> type[Dashboard] | Broken:
    """A dashboard that was built once, which also fills its caches; or what is wrong with it."""
    try:
        dashboard = catalogue.find(name)
        dashboard()
    except Exception as error:  # whatever it is, the other dashboards must go on
        sentence = f"This dashboard cannot be shown. {error}"
        print(f"{name}: {sentence}", file=sys.stderr)
        return Broken(name, sentence)
    return dashboard


def serve(
    port: int = 5006,
    address: str = "127.0.0.1",
    origins: tuple[str, ...] = (),
    browser: bool = False,
) -> None:
    """Serve all dashboards until interrupted.

    Args:
        port: TCP port.
        address: 127.0.0.1 serves this machine only, 0.0.0.0 everybody in the network.
        origins: host:port pairs of other servers whose pages may show the dashboards.
        browser: open the index page.
    """
    dashboards = {name: working(name) for name in catalogue.names()}
    use_handlers()
    local = address in ("127.0.0.1", "localhost")
    server = pn.serve(
        {name: page(dashboard) for name, dashboard in dashboards.items()},
        title={name: dashboard.title for name, dashboard in dashboards.items()},
        port=port,
        address=address,
        websocket_origin=[f"127.0.0.1:{port}", *origins],
        extra_patterns=[("/?", _Index, {"text": index(dashboards)})],
        location=False,
        # browsers send an address of up to 2 MB: it gets a page with a note, too
        http_server_kwargs={"max_header_size": 2_200_000},
        show=browser,
        start=False,
        verbose=False,
    )
    _collect_garbage_rarely()
    host = address if local else socket.gethostname()
    print(f"Dashboards at http://{host}:{port}/ (stop with Ctrl-C)", flush=True)
    server.start()
    server.io_loop.start()


def _collect_garbage_rarely() -> None:
    """Spend a tenth less on each page.

    A page consists of fifteen thousand objects. With its usual settings Python would look for
    garbage among all objects of all pages while it builds one.
    """
    gc.collect()
    gc.freeze()  # what was imported stays
    gc.set_threshold(50_000, 20, 100)


class _Index(RequestHandler):
    def initialize(self, text: str) -> None:
        self.text = text

    def get(self) -> None:
        if self.request.path.endswith("/"):
            self.write(self.text)
        else:  # its links are relative
            self.redirect(self.request.path + "/")


def server_proxy() -> dict:
    """Entry point for jupyter-server-proxy: dashboards under <base_url>dashboards/ (Binder).

    The server does not learn its address there. All links in its pages are relative: a name of a
    user with an @ in it, which the proxy encodes twice, makes no difference.
    """
    return {
        "command": [sys.executable, "-m", "widgets.app", "--port", "{port}"],
        "absolute_url": False,
        "timeout": 60,
        "launcher_entry": {"title": "Dashboards", "path_info": "dashboards/"},
    }


def main() -> None:
    """Start the server for `server_proxy`, or as one of several workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5006)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--origin", action="append", default=[])
    parser.add_argument(
        "--stop-at-end-of-input",
        action="store_true",
        help="end together with the process that holds the other end of the standard input",
    )
    arguments = parser.parse_args()
    if arguments.stop_at_end_of_input:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    serve(arguments.port, arguments.address, tuple(arguments.origin))


def _stop_at_end_of_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
