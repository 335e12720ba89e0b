"""The command `hepml dashboards`: serve, list or export them."""

import argparse
import sys
from pathlib import Path

from hepml_lite.course.arguments import tcp_port, whole_number


def add_dashboards(subparsers: argparse._SubParsersAction) -> None:
    """Add `hepml dashboards [export OUT]`; nothing heavy is imported before it runs."""
    parser = subparsers.add_parser(
        "dashboards",
        help="serve the dashboards to a browser, or export them as single files",
        description="Serve all dashboards to a browser (no network needed).",
    )
    parser.add_argument("--port", type=tcp_port, default=5006, help="default: 5006")
    parser.add_argument(
        "--address",
        default="127.0.0.1",
        help="0.0.0.0 serves a class from this machine; default: this machine only",
    )
    parser.add_argument(
        "--workers",
        type=whole_number(1, 64),
        default=1,
        help="processes, on the ports after --port; one for each core serves a class best; "
        "default: 1",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--list", action="store_true", help="list the dashboards and stop")
    parser.set_defaults(run=_serve)
    actions = parser.add_subparsers(title="instead of serving", metavar="")
    export = actions.add_parser(
        "export", help="write single HTML files that need neither server nor network"
    )
    export.add_argument("out", type=Path, help="folder to write to; made if it is not there")
    export.set_defaults(run=_export)


def _serve(arguments: argparse.Namespace) -> int:
    from widgets import catalogue

    if arguments.list:
        for name in catalogue.names():
            print(f"{name:20} {catalogue.find(name).sentence}")
        return 0
    browser = not arguments.no_browser
    try:
        if arguments.workers == 1:
            from widgets.app import serve

            serve(arguments.port, arguments.address, browser=browser)
        else:
            from widgets import workers

            workers.serve(arguments.port, arguments.address, arguments.workers, browser)
    except OSError as error:
        print(
            f"cannot serve on {arguments.address}:{arguments.port}: {error.strerror or error}; "
            "choose another with --port",
            file=sys.stderr,
        )
        return 1
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from widgets.shared.export import export

    for path in export(arguments.out):
        print(f"{path}  ({path.stat().st_size / 1e6:.1f} MB)")
    return 0
