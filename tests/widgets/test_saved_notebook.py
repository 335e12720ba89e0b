"""What a notebook with dashboards stores, and how it looks in JupyterLab."""

import os
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.widgets.conftest import CALM
from tests.widgets.test_in_browser import INVITATION, lab_runs
from widgets.shared.notebook import scripts_on_server

MEGABYTE = 1_000_000
CELLS = ["from widgets import setup; setup()", "from widgets.catalogue import find"]
CELLS = [*CELLS, "dashboard = find('representations')()\ndashboard", "dashboard"]


def executed(monkeypatch, **environment: str) -> str:
    """The text of a notebook with two displays, as it is saved."""
    for name in ("JPY_SESSION_NAME", "HEPML_SCRIPTS", "VSCODE_PID", "VSCODE_CWD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (CALM | environment).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return nbformat.writes(notebook)


def test_saved_notebook_is_small_and_asks_no_other_server(monkeypatch):
    saved = executed(monkeypatch, JPY_SESSION_NAME="demo.ipynb", PANEL_INLINE="1")
    assert len(saved) < MEGABYTE / 2
    assert saved.count("root_ids") >= 2  # two displays
    assert "https://cdn" not in saved


def test_where_no_server_has_the_scripts_they_are_in_the_notebook(monkeypatch):
    saved = executed(monkeypatch, PANEL_INLINE="1")
    assert "BEGIN panel.min.js" in saved


@pytest.mark.parametrize(
    ("environment", "there"),
    [
        ({"JPY_SESSION_NAME": "a.ipynb"}, True),
        ({}, False),
        ({"JPY_SESSION_NAME": "a.ipynb", "VSCODE_PID": "7"}, False),
        ({"JPY_SESSION_NAME": "a.ipynb", "HEPML_SCRIPTS": "inline"}, False),
        ({"JPY_SESSION_NAME": "a.ipynb", "PANEL_INLINE": "0"}, False),
    ],
)
def test_only_a_jupyter_server_has_the_scripts(monkeypatch, environment, there):
    monkeypatch.setattr(os, "environ", environment)
    assert scripts_on_server() == there
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    assert not scripts_on_server()


def shade(page, selector: str) -> str:
    return page.locator(selector).first.evaluate("e => getComputedStyle(e).backgroundColor")


@pytest.mark.browser
@pytest.mark.parametrize("lab", ["representations"], indirect=True)
def test_dark_jupyterlab(page, lab, tmp_path):
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    dark = "{theme: 'JupyterLab Dark'}"
    page.evaluate(f"window.jupyterapp.commands.execute('apputils:change-theme', {dark})")
    lab_runs(page, "notebook:run-all-cells")
    page.get_by_text(INVITATION).nth(1).wait_for(timeout=120_000)
    page.wait_for_timeout(1000)
    group = ".bk-btn-group button"
    assert shade(page, f"{group}.bk-active") != shade(page, f"{group}:not(.bk-active)")
    assert page.get_by_text("Jupyter news").count() == 0
    lab_runs(page, "docmanager:save")
    page.wait_for_timeout(2000)
    saved = Path(tmp_path / "demo.ipynb").read_text()
    assert saved.count("root_ids") >= 2
    assert len(saved) < MEGABYTE / 2
    assert page.external == []


@pytest.mark.browser
def test_an_exported_page_says_that_it_has_no_scripts(page, tmp_path):
    from widgets.shared.notebook import loader

    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><body>{loader()}</body>")
    page.goto(file.as_uri())
    page.get_by_text("setup(inline=True)").wait_for(timeout=10_000)
