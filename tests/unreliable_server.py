"""A web server on 127.0.0.1 that fails on request: what downloads meet, without a network.

Each file has a list of faults, one taken per request; when they are used up it is served well.
"""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fault:
    """What goes wrong with one answer; the defaults are an honest server."""

    status: int | None = None  # answer with this, without a body
    headers: dict[str, str] = field(default_factory=dict)
    drop_after: int | None = None  # bytes, then the connection breaks
    stated_length: int | None = None  # Content-Length, whatever is sent
    no_length: bool = False  # neither length nor chunks: the end of the connection is the end
    ignore_range: bool = False
    body: bytes | None = None  # another file
    pause: float = 0.0  # s before the body


@dataclass
class Served:
    """A file on the server."""

    body: bytes
    etag: str | None = '"1"'
    faults: list[Fault] = field(default_factory=list)
    always: Fault = field(default_factory=Fault)  # once the list is used up
    bytes_per_second: float | None = None


class Server(ThreadingHTTPServer):
    """Files by name, and a log of (name, Range header) of every request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, Served] = {}
        self.log: list[tuple[str, str | None]] = []

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, *_: Any) -> None:
        """Clients that are killed are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name, asked = self.path.lstrip("/"), self.headers.get("Range")
        self.server.log.append((name, asked))
        if name not in self.server.files:
            return self.send_error(404)
        served = self.server.files[name]
        fault = served.faults.pop(0) if served.faults else served.always
        if fault.status:
            self._head(fault.status, {"Content-Length": "0", **fault.headers})
        else:
            self._send(served, fault, asked)
        return None

    def _send(self, served: Served, fault: Fault, asked: str | None) -> None:
        body = served.body if fault.body is None else fault.body
        start = self._start(served, fault, asked)
        if start > 0 and start >= len(body):
            return self._head(416, {"Content-Range": f"bytes */{len(body)}"})
        headers = {"ETag": served.etag} if served.etag else {}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if not fault.no_length:
            headers["Content-Length"] = str(fault.stated_length or len(body) - start)
        self._head(206 if start else 200, headers | fault.headers)
        if fault.pause:
            time.sleep(fault.pause)
        end = len(body) if fault.drop_after is None else start + fault.drop_after
        self._write(body[start:end], served.bytes_per_second)
        if fault.drop_after is not None:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        return None

    def _start(self, served: Served, fault: Fault, asked: str | None) -> int:
        wanted = re.fullmatch(r"bytes=(\d+)-", asked or "")
        condition = self.headers.get("If-Range")
        if not wanted or fault.ignore_range or condition not in (None, served.etag):
            return 0
        return int(wanted[1])

    def _write(self, body: bytes, bytes_per_second: float | None) -> None:
        step = 4096 if bytes_per_second else max(1, len(body))
        for position in range(0, len(body), step):
            self.wfile.write(body[position : position + step])
            self.wfile.flush()
            if bytes_per_second:
                time.sleep(step / bytes_per_second)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Connection": "close", **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Silence."""


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server in a thread of this process."""
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
