"""The dashboard of generation in a real browser: served, on a phone, and linked views."""

import time
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd
import panel as pn
import pytest

from data_fetch import load
from hepml_lite.generation.showers import profiles_of
from tests.widgets.conftest import free_port
from tests.widgets.test_in_browser import move, picture
from tests.widgets.test_linked import brush, wait_for, wait_until
from widgets.generation import Generation
from widgets.shared import url_state
from widgets.shared.linked import LinkedViews

pytestmark = pytest.mark.browser
LINE = "of the voxels have energy"  # of the live line
SHOWER = 0  # number of the figure
PROFILE = 1
PEAK = 2
FIGURES = 6
BRUSH = 0.2  # seconds of CPU time of the server, at most
PAIRS = [("log energy", "response"), ("mean depth [X0]", "mean radius [RM]")]


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


def test_a_brush_over_showers_lights_up_the_same_ones_everywhere(page):
    x, energy = profiles_of(load("calo_profiles", split="test")[:5000], 1)
    table = pd.DataFrame(
        {
            "log energy": np.log(energy),
            "response": x[:, :20].sum(axis=1),
            "mean depth [X0]": x[:, 20],
            "mean radius [RM]": x[:, 22],
        }
    )
    views = LinkedViews(table, PAIRS)
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
    inside = views.selected()["log energy"]
    assert 0 < inside.max() - inside.min() < 0.8 * np.ptp(table["log energy"])
    server.stop()
