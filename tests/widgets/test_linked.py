"""Linked views: the same events are selected everywhere, and quickly."""

import time
import urllib.error
import urllib.request

import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
import pytest

from tests.widgets.conftest import free_port
from widgets.shared.linked import LinkedViews

PAIRS = [("a", "b"), ("c", "d"), ("a", "d"), ("b", "c")]

SOURCES = """[...Bokeh.documents[0]._all_models.values()]
    .filter(model => model.type === "ColumnDataSource")"""
NOTE_DATA = f"""() => {{
    window.before = {SOURCES}.map(source => [source, source.data]);
    addEventListener("pointerup", () => {{ window.released = performance.now(); }}, true);
}}"""
CHANGED = "window.before.filter(([source, data]) => source.data !== data).length"
# Milliseconds from the release of the mouse until `views` clouds have new points
WAIT_FOR_ALL = f"""views => new Promise(resolve => {{
    const poll = () => {{
        if (window.released && {CHANGED} >= views) resolve(performance.now() - window.released);
        else setTimeout(poll, 1);
    }};
    poll();
}})"""


@pytest.fixture
def events() -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(6000, 4))
    return pd.DataFrame(values, columns=list("abcd"))


def test_selected_events_are_those_in_the_range(events):
    views = LinkedViews(events, PAIRS)
    assert len(views.selected()) == 5000
    views.link.selection_expr = (hv.dim("a") > 0) & (hv.dim("b") < 1)
    shown = events.iloc[:5000]
    expected = shown[(shown.a > 0) & (shown.b < 1)]
    pd.testing.assert_frame_equal(views.selected(), expected)


def test_wrong_pairs_are_refused(events):
    with pytest.raises(ValueError, match="no column 'e'"):
        LinkedViews(events, [("a", "e")])
    with pytest.raises(ValueError, match="pairs is empty"):
        LinkedViews(events, [])


@pytest.fixture
def shown(events):
    """Linked views on a server of their own, and its address."""
    views = LinkedViews(events, PAIRS)
    port = free_port()
    server = pn.serve(views, port=port, show=False, threaded=True, address="127.0.0.1")
    url = f"http://127.0.0.1:{port}"
    wait_for(url)
    yield views, url
    server.stop()


def wait_for(url: str, seconds: float = 20) -> None:
    """Return when the server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=seconds).close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise TimeoutError(f"no answer from {url} within {seconds} s")


@pytest.mark.browser
def test_a_brush_selects_in_all_views(page, shown):
    views, url = shown
    page.goto(url)
    figure = page.locator(".bk-Figure").first
    figure.wait_for(timeout=20000)
    page.wait_for_timeout(2500)
    milliseconds = brush(page, figure, 0.3)
    page.wait_for_timeout(500)
    assert 0 < len(views.selected()) < len(views.events.data)
    assert milliseconds < 5000  # a stuck page; the time itself depends on the load of the machine


def brush(page, figure, start: float) -> float:
    """Select a box in a view; return the milliseconds until all views show it."""
    box = figure.bounding_box()
    across, down = box["width"], box["height"]
    page.evaluate(NOTE_DATA)
    page.evaluate("window.released = 0")
    page.mouse.move(box["x"] + start * across, box["y"] + start * down)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + 0.2) * across, box["y"] + (start + 0.2) * down, steps=5)
    page.mouse.up()
    return page.evaluate(WAIT_FOR_ALL, len(PAIRS))
