"""Several dashboard servers behind one address, for classes on a machine with several cores.

The front hands each new visitor to the next worker: it answers with a redirect to the worker's own
port. From then on the visitor talks to this worker alone, so that page and connection always belong
to the same process. The worker k of a front on port 5006 is on port 5006 + k.
"""

import asyncio
import socket
import subprocess
import sys
import webbrowser
from itertools import cycle
from typing import Any
from urllib.parse import urlencode, urlsplit

from tornado.httpclient import AsyncHTTPClient
from tornado.web import Application, RequestHandler

from widgets.shared.query import readable

_STARTING = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="refresh" content="2"><title>Dashboards</title></head>
<body><p>The dashboards are starting. This page opens by itself.</p></body></html>"""


class Worker:
    """A server in a process of its own, which is started again when it ends.

    Args:
        port: TCP port of the server.
        address: where it listens.
    """

    def __init__(self, port: int, address: str) -> None:
        self.port = port
        self.ready = asyncio.Event()  # cleared while the server does not run
        command = ["-m", "widgets.app", "--port", str(port), "--address", address]
        self._command = [sys.executable, *command, "--stop-at-end-of-input"]

    async def run(self) -> None:
        """Start the server, and start it again whenever it ends.

        Raises:
            OSError: if it does not start, as on a port that is in use.
        """
        while True:
            # Ctrl-C reaches the front only; its end is the end of the worker's input
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            if process.stdout is None or not await process.stdout.readline():
                raise OSError(f"the worker on port {self.port} does not start")
            self.ready.set()
            await process.wait()
            self.ready.clear()
            print(f"the worker on port {self.port} ended; it starts again", file=sys.stderr)


class Workers:
    """The workers in turn."""

    def __init__(self, workers: list[Worker]) -> None:
        self.workers = workers
        self._turns = cycle(workers)

    def next(self) -> Worker | None:
        """The next worker that is ready; None if there is none at the moment."""
        for _ in self.workers:
            worker = next(self._turns)
            if worker.ready.is_set():
                return worker
        return None


class Front(RequestHandler):
    """The index page, and a worker for each visitor of a dashboard."""

    def initialize(self, workers: Workers) -> None:
        """Tornado calls this for each request."""
        self.workers = workers

    async def get(self, name: str) -> None:
        """Send the visitor to a worker; the index comes from a worker, too."""
        worker = self.workers.next()
        if worker is None:
            self.set_status(503)
            self.write(_STARTING)
        elif name:
            self.set_header("Cache-Control", "no-store")
            self.redirect(self._address(worker, name))
        else:
            index = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{worker.port}/")
            self.write(index.body)

    def _address(self, worker: Worker, name: str) -> str:
        host = urlsplit(f"//{self.request.host}").hostname or "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        arguments = {key: values[-1] for key, values in readable(self.request.arguments).items()}
        query = f"?{urlencode(arguments, safe=',')}" if arguments else ""
        return f"{self.request.protocol}://{host}:{worker.port}/{name}{query}"


async def _serve(port: int, address: str, n_workers: int, browser: bool) -> None:
    workers = [Worker(port + 1 + k, address) for k in range(n_workers)]
    routes = [("/(.*)", Front, {"workers": Workers(workers)})]
    front = Application(routes, log_function=lambda _: None)  # the workers log their errors
    front.listen(port, address, max_header_size=2_200_000)
    runs = [asyncio.ensure_future(worker.run()) for worker in workers]
    all_ready = asyncio.gather(*(worker.ready.wait() for worker in workers))
    first: list[asyncio.Future[Any]] = [all_ready, *runs]  # a worker that does not start, or all
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    if all_ready.done():
        host = address if address in ("127.0.0.1", "localhost") else socket.gethostname()
        url = f"http://{host}:{port}/"
        ports = f"ports {port + 1} to {port + n_workers}"
        print(f"Dashboards at {url}, {n_workers} workers on {ports} (stop with Ctrl-C)", flush=True)
        if browser:
            webbrowser.open(url)
    await asyncio.gather(*runs)


def serve(port: int, address: str, n_workers: int, browser: bool = False) -> None:
    """Serve all dashboards with several processes until interrupted.

    Args:
        port: TCP port of the front; the workers take the ports after it.
        address: as for `widgets.app.serve`.
        n_workers: how many processes; one for each core serves a class best.
        browser: open the index page.

    Raises:
        OSError: if a port is in use.
    """
    asyncio.run(_serve(port, address, n_workers, browser))
