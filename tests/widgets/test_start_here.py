"""The dashboard "Cut or learn?" without a browser."""

import hashlib
import json
import re
from urllib.parse import parse_qsl

import numpy as np
import pytest

from hepml_lite.containers.scored_jets import ScoredJets
from hepml_lite.plotting import COLOURS
from widgets.shared import style, url_state
from widgets.start_here.dashboard import StartHere
from widgets.start_here.state import STORED


@pytest.fixture
def dashboard(toy_results):
    return StartHere(toy_results)


def line(dashboard) -> str:
    return re.sub("<.*?>", "", dashboard.compute()["line"]).replace("&nbsp;", " ")


def test_full_window_keeps_everything(dashboard):
    dashboard.window = (0, 300)
    cut = dashboard.working_points()["cut"]
    assert cut.signal_efficiency.value == cut.background_efficiency.value == 1
    dashboard.training = 2  # knows nothing, so its threshold is the lowest score of a top
    assert "no more than chance" in line(dashboard)


def test_table_follows_the_window(dashboard, toy_results):
    dashboard.window = (150, 200)
    top = toy_results.mass[toy_results.label == 1]
    expected = ((top >= 150) & (top <= 200)).mean()
    cell = re.search(r"mass window</th><td[^>]*>([\d.]+)", dashboard._outputs["table"])
    assert float(cell[1]) == pytest.approx(expected, abs=0.001)


def test_threshold_follows_the_window_until_it_is_moved(dashboard):
    dashboard.window = (165, 180)
    tight = dashboard.threshold
    dashboard.window = (120, 230)
    assert dashboard.threshold < tight
    points = dashboard.working_points()
    assert points["cut"].passed_signal == points["network"].passed_signal
    dashboard.threshold = 1.0
    assert not dashboard.equal
    dashboard.window = (165, 180)
    assert dashboard.threshold == 1.0
    dashboard.equal = True
    assert dashboard.threshold == tight


def test_words_name_the_better_selection(dashboard):
    assert "the network accepts" in line(dashboard)  # training 1 is far better than the mass
    dashboard.training = 2  # and this one knows nothing
    assert "the window accepts" in line(dashboard)
    dashboard.window = (299, 299.5)
    assert "widen it" in line(dashboard)


def test_hidden_network_gives_nothing_away(dashboard):
    dashboard.network = False
    outputs = dashboard.compute()
    assert "Write down your answer" in outputs["line"]
    assert "network</th>" not in outputs["table"]
    assert outputs["roc"]["low"] == outputs["score"]["top"] == outputs["jet_score"]["x"] == []
    assert "score" not in outputs["jet_line"]


def test_expected_numbers_scale_the_yields(dashboard):
    def significance() -> float:
        return float(re.search(r"([\d.]+) ± [\d.]+</td></tr>", dashboard._outputs["table"])[1])

    before = significance()
    dashboard.tops = 100_000
    assert significance() == pytest.approx(10 * before, rel=0.02)
    dashboard.qcd_per_top = 10
    assert significance() == pytest.approx(100 * before, rel=0.02)


def test_buttons_step_to_the_next_jet_of_a_kind(dashboard, toy_results):
    labels = toy_results.label[toy_results.shown]
    for button, label in (("next_top", 1), ("next_qcd", 0)):
        for _ in range(len(labels)):
            before = dashboard.jet
            setattr(dashboard, button, True)
            assert labels[dashboard.jet] == label
            assert dashboard.jet != before
    dashboard.window, dashboard.equal, dashboard.threshold = (0, 300), False, -10.0
    before = dashboard.jet
    dashboard.next_disputed = True  # all are accepted by both
    assert dashboard.jet == before


def test_displays_follow_and_old_ones_are_dropped(dashboard):
    pages = [dashboard.__panel__() for _ in range(dashboard.MAX_DISPLAYS + 2)]
    assert len(dashboard._displays) == dashboard.MAX_DISPLAYS
    dashboard.window = (100, 300)
    for display, page in dashboard._displays:
        assert page in pages
        assert display.source("window").data == {"left": [100], "right": [300]}


@pytest.mark.parametrize(
    "wrong",
    [{"window": (200, 100)}, {"window": (float("nan"), 200)}, {"jet": 10_000}, {"qcd_per_top": 7}],
)
def test_impossible_states_are_refused(toy_results, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StartHere(toy_results, **wrong)


def test_controls_can_be_hidden(toy_results):
    shown = StartHere(toy_results, hide=("threshold",)).controls("window", "threshold")
    assert shown.parameters == ["window"]
    with pytest.raises(ValueError, match="the controls are"):
        StartHere(toy_results, hide=("treshold",))


def test_every_control_survives_the_address(toy_results):
    changed = {
        "window": (101.0, 222.0), "network": False, "equal": False, "threshold": 1.234,
        "training": 2, "tops": 100_000, "qcd_per_top": 10, "jet": 7,
    }  # fmt: skip
    assert set(changed) == set(url_state.state_names(StartHere))
    dashboard = StartHere(toy_results, **changed)
    state, problems = url_state.decode(StartHere, parse_qsl(dashboard.query()))
    assert problems == []
    assert state == changed
    assert StartHere(toy_results, **state).query() == dashboard.query()


@pytest.mark.parametrize(
    "text", ["window=1", "window=200,100", "threshold=abc", "threshold=nan", "equal=yes", "tops=5",
             "jet=-1", "jet=1.5", "window=0,999"],
)  # fmt: skip
def test_nonsense_in_the_address_is_explained_and_ignored(text):
    state, problems = url_state.decode(StartHere, [*parse_qsl(text), ("theme", "dark")])
    assert state == {}
    assert len(problems) == 1
    assert text in problems[0]
    assert "allowed" in problems[0]


def test_colours_are_those_of_the_notebooks():
    ours = {style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.SKY, style.ORANGE}
    assert ours == set(COLOURS.values())


def test_stored_results_are_those_of_the_card():
    card = json.loads(STORED.with_suffix(".json").read_text("utf8"))
    assert STORED.stat().st_size < 300_000
    assert hashlib.sha256(STORED.read_bytes()).hexdigest() == card["sha256"]
    results = ScoredJets.load(STORED)
    assert len(results.label) == card["jets"]
    assert len(results.trainings()) == len(card["seeds"])
    assert np.isin([0, 1], results.label[results.shown]).all()
