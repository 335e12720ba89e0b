"""Linked views: the same events are selected everywhere, and quickly."""

import time
import urllib.error
import urllib.request

import numpy as np
import pandas as pd
import panel as pn
import pytest
from bokeh.models import ColumnDataSource, GlyphRenderer

from tests.widgets.conftest import free_port
from tests.widgets.test_in_browser import lab_runs
from widgets.shared.linked import LinkedViews

PAIRS = [("a", "b"), ("c", "d"), ("a", "d"), ("b", "c")]

MOST_RECEIVED = 2000  # bytes from Python after a brush: acknowledgements, no points
ACTIVE_TOOLS = """[...Bokeh.documents[0]._all_models.values()]
    .filter(model => model.type == "Toolbar")
    .flatMap(toolbar => toolbar.tools)
    .filter(tool => tool.active).map(tool => tool.type ?? tool.tools?.[0]?.type)"""


CELLS = (
    "from widgets import setup; setup()",
    "import numpy as np, pandas as pd\nfrom widgets.shared.linked import LinkedViews\n"
    "values = np.random.default_rng(1).normal(size=(1000, 2))\n"
    "views = LinkedViews(pd.DataFrame(values, columns=['a', 'b']), [('a', 'b')])",
    "views",
    "print('selected', len(views.selected()), 'rows')",
)


@pytest.fixture
def events() -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(6000, 4))
    return pd.DataFrame(values, columns=list("abcd"))


def test_all_views_draw_from_one_source(events):
    views = LinkedViews(events, PAIRS)
    page = views.__panel__().object
    (source,) = page.select({"type": ColumnDataSource})
    glyphs = [view.glyph for view in page.select({"type": GlyphRenderer})]
    assert sorted((glyph.x, glyph.y) for glyph in glyphs) == sorted(PAIRS)
    np.testing.assert_array_equal(source.data["c"], events["c"][:5000])


def test_selected_events_are_the_rows_that_the_browser_tells(events):
    views = LinkedViews(events, PAIRS)
    pages = [views.__panel__().object for _ in range(2)]
    assert len(views.selected()) == 5000
    for page, rows in zip(pages, ([7, 3], [4999]), strict=True):
        (source,) = page.select({"type": ColumnDataSource})
        source.selected.indices = rows
        pd.testing.assert_frame_equal(views.selected(), events.iloc[sorted(rows)])


def test_the_picture_is_the_mean_of_the_selected(events):
    pictures = np.random.default_rng(2).random((len(events), 5, 7)).astype(np.float32)
    views = LinkedViews(events, PAIRS, images=pictures)
    clouds, shown = (pane.object for pane in views.__panel__())
    (source,) = clouds.select({"type": ColumnDataSource})
    (image,) = shown.select({"type": ColumnDataSource})
    np.testing.assert_allclose(image.data["image"][0], pictures[:5000].mean(0).T, rtol=1e-5)
    source.selected.indices = [7, 3]
    np.testing.assert_allclose(image.data["image"][0], pictures[[3, 7]].mean(0).T, rtol=1e-5)
    source.selected.indices = []
    np.testing.assert_allclose(image.data["image"][0], pictures[:5000].mean(0).T, rtol=1e-5)


def test_pictures_of_other_events_are_refused(events):
    with pytest.raises(ValueError, match="3 images of 6000 events"):
        LinkedViews(events, PAIRS, images=np.ones((3, 5, 5)))
    with pytest.raises(ValueError, match="no images"):
        LinkedViews(events, PAIRS).mean_image()


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
def test_a_brush_selects_in_all_views_and_sends_no_points(page, shown):
    views, url = shown
    messages = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda m: messages.append(m)))
    page.goto(url)
    figure = page.locator(".bk-Figure").first
    figure.wait_for(timeout=20000)
    page.wait_for_timeout(2500)
    assert "PanTool" not in page.evaluate(ACTIVE_TOOLS)
    assert "BoxSelectTool" in page.evaluate(ACTIVE_TOOLS)
    messages.clear()
    brush(page, figure, 0.3)
    wait_until(lambda: len(views.selected()) < len(views.events.data))
    page.wait_for_timeout(500)
    a, b = views.selected()[["a", "b"]].to_numpy().T
    rest = views.events.data.drop(views.selected().index)
    inside = rest.a.between(a.min(), a.max()) & rest.b.between(b.min(), b.max())
    assert not inside.any()
    assert sum(len(message) for message in messages) < MOST_RECEIVED


@pytest.mark.browser
@pytest.mark.parametrize("lab", [CELLS], indirect=True, ids=["views"])
def test_the_kernel_of_a_notebook_knows_the_selected_rows(page, lab):
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    lab_runs(page, "notebook:run-all-cells")
    page.get_by_text("selected 1000 rows").wait_for(timeout=60_000)
    figure = page.locator(".bk-Figure").first
    figure.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    brush(page, figure, 0.4)
    page.wait_for_timeout(2000)
    lab_runs(page, "notebook:run-cell", 3)
    page.get_by_text("selected 1000 rows").wait_for(state="detached", timeout=20_000)
    assert page.get_by_text("rows").count() > 0


def wait_until(found, seconds: float = 20) -> None:
    """Return when a condition holds.

    Raises:
        TimeoutError: it does not within `seconds`.
    """
    end = time.monotonic() + seconds
    while not found():
        if time.monotonic() > end:
            raise TimeoutError(f"nothing within {seconds} s")
        time.sleep(0.05)


def brush(page, figure, start: float) -> None:
    """Select a box in a view with the mouse."""
    box = figure.bounding_box()
    across, down = box["width"], box["height"]
    page.mouse.move(box["x"] + start * across, box["y"] + start * down)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + 0.2) * across, box["y"] + (start + 0.2) * down, steps=5)
    page.mouse.up()
