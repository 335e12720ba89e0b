"""The dashboard "One jet, seven views" without a browser."""

import hashlib
import json
import re
from urllib.parse import parse_qsl

import numpy as np
import pytest

from hepml_lite.jet_physics.views import seven_views
from hepml_lite.jet_physics.views.seven_views import VIEWS
from tests.widgets.conftest import plain
from widgets.representations import text as words
from widgets.representations.dashboard import (
    NEIGHBOURS,
    SOFT,
    STORED,
    Representations,
    before,
    numbers,
    stored_sample,
)
from widgets.shared import url_state

KINDS = stored_sample().jets.names
SPLIT = {"fraction": 0.3}


def moved(dashboard: Representations) -> dict[str, float]:
    return dashboard.moved(numbers(dashboard.transformed())[0])


def steps(dashboard: Representations) -> dict[str, float]:
    """Change of each observable, in its own units."""
    now = numbers(dashboard.transformed())[0]["observables"]
    change = now - before(dashboard.row).views["observables"]
    return dict(zip(seven_views.OBSERVABLES, change, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_one_jet_has_the_numbers_of_the_library(kind):
    for state in ({}, {"soft": 5, "turn": 1.0, "boost": 0.5, "opening": 0.1, **SPLIT}):
        jet = Representations(kind=kind, jet=2, **state).transformed()
        found, splittings = numbers(jet)
        assert list(found) == list(VIEWS)
        for name, view in VIEWS.items():
            np.testing.assert_allclose(found[name], view(jet)[0], rtol=1e-5, atol=1e-5)
        assert found["tree"].sum() <= len(splittings) < jet.n_constituents[0]


def test_movement_is_that_of_the_library():
    dashboard = Representations(jet=1, soft=5, turn=1.0, boost=0.3, opening=0.1, **SPLIT)
    sample, row = stored_sample(), dashboard.row
    now = numbers(dashboard.transformed())[0]
    for name, found in moved(dashboard).items():
        still = VIEWS[name](sample.jets)
        after = still.copy()
        still[row], after[row] = before(row).views[name], now[name]
        assert found == pytest.approx(VIEWS[name].movement(still, after)[row], rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_at_rest_nothing_moves_and_the_line_invites(kind):
    dashboard = Representations(kind=kind)
    assert set(moved(dashboard).values()) == {0.0}
    outputs = dashboard.compute()
    assert outputs["line"] == words.INVITATION
    assert outputs["moved"]["text"] == ["0.00"] * len(VIEWS)
    for name in ("set", "tree", "sequence", "image", "graph"):
        for key, column in outputs[name].items():
            np.testing.assert_array_equal(column, outputs[f"{name}_before"][key])


@pytest.mark.parametrize("kind", KINDS)
def test_boost_is_noticed_by_four_vectors_alone(kind):
    for rapidity in (-1, 0.4):
        found = moved(Representations(kind=kind, jet=3, boost=rapidity))
        for name, view in VIEWS.items():
            assert (found[name] < words.NOTICED) == ("boost" in view.laws)


@pytest.mark.parametrize("kind", KINDS)
def test_turn_is_not_noticed_by_what_is_upright(kind):
    found = moved(Representations(kind=kind, jet=3, turn=2.0))
    assert found["image"] < words.NOTICED < found["sequence"]
    assert found["set"] > words.NOTICED


@pytest.mark.parametrize("kind", KINDS)
def test_soft_particle_moves_the_count_only_as_it_gets_softer(kind):
    softest = Representations(kind=kind, jet=3, soft=SOFT[1])
    change = steps(softest)
    assert change.pop("multiplicity") == 1
    harder = steps(Representations(kind=kind, jet=3, soft=10))
    assert all(abs(change[name]) < abs(harder[name]) for name in ("mass", "width", "pt_dispersion"))
    spread = dict(zip(seven_views.OBSERVABLES, stored_sample().spread["observables"], strict=True))
    assert all(abs(value) < 0.05 * spread[name] for name, value in change.items())
    assert moved(softest)["set"] < words.NOTICED


@pytest.mark.parametrize("kind", KINDS)
def test_collinear_split_is_invisible_to_safe_views(kind):
    dashboard = Representations(kind=kind, jet=3, **SPLIT)
    found, change = moved(dashboard), steps(dashboard)
    for name in ("image", "set", "tree"):
        assert found[name] < words.NOTICED < min(found["sequence"], found["graph"])
    assert change["multiplicity"] == 1
    assert change["pt_dispersion"] < -1e-3
    assert all(abs(change[name]) < 1e-3 for name in ("mass", "width", "tau21", "d2"))
    dashboard.opening = 0.3
    found = moved(dashboard)  # the primary tree only sees it on the harder branch
    assert min(found["image"], found["set"]) > words.NOTICED


def test_neighbours_are_the_nearest_and_in_order():
    sample = stored_sample()
    assert np.array_equal(sample.distances, sample.distances.T)
    for row in (0, 17, len(sample.jets) - 1):
        others, distances = zip(*before(row).near, strict=True)
        assert len(set(others) - {row}) == NEIGHBOURS
        assert list(distances) == sorted(distances)
        rest = np.delete(sample.distances[row], [row, *others])
        assert distances == tuple(sample.distances[row, list(others)])
        assert distances[-1] <= rest.min()


def test_buttons_choose_the_next_jet_or_a_neighbour():
    dashboard, sample = Representations(jet=0, boost=0.5), stored_sample()
    dashboard.previous_jet = True
    assert dashboard.jet == sample.last
    dashboard.next_jet = True
    assert dashboard.jet == 0
    for k in range(1, NEIGHBOURS + 1):
        row, distance = before(dashboard.row).near[k - 1]
        text = plain(dashboard._outputs[f"near_{k}_text"])
        kind, number = sample.place(row)
        assert text == f"{kind} {number}, {distance:.0f} GeV"
        setattr(dashboard, f"near_{k}", True)
        assert (dashboard.row, dashboard.kind, dashboard.jet) == (row, kind, number)
    assert dashboard.boost == 0.5
    dashboard.reset = True
    assert dashboard.boost == 0
    assert dashboard._outputs["line"] == words.INVITATION


def test_line_and_tables_say_what_moved():
    dashboard = Representations(jet=3, **SPLIT)
    outputs, found = dashboard.compute(), moved(dashboard)
    noticed, rest = plain(outputs["line"]).split("Not noticed by")
    still, rest = rest.split(".", 1)
    for name, value in found.items():
        assert (name in still) == (value < words.NOTICED)
    most = max(found, key=found.get)
    assert f"another jet: {most} {found[most]:.2f}" in noticed
    assert words.LESSONS["collinear"] in rest
    assert "only particles and pTD move." in rest
    assert "mass" not in rest
    now = numbers(dashboard.transformed())[0]["observables"]
    rows = outputs["observables"].split("<tr>")[2:]
    cells = [plain(row.replace("</td>", " ")).split()[-3:] for row in rows]
    assert float(cells[0][1]) == pytest.approx(now[0], abs=0.05)
    assert int(cells[1][1]) == int(cells[1][0]) + 1
    assert [c[2] == "0" for c in cells] == [abs(s) < words.NOTICED for s in _in_spreads(dashboard)]
    energies = re.findall(r"<tr><td[^>]*>(.*?)</td>", outputs["four_vectors"])
    assert len(energies) == words.PARTICLES
    first = dashboard.transformed().four_vectors()[0, 0, 0]
    assert float(plain(energies[0])) == pytest.approx(first, abs=0.06)
    dashboard.boost = 0.2  # two at once: no lesson
    assert not any(lesson in dashboard._outputs["line"] for lesson in words.LESSONS.values())


def _in_spreads(dashboard) -> np.ndarray:
    return np.array(list(steps(dashboard).values())) / stored_sample().spread["observables"]


def test_displays_follow_and_the_jet_at_rest_is_not_sent_again():
    dashboard = Representations(jet=5)
    dashboard.__panel__()
    display, _ = dashboard._displays[0]
    still, angles = dashboard._outputs["set_before"], display.source("set").data["eta"]
    dashboard.soft = 20
    assert dashboard._outputs["set_before"] is still
    assert len(display.source("set").data["eta"]) == len(angles) + 1


@pytest.mark.parametrize(
    "wrong", [{"kind": "muon"}, {"jet": 10_000}, {"jet": -1}, {"boost": 2.0}, {"soft": 3}]
)
def test_unknown_jets_and_impossible_states_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Representations(**wrong)


def test_controls_can_be_hidden():
    shown = Representations(hide=("turn", "near_1")).controls("boost", "turn")
    assert shown.parameters == ["boost"]
    Representations(hide=("turn", "near_1")).__panel__()


def test_every_control_survives_the_address():
    changed = {
        "kind": KINDS[-1], "jet": 7, "boost": 0.35, "turn": 6.28, "soft": 0.03,
        "fraction": 0.15, "opening": 0.07,
    }  # fmt: skip
    assert set(changed) == set(url_state.state_names(Representations))
    dashboard = Representations(**changed)
    state, problems = url_state.decode(Representations, parse_qsl(dashboard.query()))
    assert problems == []
    assert state == changed
    assert Representations(**state).query() == dashboard.query()


@pytest.mark.parametrize("text", ["kind=muon", "jet=99", "boost=x", "soft=3", "turn=nan"])
def test_nonsense_in_the_address_is_explained_and_ignored(text):
    state, problems = url_state.decode(Representations, parse_qsl(text))
    assert state == {}
    assert text in problems[0]


def test_stored_jets_are_those_of_the_card():
    card = json.loads(STORED.with_suffix(".json").read_text("utf8"))
    assert STORED.stat().st_size < 300_000
    assert hashlib.sha256(STORED.read_bytes()).hexdigest() == card["sha256"]
    sample = stored_sample()
    counts = np.bincount(sample.jets.label).tolist()
    assert dict(zip(sample.jets.names, counts, strict=True)) == card["jets"]
    assert list(sample.spread) == card["views"]
    places = [sample.place(row) for row in range(len(sample.jets))]
    assert [sample.row(*place) for place in places] == list(range(len(places)))
