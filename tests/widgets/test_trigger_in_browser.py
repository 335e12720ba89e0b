"""The dashboard of the trigger in a real browser: served, and on a phone."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.widgets.test_in_browser import move, picture
from widgets.shared import url_state
from widgets.trigger import Trigger

pytestmark = pytest.mark.browser
LINE = "the budget:"  # of the live line of the menu
STORED = "Stored result."  # of the live line of the compression
MUON = 1  # handle; the first one is the budget
FIGURES = {"menu": 4, "compression": 4}
RATES, KEPT = 0, 1  # numbers of the figures
TABLES = "all => all.map(e => [e.scrollWidth, e.clientWidth])"


def test_a_threshold_moves_line_table_and_figures(page, served):
    page.goto(f"{served}/trigger?muon=10")
    line = page.get_by_text(LINE).first
    line.wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    before = line.inner_text(), page.locator("table:visible").first.inner_text()
    pictures = [picture(page, figure) for figure in (RATES, KEPT)]
    move(page, MUON)
    page.wait_for_timeout(2000)
    assert line.inner_text() != before[0]
    assert page.locator("table:visible").first.inner_text() != before[1]
    for figure, old in zip((RATES, KEPT), pictures, strict=True):
        assert picture(page, figure) != old
    state, problems = url_state.decode(Trigger, parse_qsl(urlsplit(page.url).query))
    assert problems == []
    assert state["muon"] == 15
    assert (page.errors, page.external) == ([], [])


def test_stored_compression_follows_its_slider(page, served):
    page.goto(f"{served}/trigger")
    page.get_by_text(LINE).first.wait_for(timeout=60_000)
    page.get_by_text("compression", exact=True).first.click()
    line = page.get_by_text(STORED).first
    line.wait_for(timeout=20_000)
    page.wait_for_timeout(1000)
    shown = page.locator(".bk-Figure:visible")
    assert shown.count() == FIGURES["compression"]
    before, old = line.inner_text(), shown.first.screenshot()
    handle = page.locator(".noUi-handle:visible").first
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1500)
    assert line.inner_text() != before
    assert shown.first.screenshot() != old
    assert (page.errors, page.external) == ([], [])


@pytest.mark.parametrize("screen", FIGURES)
def test_page_and_its_table_fit_a_phone(page, served, screen):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served}/trigger?screen={screen}")
    page.locator(".bk-Figure:visible").nth(3).wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#main').scrollWidth") <= 390
    regions = page.get_by_role("region", name="table")
    widths = [w for w in regions.evaluate_all(TABLES) if w[1]]
    assert widths
    assert all(whole <= shown for whole, shown in widths)  # nothing is cut or scrolls
    names = page.get_by_role("img").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert sum("Figure:" in (name or "") for name in names) >= FIGURES[screen]
