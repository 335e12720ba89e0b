"""The dashboards for screen readers, keyboards and dark rooms; axe-core judges the pages."""

import io

import numpy as np
import pytest
from PIL import Image

from widgets import catalogue

pytestmark = pytest.mark.browser
ADDRESSES = ["", *catalogue.names(), *(f"{name}?theme=dark" for name in catalogue.names())]


def opened(page, address: str) -> None:
    page.goto(address)
    page.locator(".bk-Figure").first.wait_for(timeout=30_000)
    page.wait_for_timeout(1500)  # the names are written after the figures


@pytest.mark.parametrize("address", ADDRESSES)
def test_axe_finds_nothing_serious(page, served, address):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-core")
    if address:
        opened(page, f"{served}/{address}")
    else:
        page.goto(served)
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []


@pytest.mark.parametrize("name", catalogue.names())
def test_every_figure_and_slider_has_a_name_of_its_own(page, served, name):
    opened(page, f"{served}/{name}")
    figures = page.locator(".bk-Figure")
    names = [figures.nth(k).get_attribute("aria-label") for k in range(figures.count())]
    assert all(text.removeprefix("Figure: ") for text in names)
    handles = page.locator(".noUi-handle")
    labels = [handles.nth(k).get_attribute("aria-label") for k in range(handles.count())]
    assert all(label and len(label) < 60 for label in labels)
    for several in (names, labels):
        assert len(set(several)) == len(several)


def test_a_slider_of_choices_and_a_group_of_buttons_say_what_is_chosen(page, served):
    opened(page, f"{served}/representations")
    slider = page.get_by_label("Soft particle: pT [GeV]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "handle => handle.getAttribute('aria-valuetext') == '0.01'", arg=slider.element_handle()
    )
    page.get_by_role("button", name="gluon", exact=True).click()
    page.get_by_role("button", name="gluon", exact=True, pressed=True).wait_for(timeout=5000)
    assert page.get_by_role("button", name="quark", exact=True, pressed=True).count() == 0


def test_a_dark_system_gets_the_dark_page(page, served):
    page.emulate_media(color_scheme="dark")
    opened(page, f"{served}/start_here?jet=3")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(18, 18, 18)"
    figure = Image.open(io.BytesIO(page.locator(".bk-Figure").first.screenshot()))
    assert np.asarray(figure.convert("L")).mean() < 100  # of 255
    assert "jet=3" in page.url
