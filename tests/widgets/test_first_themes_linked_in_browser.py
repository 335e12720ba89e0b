"""Linked views of representations and tagging in a real browser: one brush, all views, quickly."""

import time

import numpy as np
import pandas as pd
import panel as pn
import pytest

import data_fetch
from hepml_lite.jet_physics.views.images import images
from tests.widgets.conftest import free_port
from tests.widgets.test_in_browser import picture
from tests.widgets.test_linked import brush, wait_for, wait_until
from widgets.shared.linked import LinkedViews
from widgets.tagging.dashboard import stored_sample

pytestmark = pytest.mark.browser
BRUSH = 0.2  # seconds of CPU time of the server, at most
EVENTS = 5000


def kinds_of_jets() -> LinkedViews:
    """Jets of six kinds with their mean picture, as in the exploration of representations."""
    jets = data_fetch.load("jet_classes")[:EVENTS]
    table = pd.DataFrame({"mass": jets.mass, "particles": jets.n_constituents, "pT": jets.pt})
    pairs = [("pT", "particles"), ("mass", "pT")]  # a box in the middle of the first has jets
    return LinkedViews(table, pairs, images=images(jets, 21)[:, 0])


def two_scores() -> LinkedViews:
    """Scores of two taggers, as in the exploration of tagging."""
    jets = stored_sample().jets
    scores = {name: jets.trainings(name)[0] for name in ("LorentzNet", "PFN")}
    table = pd.DataFrame({**scores, "mass": jets.mass, "pT": jets.pt})
    return LinkedViews(table, [("LorentzNet", "PFN"), ("mass", "pT")])


@pytest.mark.parametrize("make", [kinds_of_jets, two_scores])
def test_a_brush_lights_up_the_same_jets_everywhere(page, make):
    views = make()
    port = free_port()
    server = pn.serve(views, port=port, show=False, threaded=True, address="127.0.0.1")
    wait_for(f"http://127.0.0.1:{port}")
    page.goto(f"http://127.0.0.1:{port}")
    cloud, *shown = (0, 1) if views.images is None else (1, 0, 2)  # the picture is 0 on the page
    figure = page.locator(".bk-Figure").nth(cloud)
    figure.wait_for(timeout=20_000)
    page.wait_for_timeout(2500)
    before = [picture(page, number) for number in shown]
    started = time.process_time()
    brush(page, figure, 0.4)
    wait_until(lambda: len(views.selected()) < len(views.events.data))
    seconds = time.process_time() - started
    page.wait_for_timeout(500)
    for number, old in zip(shown, before, strict=True):
        assert picture(page, number) != old
    assert seconds < BRUSH
    if views.images is not None:
        rows = views.selected().index
        np.testing.assert_allclose(views.mean_image(), views.images[rows].mean(axis=0), rtol=1e-5)
    server.stop()
