"""The dashboard of anomaly detection in a real browser: served, on a phone, and in JupyterLab."""

import time
from urllib.parse import parse_qsl, urlsplit

import panel as pn
import pytest

from tests.widgets.conftest import free_port
from tests.widgets.test_in_browser import lab_runs, move, picture
from tests.widgets.test_linked import brush, wait_for, wait_until
from widgets.anomaly_detection import AnomalyDetection, stored
from widgets.shared import url_state
from widgets.shared.linked import LinkedViews

pytestmark = pytest.mark.browser
LINE = "background events of the region"  # of the live line
CUT = 1  # handle of the cut
FIGURES = 6
BRUSH = 0.2  # seconds of CPU time of the server, at most
PAIRS = [("m1 [GeV]", "m2 [GeV]"), ("rank of CWoLa", "rank of CATHODE")]


def test_cut_and_method_move_line_table_and_figures(page, served):
    page.goto(f"{served}/anomaly_detection")
    line = page.get_by_text(LINE).first
    line.wait_for(timeout=30_000)
    page.wait_for_timeout(1000)
    before = line.inner_text(), page.locator("table").first.inner_text()
    pictures = [picture(page, figure) for figure in range(FIGURES)]
    move(page, CUT, "ArrowLeft", 2)
    page.get_by_text("keeps 5 %").first.wait_for(timeout=20_000)
    page.locator("select").nth(2).select_option("CATHODE")
    page.wait_for_timeout(1500)
    assert line.inner_text() != before[0]
    assert page.locator("table").first.inner_text() != before[1]
    for figure in range(FIGURES):
        assert picture(page, figure) != pictures[figure]
    state, problems = url_state.decode(AnomalyDetection, parse_qsl(urlsplit(page.url).query))
    assert problems == []
    assert (state["kept"], state["method"]) == (0.05, "CATHODE")
    assert (page.errors, page.external) == ([], [])


def test_search_that_is_not_stored_says_so(page, served):
    page.goto(f"{served}/anomaly_detection?features=ten+noise+features&method=CATHODE")
    page.get_by_text("not stored").first.wait_for(timeout=30_000)
    page.locator("select").nth(1).select_option("plain")
    page.get_by_text("not stored").first.wait_for(state="detached", timeout=20_000)
    assert (page.errors, page.external) == ([], [])


def test_page_fits_a_phone(page, served):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served}/anomaly_detection")
    page.get_by_text(LINE).first.wait_for(timeout=30_000)
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#main').scrollWidth") <= 390
    names = page.get_by_role("img").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert sum("Figure:" in (name or "") for name in names) == FIGURES


def test_a_brush_over_the_dijets_lights_up_the_same_events_everywhere(page):
    views = LinkedViews(stored.stored_searches().events(), PAIRS)
    port = free_port()
    server = pn.serve(views, port=port, show=False, threaded=True, address="127.0.0.1")
    wait_for(f"http://127.0.0.1:{port}")
    page.goto(f"http://127.0.0.1:{port}")
    figure = page.locator(".bk-Figure").first
    figure.wait_for(timeout=20_000)
    page.wait_for_timeout(2500)
    before = picture(page, 1)
    started = time.process_time()
    brush(page, figure, 0.3)
    wait_until(lambda: len(views.selected()) < len(views.events.data))
    seconds = time.process_time() - started
    page.wait_for_timeout(500)
    assert picture(page, 1) != before
    assert seconds < BRUSH
    inside = views.selected()["m1 [GeV]"]
    rest = views.events.data.drop(views.selected().index)
    assert inside.max() - inside.min() < rest["m1 [GeV]"].max() - rest["m1 [GeV]"].min()
    server.stop()


@pytest.mark.parametrize("lab", ["anomaly_detection"], indirect=True)
def test_two_displays_follow_each_other(page, lab):
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    lab_runs(page, "notebook:run-all-cells")
    page.get_by_text(LINE).nth(1).wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    # the content, not what is visible: JupyterLab does not render cells that are out of sight
    before = page.get_by_text(LINE).nth(1).text_content()
    move(page, CUT, "ArrowLeft", 2)
    page.wait_for_timeout(3000)
    texts = page.get_by_text(LINE).all_text_contents()
    assert texts[0] == texts[1] != before
    assert page.external == []
