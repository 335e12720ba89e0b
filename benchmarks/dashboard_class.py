"""A class at one dashboard: the time to open it and the time of a move, with many students at once.

    python benchmarks/dashboard_class.py [start_here] [--students 60] [--seconds 15] [--workers 2]

The students are clients that speak Bokeh's websocket protocol; each moves a slider about once a
second. "Open" runs from the request of the page to the last byte of the dashboard. The bars:
60 students on one process, median of a move <= 80 ms, 95 % <= 200 ms; 30 students opening at once
median <= 4 s, the first <= 1 s.
"""

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import numpy as np
import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

PORT = 5098
PATIENCE = 120  # seconds


async def receive(socket: WebSocketClientConnection) -> tuple[str, str]:
    """Kind and content of the next message."""
    header = json.loads(await socket.read_message())
    await socket.read_message()
    content = await socket.read_message()
    for _ in range(2 * header.get("num_buffers", 0)):
        await socket.read_message()
    return header["msgtype"], content


async def send(socket: WebSocketClientConnection, kind: str, content: dict) -> None:
    """Send one message."""
    for part in ({"msgid": uuid.uuid4().hex, "msgtype": kind}, {}, content):
        await socket.write_message(json.dumps(part))


def models(node: object) -> Iterator[dict]:
    """All models in a document."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for value in node.values():
            yield from models(value)
    elif isinstance(node, list):
        for value in node:
            yield from models(value)


class Student:
    """One visitor."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opened = 0.0  # seconds
        self.moves: list[float] = []  # seconds

    async def open(self) -> None:
        """Open the page and get the dashboard."""
        started = time.perf_counter()
        request = HTTPRequest(self.url, request_timeout=PATIENCE, connect_timeout=PATIENCE)
        answer = await AsyncHTTPClient(max_clients=500).fetch(request)
        (token,) = re.findall(r'"token":"([^"]+)"', answer.body.decode())
        address = answer.effective_url.split("?")[0].replace("http", "ws", 1) + "/ws"
        self.socket = await websocket_connect(
            HTTPRequest(address, connect_timeout=PATIENCE, request_timeout=PATIENCE),
            subprotocols=["bokeh", token],
            max_message_size=2**26,
        )
        self.socket.protocol.set_nodelay(True)  # as browsers do
        await receive(self.socket)
        await send(self.socket, "PULL-DOC-REQ", {})
        kind = content = ""
        while kind != "PULL-DOC-REPLY":
            kind, content = await receive(self.socket)
        self.opened = time.perf_counter() - started
        sliders = [m for m in models(json.loads(content)) if m["name"] in ("Slider", "RangeSlider")]
        self.slider = next(m for m in sliders if not m["attributes"].get("disabled"))
        ready = {"type": "event", "name": "document_ready", "values": {"type": "map"}}
        ready["values"] = {"type": "map", "entries": []}
        event = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": ready}
        await send(self.socket, "PATCH-DOC", {"events": [event]})

    async def move(self, seconds: float) -> None:
        """Move the first slider for some time, about once a second."""
        answers: asyncio.Queue[float] = asyncio.Queue()

        async def listen() -> None:
            while True:
                kind, content = await receive(self.socket)
                if kind == "PATCH-DOC" and "data" in content:
                    answers.put_nowait(time.perf_counter())

        listener = asyncio.create_task(listen())
        end = time.perf_counter() + seconds
        await asyncio.sleep(random.random())
        for value in self.values():
            if time.perf_counter() > end:
                break
            while not answers.empty():
                answers.get_nowait()
            started = time.perf_counter()
            change = {"model": {"id": self.slider["id"]}, "attr": "value", "new": value}
            await send(self.socket, "PATCH-DOC", {"events": [{"kind": "ModelChanged", **change}]})
            try:
                self.moves.append(await asyncio.wait_for(answers.get(), 10) - started)
            except TimeoutError:
                self.moves.append(10.0)
            await asyncio.sleep(random.expovariate(1.0))
        listener.cancel()

    def values(self) -> Iterator[object]:
        """Other and other values of the slider."""
        attributes = self.slider["attributes"]
        low, high, step = (attributes.get(name, 1) for name in ("start", "end", "step"))
        count = int((high - low) / step) // 2
        k = random.randrange(count)
        while True:
            k = (k + 1) % count
            value = round(low + step * k, 6)
            yield [value, high] if self.slider["name"] == "RangeSlider" else value


def cpu(server: psutil.Process) -> float:
    """CPU seconds of the server and its workers so far."""
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(time.user + time.system for time in times)


async def lesson(name: str, students: int, seconds: float, server: psutil.Process) -> None:
    """All open the dashboard at once, then all move; print a table."""
    warm = [Student(f"http://127.0.0.1:{PORT}/{name}") for _ in range(4)]
    for student in warm:
        await student.open()
    everybody = [Student(f"http://127.0.0.1:{PORT}/{name}") for _ in range(students)]
    before = cpu(server)
    await asyncio.gather(*(student.open() for student in everybody))
    opened = sorted(student.opened for student in everybody)
    per_page = (cpu(server) - before) / students
    await asyncio.sleep(2)
    before, started = cpu(server), time.perf_counter()
    await asyncio.gather(*(student.move(seconds) for student in everybody))
    load = (cpu(server) - before) / (time.perf_counter() - started)
    moves = 1000 * np.concatenate([student.moves for student in everybody])
    print(f"{name}: {students} students, load average {psutil.getloadavg()[0]:.1f}")
    print(f"  open at once: first, median, last    {opened[0]:.1f} s, ", end="")
    print(f"{np.median(opened):.1f} s, {opened[-1]:.1f} s; {1000 * per_page:.0f} ms CPU a page")
    print(f"  {len(moves)} moves: median, 95 %            ", end="")
    print(f"{np.median(moves):.0f} ms, {np.quantile(moves, 0.95):.0f} ms; {100 * load:.0f} % CPU")


def main() -> None:
    """Serve and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="start_here")
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    dashboards = "from hepml_lite.course.cli import main; main()"
    command = [sys.executable, "-c", dashboards, "dashboards", "--no-browser"]
    command += ["--port", str(PORT), "--workers", str(arguments.workers)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        server.stdout.readline()  # it serves
        process = psutil.Process(server.pid)
        asyncio.run(lesson(arguments.name, arguments.students, arguments.seconds, process))
    finally:
        server.kill()  # its workers end with it
        server.wait(10)


if __name__ == "__main__":
    main()
