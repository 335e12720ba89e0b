"""The dashboard of anomaly detection without a browser."""

import json
import re
import time
from urllib.parse import parse_qsl

import numpy as np
import pytest
from scipy.stats import norm

from hepml_lite import anomaly_detection as search
from hepml_lite.exact import GaussianResonance
from tests.widgets.conftest import plain
from widgets.anomaly_detection import columns, searches, spectra, stored
from widgets.anomaly_detection.dashboard import AnomalyDetection
from widgets.anomaly_detection.stored import KEPT, MASSES, SETTINGS, STORED, TOY
from widgets.shared import url_state

MADE = [one for one in SETTINGS if stored.stored_searches().has(one)]


def table(dashboard) -> dict[str, list[str]]:
    rows = dashboard._outputs["table"].split("<tr>")[2:]
    cells = [[plain(cell) for cell in re.split("</t[hd]>", row)] for row in rows]
    return {first: rest for first, *rest in cells}


def test_first_screen_is_the_exact_toy_beside_a_trained_score():
    dashboard = AnomalyDetection()
    model = GaussianResonance()
    exact = dashboard._outputs["exact"]
    signal = norm.sf(norm.isf(exact["x"]) - model.distance)
    np.testing.assert_allclose(exact["y"], signal / np.sqrt(exact["x"]), rtol=1e-3)
    trained = dashboard._outputs["curve"]
    best = np.interp(trained["x"], exact["x"], exact["y"])
    error = np.subtract(trained["high"], trained["y"])
    assert (trained["y"] < best + 3 * error + 1e-3).all()
    assert max(trained["y"]) > 0.6 * max(exact["y"])
    assert float(table(dashboard)["exact ratio"][1]) == pytest.approx(4.40, abs=0.01)
    assert "ln 2 is 0.6931" in plain(dashboard._outputs["line"])


def test_stored_file_is_small_and_its_card_says_what_is_missing():
    assert STORED.stat().st_size < 3e6
    card = json.loads(STORED.with_suffix(".json").read_text("utf8"))
    assert card["searches"] == len(MADE)
    assert len(card["missing"]) == len(SETTINGS) - len(MADE)


def test_counts_fall_with_the_cut_and_the_region_keeps_the_share():
    for setting in MADE:
        one = stored.stored_searches().search(setting)
        assert (np.diff(one.counts, axis=0) <= 0).all()
        inside = one.counts[:, MASSES[setting.sample].in_region].sum(axis=1)
        np.testing.assert_allclose(inside / inside[0], KEPT, atol=0.02)
        assert one.signal[0].sum() == 0 or setting.strength > 0


def test_the_background_is_the_same_at_every_strength():
    for sample in stored.SAMPLES:
        spectrum_of = {
            one.strength: stored.stored_searches().search(one).background[0]
            for one in MADE
            if one.sample == sample and one.features == stored.PLAIN
        }
        first, *others = spectrum_of.values()
        for other in others:
            np.testing.assert_array_equal(first, other)


def test_p_values_are_those_of_the_library():
    dashboard = AnomalyDetection(kept=0.05)
    counts = dashboard.result().search.counts[dashboard.cut]
    mass = MASSES[TOY]
    fit = search.fit_spectrum(
        counts, mass.edges, blinded=mass.region, function="polynomial", n_parameters=3
    )
    centres = (mass.edges[1:] + mass.edges[:-1]) / 2
    hunt = search.bump_hunt(
        np.repeat(centres, counts.astype(int)), mass.edges, background=fit.expected, n_toys=1
    )
    local_p, global_p = dashboard.result().search.p_values[dashboard.cut]
    assert local_p == pytest.approx(hunt.local_p)
    assert global_p >= spectra.SMALLEST_P
    shown = dashboard._outputs["fit"]
    np.testing.assert_allclose(np.multiply(shown["y"], counts.max()), fit.expected)
    place = list(dashboard._outputs["p"]["x"]).index(0.05)
    assert dashboard._outputs["p"]["global"][place] == pytest.approx(global_p)


def test_window_is_drawn_where_the_hunt_found_it():
    dashboard = AnomalyDetection(kept=0.02)
    low, high = dashboard.result().search.window[dashboard.cut]
    shown = dashboard._outputs["window"]
    edges = MASSES[TOY].edges
    assert np.interp(shown["left"][0], range(len(edges)), edges) == pytest.approx(low)
    assert np.interp(shown["right"][0], range(len(edges)), edges) == pytest.approx(high)
    assert low < 3.5 < high


def test_global_p_is_larger_than_local_p():
    for setting in MADE:
        local_p, global_p = stored.stored_searches().search(setting).p_values.T
        there = np.isfinite(local_p)
        assert (global_p[there] >= np.minimum(local_p[there], 0.1)).all()


def test_without_folds_a_signal_is_found_where_there_is_none():
    wrong = AnomalyDetection(strength=0, kept=0.05, folds=False)
    assert "where there is no signal" in plain(wrong._outputs["line"])
    wrong.folds = True
    assert "nothing is found" in plain(wrong._outputs["line"])


def test_flatness_is_that_of_the_library_on_the_same_events():
    dashboard = AnomalyDetection(kept=0.05)
    one = dashboard.result().search
    mass = MASSES[TOY]
    flat = columns.sideband_flatness(one, dashboard.cut, mass)
    total = one.test_background[0][~mass.in_region]
    passed = one.test_background[dashboard.cut][~mass.in_region]
    share = passed.sum() / total.sum()
    used = total * min(share, 1 - share) >= 5
    common = passed[used].sum() / total[used].sum()
    expected = total[used] * common
    by_hand = np.sum((passed[used] - expected) ** 2 / (expected * (1 - common)))
    assert flat.chi_squared == pytest.approx(by_hand)
    assert f"{flat.reduced:.1f}" == table(dashboard)["CWoLa"][-2]


def test_the_other_method_is_shown_beside_the_first():
    dashboard = AnomalyDetection(rival=stored.CATHODE)
    alone = AnomalyDetection(method=stored.CATHODE)
    other = dashboard._outputs["rival_curve"]
    np.testing.assert_allclose(other["y"], alone._outputs["curve"]["y"])
    assert {"CWoLa", "CATHODE"} <= set(table(dashboard))


def test_search_that_is_not_stored_says_what_to_change():
    dashboard = AnomalyDetection(features=stored.NOISY, strength=2)
    line = plain(dashboard._outputs["line"])
    assert "S/√B = 0 or 3, or plain features" in line
    assert dashboard._outputs["curve"]["x"] == []
    flow = AnomalyDetection(features=stored.NOISY, method=stored.CATHODE)
    assert "other features, or one of CWoLa" in plain(flow._outputs["line"])
    broken = AnomalyDetection(strength=2, folds=False)
    assert "folds, or S/√B = 0 or 3" in plain(broken._outputs["line"])
    dashboard.features = stored.PLAIN
    dashboard.strength = 3
    assert len(dashboard._outputs["curve"]["x"]) > 10


def test_displays_follow():
    dashboard = AnomalyDetection()
    for _ in range(2):
        dashboard.__panel__()
    dashboard.param.update(kept=0.1, method=stored.CATHODE)
    for display, _ in dashboard._displays:
        assert display.source("chosen").data["left"] == [0.1 / 1.2]
        assert display.source("curve").data["y"][5] == dashboard._outputs["curve"]["y"][5]


def test_a_move_takes_milliseconds():
    dashboard = AnomalyDetection()
    started = time.process_time()
    for kept in KEPT:
        dashboard.kept = kept
    assert (time.process_time() - started) / len(KEPT) < 0.1


@pytest.mark.parametrize(
    "wrong",
    [{"sample": "data"}, {"strength": 4}, {"kept": 0.5}, {"method": "AI"}, {"rival": "AI"}],
)
def test_impossible_states_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AnomalyDetection(**wrong)


def test_every_control_survives_the_address():
    changed = {
        "sample": "dijets", "features": "ten noise features", "method": "idealised, network",
        "rival": "LaCATHODE", "strength": 5, "kept": 0.005, "folds": False, "truth": True,
    }  # fmt: skip
    assert set(changed) == set(url_state.state_names(AnomalyDetection))
    dashboard = AnomalyDetection(**changed)
    state, problems = url_state.decode(AnomalyDetection, parse_qsl(dashboard.query()))
    assert problems == []
    assert state == changed


def test_injected_signal_has_the_strength_in_the_region():
    pieces = searches.parts(TOY, stored.PLAIN)
    for strength in stored.STRENGTHS:
        experiment = searches.Experiment(TOY, pieces, strength)
        n_signal = experiment.injected.inside(experiment.region).sum()
        n_background = pieces.data.inside(experiment.region).sum()
        assert n_signal == pytest.approx(strength * np.sqrt(n_background), abs=0.51)
        assert len(experiment.data) == len(pieces.data) + len(experiment.injected)


def test_noise_is_added_to_every_piece_and_correlated_features_move_with_the_mass():
    noisy = searches.parts(TOY, stored.NOISY)
    assert {one.features.shape[1] for one in noisy} == {2 + searches.N_NOISE}
    moving = searches.parts(TOY, stored.CORRELATED).data
    slope = np.polyfit(moving.mass, moving.features[:, 0], 1)[0]
    assert slope == pytest.approx(searches.MASS_SLOPE, abs=0.1)
