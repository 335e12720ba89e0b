"""The dashboard of generation in a real browser: served, and on a phone."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.widgets.test_in_browser import move, picture
from widgets.generation import Generation
from widgets.shared import url_state

pytestmark = pytest.mark.browser
LINE = "of the voxels have energy"  # of the live line
SHOWER = 0  # number of the figure
PROFILE = 1
PEAK = 2
FIGURES = 6


def test_time_moves_shower_profile_and_peak(page, served):
    page.goto(f"{served}/generation?time=10")
    line = page.get_by_text(LINE).first
    line.wait_for(timeout=30_000)
    page.wait_for_timeout(1000)
    before = line.inner_text()
    pictures = [picture(page, figure) for figure in (SHOWER, PROFILE, PEAK)]
    move(page, 0)
    page.wait_for_timeout(1500)
    assert line.inner_text() != before
    for figure, old in zip((SHOWER, PROFILE, PEAK), pictures, strict=True):
        assert picture(page, figure) != old
    state, problems = url_state.decode(Generation, parse_qsl(urlsplit(page.url).query))
    assert problems == []
    assert state["time"] != 10
    assert (page.errors, page.external) == ([], [])


def test_page_fits_a_phone(page, served):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served}/generation")
    page.get_by_text(LINE).first.wait_for(timeout=30_000)
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#main').scrollWidth") <= 390
    names = page.get_by_role("img").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert sum("Figure:" in (name or "") for name in names) == FIGURES
