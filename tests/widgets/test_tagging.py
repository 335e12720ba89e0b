"""The dashboard of taggers without a browser."""

import hashlib
import json
import re
from urllib.parse import parse_qsl

import numpy as np
import pytest

from hepml_lite.statistics.decorrelation import mass_sculpting
from tests.widgets.conftest import plain
from widgets.shared import url_state
from widgets.tagging import columns
from widgets.tagging.dashboard import NONE, SLOTS, STORED, Tagging, stored_sample

LAST = next(iter(stored_sample().variations))


def passing(dashboard, one, label: int) -> float:
    sample = dashboard.sample
    own = sample.scores[one.row][sample.jets.label == label]
    return (own >= dashboard.threshold(one.row)).mean()


def test_all_taggers_have_the_asked_signal_efficiency():
    for asked in (0.05, 0.3, 0.81):
        dashboard = Tagging(efficiency=asked)
        assert len(dashboard.chosen) > 1
        for one in dashboard.chosen:  # a tagger on the mass has few different scores
            assert asked <= passing(dashboard, one, 1) < asked + 0.02


def test_score_and_efficiency_follow_each_other():
    dashboard = Tagging()
    before = dashboard.score
    dashboard.efficiency = 0.8
    assert dashboard.same
    assert dashboard.score < before
    dashboard.score = 1.0
    assert not dashboard.same
    assert {dashboard.threshold(one.row) for one in dashboard.chosen} == {1.0}
    kept = passing(dashboard, dashboard.chosen[0], 1)
    assert dashboard.efficiency == pytest.approx(kept, abs=0.006)
    assert "Cut at p(top) > 0.73 for all" in plain(dashboard._outputs["line"])
    dashboard.efficiency = 0.5
    assert dashboard.same
    assert not Tagging(score=2.0).same


def test_table_has_the_efficiencies_of_the_jets():
    dashboard = Tagging(efficiency=0.6)
    rows = dashboard._outputs["table"].split("<tr>")[2:]
    assert len(rows) == len(dashboard.chosen)
    for row, one in zip(rows, dashboard.chosen, strict=True):
        cells = [plain(cell) for cell in re.split("</t[hd]>", row)]
        assert dashboard.sample.jets.taggers[one.row] in cells[0]
        area, signal, rejection = (float(cells[k].split()[0]) for k in (2, 3, 4))
        assert area == pytest.approx(dashboard.sample.auc[one.row], abs=1e-4)
        assert signal == pytest.approx(passing(dashboard, one, 1), abs=1e-3)
        assert rejection == pytest.approx(1 / passing(dashboard, one, 0), rel=0.05)
        assert cells[6] == cells[7] == "–"


def test_efficiency_in_bins_and_spectra_count_the_jets():
    for kind, label in (("QCD", 0), ("top", 1)):
        dashboard = Tagging(kind=kind, efficiency=0.7, second=NONE, third=NONE, fourth=NONE)
        sample, (one,) = dashboard.sample, dashboard.chosen
        own = sample.jets.label == label
        passed = sample.scores[one.row] >= dashboard.threshold(one.row)
        y = np.asarray(dashboard._outputs["after"]["ys"][0])[::2]
        mass = np.histogram(sample.jets.mass[own & passed], columns.SPECTRUM_EDGES)[0]
        np.testing.assert_allclose(y, mass / mass.sum(), atol=0.02)  # the last bin has all beyond
        assert y.sum() == pytest.approx(1)
        found = dashboard._outputs["against_pt"]
        for x, value in zip(found["x"], found["y"], strict=True):
            k = np.digitize(x, columns.PT_EDGES) - 1
            inside = own & (np.digitize(sample.jets.pt, columns.PT_EDGES) - 1 == k)
            assert value == pytest.approx(passed[inside].mean(), abs=0.01)


def test_sculpting_is_that_of_the_library():
    sample = stored_sample()
    for row in range(2):
        cut = sample.thresholds[row, 79]
        found, chance = sample.sculpting(sample.scores[row] >= cut)
        bent = mass_sculpting(
            sample.jets.label, sample.scores[row], sample.jets.mass, 0.8, n_bootstrap=50, rng=1
        )
        assert found == pytest.approx(bent.jsd.value, abs=0.01)
        assert chance == pytest.approx(bent.floor, rel=0.25)


def test_sculpting_is_claimed_only_beyond_chance():
    rng, sample = np.random.default_rng(1), stored_sample()
    blind = sample.with_tagger("blind", rng.normal(size=len(sample.jets.label)))
    line = plain(Tagging(blind, efficiency=0.3).compute()["line"])
    assert "have the same mass spectrum as those that fail" in line
    assert "are bent by" in plain(Tagging(first="mass").compute()["line"])


def test_variation_is_told_and_drawn_and_taken_back():
    dashboard = Tagging()
    assert dashboard._outputs["roc_varied"]["xs"] == []
    dashboard.param.update(variation="lost particles", strength=3)
    outputs = dashboard._outputs
    assert "With 10 % of the particles lost" in plain(outputs["line"])
    assert len(outputs["roc_varied"]["xs"]) == len(dashboard.chosen)
    assert outputs["highlight"]["top"]
    first = dashboard.chosen[0]
    shift = dashboard.shift(first, "lost particles", 0)
    assert f"{shift}</td></tr>" in outputs["table"]
    assert (np.diff(outputs["roc_varied"]["xs"][0]) >= 0).all()
    shown = len(dashboard.sample.variations) * len(dashboard.chosen)
    assert len(outputs["shifts"]["x"]) == shown
    dashboard.variation = NONE
    assert dashboard._outputs["highlight"]["top"] == []


def test_same_tagger_twice_is_drawn_once():
    name = stored_sample().jets.taggers[0]
    dashboard = Tagging(**dict.fromkeys(SLOTS, name))
    assert len(dashboard.chosen) == len(dashboard._outputs["roc"]["xs"]) == 1
    dashboard.efficiency = 0.05


def test_own_tagger_stands_beside_the_others():
    sample = stored_sample()
    mine = sample.with_tagger("mine", sample.scores[sample.jets.row("PFN")])
    dashboard = Tagging(mine, second="PFN", variation=LAST)
    assert dashboard.first == "mine"
    rows = dashboard._outputs["table"].split("<tr>")[2:]
    same = [[plain(cell) for cell in re.split("</t[hd]>", row)][2:6] for row in rows[:2]]
    assert same[0] == same[1]
    assert "–</td></tr>" in rows[0]


def test_displays_follow_and_curves_are_not_sent_again():
    dashboard = Tagging()
    for _ in range(2):
        dashboard.__panel__()
    still = dashboard._outputs["roc"], dashboard._outputs["scores"], dashboard._outputs["bands"]
    dashboard.efficiency = 0.77
    again = dashboard._outputs["roc"], dashboard._outputs["scores"], dashboard._outputs["bands"]
    assert all(a is b for a, b in zip(still, again, strict=True))
    for display, _ in dashboard._displays:
        assert display.source("points").data["x"][0] == pytest.approx(0.77, abs=0.02)
        assert display.source("accepted").data["left"] == [
            dashboard.threshold(dashboard.chosen[0].row)
        ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": "oracle"},
        {"first": NONE},
        {"efficiency": 1.5},
        {"variation": "x"},
        {"strength": 9},
    ],
)
def test_impossible_states_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Tagging(**wrong)


def test_every_control_survives_the_address():
    names = stored_sample().jets.taggers
    changed = {
        "first": names[1], "second": names[0], "third": NONE, "fourth": names[2],
        "efficiency": 0.31, "same": True, "kind": "top", "variation": LAST, "strength": 3,
    }  # fmt: skip
    assert {*changed, "score"} == set(url_state.state_names(Tagging))
    for more in ({}, {"same": False, "score": 1.25}):
        dashboard = Tagging(**(changed | more))
        state, problems = url_state.decode(Tagging, parse_qsl(dashboard.query()))
        assert problems == []
        assert Tagging(**state).query() == dashboard.query()
        assert Tagging(**state).same == dashboard.same


def test_stored_sample_is_that_of_the_card():
    card = json.loads(STORED.with_suffix(".json").read_text("utf8"))
    assert STORED.stat().st_size < 2_000_000
    assert hashlib.sha256(STORED.read_bytes()).hexdigest() == card["sha256"]
    sample = stored_sample()
    assert len(sample.jets.label) == card["jets"]
    assert list(sample.jets.taggers) == list(card["auc"])
    np.testing.assert_allclose(sample.auc, list(card["auc"].values()), atol=1e-4)
    assert list(sample.variations) == list(card["variations"])
    assert (sample.auc > 0.88).all()
