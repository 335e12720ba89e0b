"""A class at one server: what a move costs, whose turn it is, several processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import psutil
import pytest
from panel.io.server import DocHandler, WSHandler

from hepml_lite.statistics.equal_efficiency import compare_at_equal_efficiency
from tests.widgets.conftest import free_port
from widgets.shared.requests import ConnectionHandler, PageHandler, Visitors
from widgets.start_here import StartHere, state


def run(coroutine):
    """The result of a coroutine, in a thread: the browser tests have a loop of their own here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def test_a_window_is_compared_once_for_the_whole_class(monkeypatch, toy_results):
    windows = []

    def counted(labels, selected, scores):
        windows.append(int(selected.sum()))
        return compare_at_equal_efficiency(labels, selected, scores)

    monkeypatch.setattr(state, "compare_at_equal_efficiency", counted)
    class_of_two = [StartHere(toy_results) for _ in range(2)]
    windows.clear()
    for student in class_of_two:
        student.window = (120, 190)
    assert len(windows) == 1
    class_of_two[0].window = (120, 191)
    assert len(windows) == 2


def test_messages_leave_without_delay(monkeypatch):
    sent = []
    monkeypatch.setattr(WSHandler, "open", lambda *_: sent.append("opened"))
    handler = object.__new__(ConnectionHandler)
    handler.ws_connection = SimpleNamespace(set_nodelay=lambda on: sent.append(on))
    handler.open()
    assert sent == [True, "opened"]


def test_a_page_is_built_when_the_one_before_has_its_dashboard(monkeypatch):
    order = []

    async def build(handler):
        order.append(f"build {handler.name}")

    async def visit(name):
        handler = object.__new__(PageHandler)
        handler.name, handler.request = name, SimpleNamespace(arguments={})
        handler._finished = False
        handler.finish = lambda: order.append(f"page {name}")
        asyncio.get_running_loop().call_later(0.01, connect, name)
        await handler.get()

    def connect(name):
        Visitors.hear()
        asyncio.get_running_loop().call_later(0.01, order.append, f"dashboard {name}")

    async def both():
        await asyncio.gather(visit("a"), visit("b"))

    monkeypatch.setattr(DocHandler, "get", build)
    run(both())
    assert order.index("dashboard a") < order.index("build b")
    assert order.index("page a") < order.index("dashboard a")


def test_a_server_that_stops_in_the_middle_of_a_page_does_not_hold_up_the_next_one():
    async def stay():
        async with PageHandler.queue():
            await asyncio.Event().wait()

    async def build():
        async with PageHandler.queue():
            await asyncio.sleep(0)

    async def two_pages():
        await asyncio.wait_for(asyncio.gather(build(), build()), timeout=20)

    def stop_and_start_another():
        stopped = asyncio.new_event_loop()
        page = stopped.create_task(stay())
        stopped.call_later(0.01, stopped.stop)
        stopped.run_forever()
        asyncio.run(two_pages())
        page.cancel()
        stopped.run_until_complete(asyncio.gather(page, return_exceptions=True))
        stopped.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(stop_and_start_another).result()


def test_a_busy_class_does_not_keep_new_visitors_out():
    async def measure():
        moving = asyncio.ensure_future(move_for_ever())
        started = time.monotonic()
        await Visitors.quiet()
        moving.cancel()
        return time.monotonic() - started

    async def move_for_ever():
        while True:
            Visitors.hear()
            await asyncio.sleep(0.001)

    assert 0.2 < run(measure()) < 5


@pytest.fixture(scope="module")
def class_server(tmp_path_factory):
    """URL and process of a front with two workers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    code = "from hepml_lite.course.cli import main; main()"
    command = [sys.executable, "-c", code, "dashboards", "--no-browser", "--workers", "2"]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, text=True)
    while (told := status(url)) is None:
        time.sleep(0.1)
    assert told == 503  # a page that opens itself again
    assert "2 workers on ports" in process.stdout.readline()
    yield url, process
    process.kill()
    process.wait(10)


def status(url):
    """The status of an answer; None if nobody answers."""
    try:
        urllib.request.urlopen(url, timeout=60).close()
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None
    return 200


def visit(url):
    """Where a visitor ends up; None while a worker starts again."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.url
    except OSError:
        return None


def test_workers_share_visitors_and_replace_each_other(class_server):
    front, process = class_server
    port = int(front.rsplit(":", 1)[1])
    ports = [f"http://127.0.0.1:{port + k}" for k in (1, 2)]
    address = "/start_here?window=120,190&zoom=2"
    homes = [visit(front + address) for _ in range(4)]
    assert sorted(homes) == sorted(2 * [home + address for home in ports])
    assert len(visit(f"{front}/start_here?jet={'9' * 100_000}")) < 500  # browsers refuse long ones
    with urllib.request.urlopen(front) as answer:
        assert b'href="start_here"' in answer.read()
    first, second = psutil.Process(process.pid).children()
    first.kill()
    assert {visit(front + address) for _ in range(3)} - {None} <= {h + address for h in ports}
    deadline = time.monotonic() + 120
    while len({visit(front + address) for _ in range(2)} - {None}) < 2:
        assert time.monotonic() < deadline
    workers = [second, *psutil.Process(process.pid).children()]
    os.kill(process.pid, signal.SIGKILL)
    assert not psutil.wait_procs(workers, timeout=20)[1]
