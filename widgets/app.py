"""Serve all dashboards to a browser, by `hepml dashboards` or through Jupyter's proxy."""

import argparse
import html
import socket
import sys
from collections.abc import Callable
from typing import Any

import panel as pn
from tornado.web import RequestHandler

from widgets import catalogue
from widgets.shared import url_state
from widgets.shared.base import Dashboard

_PAGE_STYLE = "#header { min-height: 0; padding: 2px 0; } #main { padding: 6px 10px 0 10px; }"
_NOTE_STYLE = {"font-size": "18px", "padding": "6px 12px", "border": "2px solid #E69F00"}

_INDEX = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Dashboards</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark; font: 20px/1.5 system-ui, sans-serif }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
a {{ font-weight: 600 }} li {{ margin: 1rem 0 }} code {{ font-size: 90% }}
</style></head><body><h1>Machine learning in particle physics: dashboards</h1><ul>{items}</ul>
<p>The address of a dashboard holds the position of every control: copy it to hand out a view.
<code>?hide=name,name</code> takes controls away, <code>?theme=dark</code> is for dark rooms and
<code>?zoom=1.5</code> for large ones.</p></body></html>"""


def index(dashboards: dict[str, type[Dashboard]]) -> str:
    """The index page: title and one sentence for each dashboard; it needs no network."""
    items = "".join(
        f'<li><a href="{name}">{html.escape(d.title)}</a><br>{html.escape(d.sentence)}</li>'
        for name, d in dashboards.items()
    )
    return _INDEX.format(items=items)


def page(dashboard: type[Dashboard]) -> Callable[[], pn.template.BootstrapTemplate]:
    """The page of a new visitor: the dashboard in the state that the address gives."""

    def build() -> pn.template.BootstrapTemplate:
        query = {k: v[-1].decode() for k, v in pn.state.session_args.items()}
        state, notes = url_state.decode(dashboard, query.items())
        hide = [name for name in query.get("hide", "").split(",") if name in dashboard.param]
        template = pn.template.BootstrapTemplate(title=dashboard.title)
        template.config.raw_css = [_PAGE_STYLE]
        main: Any = template.main
        for note in notes:  # it quotes the address; without escaping, a link could carry a script
            main.append(pn.pane.HTML(html.escape(note), styles=_NOTE_STYLE))
        main.append(dashboard(hide=tuple(hide), **state))
        return template

    return build


def serve(
    port: int = 5006,
    address: str = "127.0.0.1",
    prefix: str = "",
    origins: tuple[str, ...] = (),
    browser: bool = False,
) -> None:
    """Serve all dashboards until interrupted.

    Args:
        port: TCP port.
        address: 127.0.0.1 serves this machine only, 0.0.0.0 everybody in the network.
        prefix: path before all addresses, as a proxy needs it.
        origins: host:port pairs under which browsers may reach it; default: the address itself,
            or any if it is open to the network.
        browser: open the index page.
    """
    dashboards = {name: catalogue.find(name) for name in catalogue.names()}
    local = address in ("127.0.0.1", "localhost")
    default = [f"127.0.0.1:{port}", f"localhost:{port}"] if local else ["*"]
    server = pn.serve(
        {name: page(dashboard) for name, dashboard in dashboards.items()},
        title={name: dashboard.title for name, dashboard in dashboards.items()},
        port=port,
        address=address,
        prefix=prefix,
        websocket_origin=list(origins) or default,
        extra_patterns=[("/?", _Index, {"text": index(dashboards)})],
        show=browser,
        start=False,
        verbose=False,
    )
    host = address if local else socket.gethostname()
    print(f"Dashboards at http://{host}:{port}{server.prefix}/ (stop with Ctrl-C)", flush=True)
    server.start()
    server.io_loop.start()


class _Index(RequestHandler):
    def initialize(self, text: str) -> None:
        self.text = text

    def get(self) -> None:
        if self.request.path.endswith("/"):
            self.write(self.text)
        else:  # its links are relative
            self.redirect(self.request.path + "/")


def server_proxy() -> dict:
    """Entry point for jupyter-server-proxy: dashboards under <base_url>dashboards/ (Binder)."""
    command = [sys.executable, "-m", "widgets.app", "--port", "{port}"]
    return {
        "command": [*command, "--prefix", "{base_url}dashboards", "--origin", "*"],
        "absolute_url": True,
        "timeout": 60,
        "launcher_entry": {"title": "Dashboards", "path_info": "dashboards/"},
    }


def main() -> None:
    """Start the server for `server_proxy`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5006)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--origin", action="append", default=[])
    arguments = parser.parse_args()
    serve(arguments.port, prefix=arguments.prefix, origins=tuple(arguments.origin))


if __name__ == "__main__":
    main()
