"""Browser, server and a toy sample for the dashboards' tests."""

import argparse
import contextlib
import http.client
import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.request
from html import unescape
from io import StringIO
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest

from hepml_lite.containers.scored_jets import ScoredJets
from widgets import commands

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CALM = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def toy_results() -> ScoredJets:
    """A sample in which the score of training 1 is far better than the mass, that of 2 is noise."""
    rng = np.random.default_rng(7)
    n, shown = 4000, 20
    labels = rng.integers(0, 2, n)
    mass = np.where(labels == 1, rng.normal(172, 15, n), rng.gamma(3, 30, n)).clip(1, 299)
    scores = np.stack([rng.normal(4 * labels - 2, 1.2), rng.normal(0, 2, n)]).clip(-12, 12)
    jets = [rng.dirichlet(np.ones(30)) for _ in range(shown)]
    constituents = tuple(np.c_[z, rng.normal(0, 0.2, (30, 2))] for z in jets)
    return ScoredJets(
        mass,
        {"network": scores},
        label=labels,
        shown=np.arange(shown),
        constituents=constituents,
    )


def dashboards_command(*arguments: str) -> int:
    """Exit status of `hepml dashboards` with these arguments, in this process."""
    parser = argparse.ArgumentParser()
    commands.add_dashboards(parser.add_subparsers())
    parsed = parser.parse_args(["dashboards", *arguments])
    return parsed.run(parsed)


def shown_as(html: str) -> str:
    """The words of a piece of a page, as a browser gives them: no-break spaces stay."""
    return unescape(re.sub("<style>.*?</style>|<.*?>", "", html))


def plain(html: str) -> str:
    """The same words with ordinary spaces."""
    return shown_as(html).replace("\xa0", " ")


def free_port() -> int:
    """A port that nobody else takes before the server does.

    Ports that the system hands out (to kernels, above all) start at 32768: a port from there may be
    another program's a moment later. Each worker of the tests has a thousand ports of its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 10_000 + 1000 * (worker % 20)
    for port in random.sample(range(first, first + 1000), 50):
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"50 ports between {first} and {first + 999} are all taken")


def start(command: list[str], url: str, log: Path, **environment: str) -> subprocess.Popen:
    """Start a server and wait until it answers."""
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=log.parent, stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ, **CALM, **environment},
        )  # fmt: skip
    deadline = time.monotonic() + 180  # on a busy machine
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            return process
    process.kill()
    raise RuntimeError(f"no answer from {command}:\n{log.read_text()}")


def stop(process: subprocess.Popen) -> None:
    """End a server and what it started; one that is slow to say good-bye is killed."""
    family = [] if process.poll() is not None else psutil.Process(process.pid).children(True)
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:  # it asks each kernel first, and a busy one is slow
        process.kill()
        process.wait(20)
    for child in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def dashboards(folder: Path) -> tuple[str, subprocess.Popen]:
    """URL and process of a new dashboard server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "widgets.app", "--port", str(port)]
    return url, start(command, url, folder / "log")


@pytest.fixture(scope="session")
def exported_pages(tmp_path_factory):
    """The folder that `hepml dashboards export` wrote, and what the command printed."""
    folder = tmp_path_factory.mktemp("exported") / "new" / "folder"
    with contextlib.redirect_stdout(StringIO()) as printed:
        assert dashboards_command("export", str(folder)) == 0
    return folder, printed.getvalue()


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """URL of a running dashboard server."""
    url, process = dashboards(tmp_path_factory.mktemp("dashboards"))
    yield url
    stop(process)


@pytest.fixture
def own_server(tmp_path):
    """URL and process of a dashboard server that the test may kill."""
    url, process = dashboards(tmp_path)
    yield url, process
    process.kill()
    process.wait(10)


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    """Address of the dashboards in a Jupyter server as JupyterHub starts it."""
    folder = tmp_path_factory.mktemp("hub")
    port = free_port()
    base = f"http://127.0.0.1:{port}/user/ann%40cern.ch"
    options = [f"--port={port}", "--IdentityProvider.token=", "--allow-root"]
    options += ["--ServerApp.base_url=/user/ann%40cern.ch/", f"--ServerApp.root_dir={folder}"]
    folders = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", *options]
    process = start(command, f"{base}/api", folder / "log", **folders)
    yield f"{base}/dashboards"
    stop(process)


@pytest.fixture
def lab(tmp_path, request):
    """URL of a notebook in JupyterLab that shows one dashboard, start_here or `param`, twice.

    A tuple as `param` gives the cells themselves.
    """
    asked = getattr(request, "param", "start_here")
    cells = ["from widgets import setup; setup()", "from widgets.catalogue import find"]
    cells = [*cells, f"dashboard = find('{asked}')()\ndashboard", "dashboard"]
    if isinstance(asked, tuple):
        cells = list(asked)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "demo.ipynb")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = [
        f"--port={port}",
        "--IdentityProvider.token=",
        "--allow-root",
    ]
    options += ["--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"]
    folders = {
        f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", *options]
    settings = {"JUPYTER_CONFIG_PATH": str(ROOT / "hepml_lite/course/jupyter"), "PANEL_INLINE": "1"}
    process = start(command, f"{url}/lab", tmp_path / "log", **settings, **folders)
    yield f"{url}/lab/tree/demo.ipynb"
    stop(process)


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}: install Chromium or set CHROMIUM")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page that notes errors and every request that leaves this machine."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.errors, page.external = [], []
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: page.errors.append(str(e)))
    local = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "file:")
    page.on("request", lambda r: None if r.url.startswith(local) else page.external.append(r.url))
    yield page
    page.close()
