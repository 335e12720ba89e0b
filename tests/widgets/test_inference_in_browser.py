"""The dashboard of inference in a real browser: served, on a phone, and in JupyterLab."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.widgets.test_in_browser import lab_runs, move, picture
from widgets.inference import Inference
from widgets.shared import url_state

pytestmark = pytest.mark.browser
LINE = "of 400 experiments"  # of the live line of the first screen
EVENTS = 1  # handle
FIGURES = 6  # of the first screen
FOLLOW = (0, 1, 2, 3)  # figures that the number of events changes


def test_events_and_method_move_line_table_and_figures(page, served):
    page.goto(f"{served}/inference")
    line = page.get_by_text(LINE).first
    line.wait_for(timeout=30_000)
    page.wait_for_timeout(1500)
    before = line.inner_text(), page.locator("table").first.inner_text()
    pictures = [picture(page, figure) for figure in range(FIGURES)]
    move(page, EVENTS, times=1)
    page.locator("select").first.select_option("histogram, 10 bins")
    page.get_by_text("Histogram, 10 bins: signal").first.wait_for(timeout=20_000)
    page.wait_for_timeout(1500)
    assert line.inner_text() != before[0]
    assert page.locator("table").first.inner_text() != before[1]
    for figure in FOLLOW:
        assert picture(page, figure) != pictures[figure]
    state, problems = url_state.decode(Inference, parse_qsl(urlsplit(page.url).query))
    assert problems == []
    assert (state["events"], state["method"]) == (300, "histogram, 10 bins")
    assert (page.errors, page.external) == ([], [])


def test_other_screens_are_a_click_away(page, served):
    page.goto(f"{served}/inference")
    page.get_by_text(LINE).first.wait_for(timeout=30_000)
    page.get_by_text("failure gallery").first.click()
    page.get_by_text("checks find a fault").first.wait_for(timeout=20_000)
    page.wait_for_timeout(1000)
    shown = page.locator(".bk-Figure:visible")
    assert shown.count() == 4
    assert all(shown.nth(k).bounding_box()["width"] > 200 for k in range(4))
    page.get_by_text("strong coupling").first.click()
    page.get_by_text("of 1000 experiments").first.wait_for(timeout=20_000)
    page.wait_for_timeout(1000)
    assert page.locator(".bk-Figure:visible").count() == 6
    assert (page.errors, page.external) == ([], [])


@pytest.mark.parametrize("screen", ["exact peak", "strong coupling", "failure gallery"])
def test_page_fits_a_phone(page, served, screen):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served}/inference?screen={screen}")
    page.locator(".bk-Figure:visible").nth(3).wait_for(timeout=30_000)
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#main').scrollWidth") <= 390
    names = page.get_by_role("img").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert sum("Figure:" in (name or "") for name in names) >= 4


@pytest.mark.parametrize("lab", ["inference"], indirect=True)
def test_two_displays_follow_each_other(page, lab):
    page.goto(lab)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.isReady")
    lab_runs(page, "notebook:run-all-cells")
    page.get_by_text(LINE).nth(1).wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    before = page.get_by_text("Posterior flow: signal").nth(1).text_content()
    move(page, EVENTS, times=1)
    page.wait_for_timeout(3000)
    texts = page.get_by_text("Posterior flow: signal").all_text_contents()
    assert texts[0] == texts[1] != before
    assert page.external == []
