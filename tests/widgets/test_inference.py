"""The dashboard of inference without a browser."""

import re
import time
from urllib.parse import parse_qsl

import numpy as np
import pytest

from hepml_lite.inference.sets.likelihood_of_means import LikelihoodOfMeans
from tests.widgets.conftest import plain
from widgets.inference import coupling, gallery, peak
from widgets.inference.dashboard import COUPLING, GALLERY, PEAK, Inference
from widgets.inference.stored import STORED, stored_results
from widgets.shared import url_state


def table(dashboard, prefix: str) -> dict[str, list[str]]:
    rows = dashboard._outputs[f"{prefix}_table"].split("<tr>")[2:]
    cells = [[plain(cell) for cell in re.split("</t[hd]>", row)] for row in rows]
    return {first: rest for first, *rest in cells}


def test_the_exact_table_is_the_likelihood_of_the_simulator():
    """In fine bins, at the nominal slope, but for what does not depend on the fraction."""
    events = peak.CENTRES[:, None]
    of_table = peak.table(peak.EXACT)[:, 5]
    for row in (1, 10, 50):
        exact = peak.MIXTURE.log_likelihood([peak.FRACTIONS[row]], events)
        np.testing.assert_allclose(of_table[row] - exact, np.log(0.1), atol=0.01)


def test_chances_add_up_to_one():
    chance = peak.chances(peak.FRACTIONS[:, None], peak.CHANGES)
    np.testing.assert_allclose(chance.sum(-1), 1)


@pytest.mark.parametrize("treatment", peak.TREATMENTS)
def test_the_exact_answer_covers(treatment):
    level, _ = peak.levels(peak.EXACT, 300, 0.1, 0.1, treatment)
    error = (0.68 * 0.32 / len(level)) ** 0.5
    assert (level <= 0.68).mean() == pytest.approx(0.68, abs=3 * error)
    stored = peak.coverage(peak.EXACT, 300, 0.1, 0.1, treatment)
    assert stored.at_68 == pytest.approx((level <= 0.68).mean(), abs=0.01)


def test_every_summary_is_no_narrower_than_the_exact_answer():
    """The mean posterior width of a summary cannot be below that of all data, if both cover."""
    exact = peak.coverage(peak.EXACT, 1000, 0.1, 0.1, peak.MARGINALISED).half_width
    for method in (peak.HISTOGRAM, peak.COUNTING, peak.FLOW, peak.ABC):
        assert peak.coverage(method, 1000, 0.1, 0.1, peak.MARGINALISED).half_width > 0.97 * exact


def test_errors_of_a_ratio_add_up_and_a_hidden_nuisance_costs_coverage():
    small = [
        peak.coverage(peak.SMALL_RATIO, n, 0.0, 0.0, peak.MARGINALISED).at_68 for n in (30, 1000)
    ]
    assert small[0] > 0.6 > 0.5 > small[1]
    known = peak.coverage(peak.EXACT, 1000, 0.2, 0.2, peak.MARGINALISED).at_68
    hidden = peak.coverage(peak.EXACT, 1000, 0.0, 0.2, peak.MARGINALISED).at_68
    assert known > 0.62 > 0.58 > hidden


def test_points_of_the_first_screen():
    dashboard = Inference(method=peak.HISTOGRAM, fraction=0.2, events=1000, data_set=4)
    outputs = dashboard._outputs
    counts = peak.data(0.2, 1000, 0.1, 4).counts
    np.testing.assert_allclose(outputs["peak_data"]["y"][0], counts[:5].sum() / 1000 / 0.5)
    assert outputs["peak_truth"]["x"] == [0.2]
    assert max(outputs["peak_curve"]["y"]) == 1
    assert len(outputs["peak_contour"]["xs"]) == 2
    dashboard.slope_width = 0.0
    assert dashboard._outputs["peak_contour"]["xs"] == []
    assert set(table(dashboard, "peak")) == set(peak.METHODS)


def test_stored_answers_belong_to_the_data_sets():
    """The flow's best fraction follows that of the exact answer, data set by data set."""
    best = []
    for number in range(1, 1 + peak.N_DATA_SETS):
        board = Inference(method=peak.FLOW, fraction=0.2, events=300, data_set=number)
        curves = [board._outputs[f"peak_{name}"] for name in ("curve", "reference")]
        best.append([curve["x"][np.argmax(curve["y"])] for curve in curves])
    flow, exact = np.array(best).T
    assert np.corrcoef(flow, exact)[0, 1] > 0.95


def test_tables_of_the_coupling_are_those_of_the_library():
    one = coupling.chosen(0.12, 3, "± 0.1")
    assert abs(one.alpha_s - 0.12) < 0.001
    found = coupling.likelihood(coupling.SHAPES)
    assert isinstance(found, LikelihoodOfMeans)
    means = stored_results()["shapes_means"][-1, one.row]
    point = [[coupling.ALPHA[10], coupling.NUISANCE[7]]]
    expected = found.log_likelihood(point, means, 400)[0, 0]
    assert coupling.table(coupling.SHAPES, one.row, 400)[10, 7] == pytest.approx(expected)


@pytest.mark.parametrize("method", coupling.SUMMARIES)
def test_the_coupling_is_covered_with_a_known_nuisance(method):
    covered = coupling.coverage(method, 400, "± 0.1", peak.MARGINALISED)
    assert covered.at_68 == pytest.approx(0.68, abs=3 * (0.68 * 0.32 / 1000) ** 0.5)


def test_more_knowledge_makes_the_coupling_narrower():
    for method in coupling.SUMMARIES:
        widths = [
            coupling.half_widths(method, width, peak.MARGINALISED) for width in coupling.WIDTHS
        ]
        assert (np.diff(widths, axis=0)[:, -1] > 0).all()
        assert (np.diff(widths, axis=1) < 0).all()
    learned = coupling.half_widths(coupling.LEARNED, coupling.FLAT, peak.MARGINALISED)
    shapes = coupling.half_widths(coupling.SHAPES, coupling.FLAT, peak.MARGINALISED)
    assert (learned < shapes).all()


def test_flow_outside_the_stored_settings_says_what_to_change():
    dashboard = Inference(screen=COUPLING, summary=coupling.FLOW)
    assert "choose the nuisance uniform" in plain(dashboard._outputs["z_line"])
    assert dashboard._outputs["z_curve"]["x"] == []
    dashboard.a_width = coupling.FLAT
    assert "no answer" not in plain(dashboard._outputs["z_line"])
    assert coupling.FLOW in table(dashboard, "z")


@pytest.mark.parametrize(
    ("failure", "finds", "misses"),
    [
        ("too narrow", "expected coverage", "posterior predictive"),
        ("biased", "ranks (SBC)", "TARP, random"),
        ("leakage", "draws within the prior", "ranks (SBC)"),
        ("outlier scaling", "TARP, near the data", "expected coverage"),
        ("constant feature", "misspecification", "TARP, near the data"),
        ("prior edge", "posterior predictive", "importance weights"),
    ],
)
def test_each_failure_is_found_by_one_check_and_missed_by_another(failure, finds, misses):
    rows = table(Inference(screen=GALLERY, failure=failure), "gallery")
    assert rows[finds][1] == "finds it"
    assert rows[misses][1] == "nothing"


def test_nothing_is_found_where_nothing_is_wrong():
    rows = table(Inference(screen=GALLERY, failure=gallery.RIGHT), "gallery")
    assert {row[1] for row in rows.values()} == {"nothing"}
    assert gallery.LOCAL in rows


def test_a_failure_sets_bias_and_width():
    dashboard = Inference(failure=gallery.NARROW)
    assert (dashboard.bias, dashboard.width) == (0.0, 0.5)
    dashboard.failure = gallery.BIASED
    assert (dashboard.bias, dashboard.width) == (0.5, 1.0)
    dashboard.width = 2.0
    assert dashboard.failure == gallery.BIASED
    assert "too wide" in plain(dashboard._outputs["gallery_line"])
    given = Inference(failure=gallery.NARROW, width=0.7)
    assert given.width == 0.7


def test_displays_follow_and_show_one_screen():
    dashboard = Inference()
    for _ in range(2):
        dashboard.__panel__()
    dashboard.param.update(screen=GALLERY, failure="leakage", events=1000)
    for (display, _), page in zip(dashboard._displays, dashboard._pages, strict=True):
        assert [part.visible for part in page.values()] == [False, False, True]
        curve = display.source("peak_curve").data["y"]
        np.testing.assert_array_equal(curve, dashboard._outputs["peak_curve"]["y"])
        assert display.models["gallery_line"].text == dashboard._outputs["gallery_line"]
    dashboard.screen = PEAK
    assert [part.visible for part in dashboard._pages[0].values()] == [True, False, False]


def test_a_move_takes_milliseconds():
    dashboard = Inference()
    moves = [{"events": n} for n in peak.EVENTS]
    moves += [{"data_set": n} for n in (5, 6, 7)]
    moves += [{"summary": one} for one in coupling.METHODS]
    moves += [{"failure": one} for one in gallery.CHOICES]
    started = time.process_time()
    for move in moves:
        dashboard.param.update(**move)
    assert (time.process_time() - started) / len(moves) < 0.1


def test_stored_file_is_small():
    assert STORED.stat().st_size < 2e6


@pytest.mark.parametrize(
    "wrong",
    [
        {"screen": "another"},
        {"events": 12},
        {"fraction": 0.9},
        {"data_set": 11},
        {"method": "AI"},
        {"alpha_s": 0.2},
        {"failure": "none"},
        {"bias": 0.3},
    ],
)
def test_impossible_states_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Inference(**wrong)


def test_every_control_survives_the_address():
    changed = {
        "screen": GALLERY, "method": peak.ABC, "fraction": 0.2, "events": 30, "slope_width": 0.2,
        "ignored": True, "treatment": peak.PROFILED, "data_set": 5, "decay_set": 6,
        "summary": coupling.THRUST, "alpha_s": 0.13, "decays": 100,
        "a_width": "± 0.2", "failure": "leakage", "bias": 0.5, "width": 2.0,
    }  # fmt: skip
    assert set(changed) == set(url_state.state_names(Inference))
    dashboard = Inference(**changed)
    state, problems = url_state.decode(Inference, parse_qsl(dashboard.query()))
    assert problems == []
    assert state == changed
