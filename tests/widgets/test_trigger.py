"""The dashboard of the trigger without a browser."""

import re
import time
from urllib.parse import parse_qsl

import numpy as np
import pytest

from tests.widgets.conftest import plain
from widgets.shared import url_state
from widgets.trigger import samples
from widgets.trigger.dashboard import SLIDERS, Trigger

ALL_OFF = {key: one.high for key, one in SLIDERS.items()} | {"network": 0.0}


def test_rates_are_weighted_means():
    dashboard = Trigger(**(ALL_OFF | {"muon": 12, "jet": 60}))
    background = samples.groups()["background"]
    muon = background.columns["muons 1"] >= 12
    jet = background.columns["jets 1"] >= 60
    expected = np.mean(background.weight * (muon | jet))
    assert dashboard.rates().total.value == pytest.approx(expected)
    shown = dict(zip(*(dashboard._outputs["rates"][key] for key in ("item", "rate")), strict=True))
    assert shown["muon"] == pytest.approx(np.mean(background.weight * muon) / 1e3)
    assert shown["HT"] == 0


def test_the_line_is_red_over_the_budget_only():
    dashboard = Trigger(**(ALL_OFF | {"jet": 150}))
    assert "Within the budget" in plain(dashboard._outputs["line"])
    dashboard.jet = 20
    assert "OVER the budget" in plain(dashboard._outputs["line"])
    assert "color" in dashboard._outputs["line"]


def test_lower_thresholds_keep_more():
    dashboard = Trigger(muon=30)
    before = dashboard.efficiencies(dashboard.with_network())
    dashboard.muon = 5
    after = dashboard.efficiencies(dashboard.with_network())
    assert all(after[name] >= before[name] for name in before)
    assert after["A -> 4l"] > before["A -> 4l"]


def test_the_network_keeps_its_rate_and_adds_signal():
    dashboard = Trigger(network=5.0)
    alone = dashboard.rates().rate(samples.NETWORK).value
    assert alone <= 5000
    assert alone > 3500
    bars = dashboard._outputs["efficiencies"]
    assert (np.asarray(bars["all"]) >= bars["menu"]).all()
    dashboard.network = 0.0
    bars = dashboard._outputs["efficiencies"]
    np.testing.assert_array_equal(bars["all"], bars["menu"])


def test_nothing_on():
    dashboard = Trigger(**ALL_OFF)
    assert "nothing is kept" in plain(dashboard._outputs["line"])
    assert dashboard._outputs["table"] == ""
    assert max(dashboard._outputs["efficiencies"]["all"]) == 0


def test_roc_curves_rise_and_their_bands_hold_them():
    outputs = Trigger(signal="LQ -> b tau")._outputs
    for score in ("network", "sum pT"):
        curve = outputs[f"roc {score}"]
        band = outputs[f"band {score}"]
        assert (np.diff(curve["y"]) >= 0).all()
        n = len(curve["x"])
        assert (band["xs"][:n] < curve["x"]).all()
        assert (band["xs"][n:][::-1] > curve["x"]).all()


def test_a_move_takes_milliseconds():
    dashboard = Trigger()
    started = time.process_time()
    for cut in range(40, 50):
        dashboard.jet = cut
    assert (time.process_time() - started) / 10 < 0.1


def test_displays_follow():
    dashboard = Trigger()
    for _ in range(2):
        dashboard.__panel__()
    dashboard.jet = 100
    for display, _ in dashboard._displays:
        assert display.source("here").data["x"] == dashboard._outputs["here"]["x"]


@pytest.mark.parametrize("wrong", [{"muon": 2}, {"budget": 1}, {"signal": "top"}, {"network": -1}])
def test_impossible_states_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Trigger(**wrong)


def test_every_control_survives_the_address():
    changed = {
        "budget": 20, "muon": 9, "two_muons": 5, "electron": 15, "two_electrons": 8, "jet": 80,
        "missing": 40, "sum_of_jets": 150, "network": 4.5, "item": "muon",
        "signal": "LQ -> b tau",
    }  # fmt: skip
    assert set(changed) == set(url_state.state_names(Trigger))
    dashboard = Trigger(**changed)
    state, problems = url_state.decode(Trigger, parse_qsl(dashboard.query()))
    assert problems == []
    assert state == changed
