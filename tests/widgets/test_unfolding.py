"""The dashboard of unfolding without a browser."""

import re
import time
from urllib.parse import parse_qsl

import numpy as np
import pytest

from hepml_lite import unfolding
from hepml_lite.statistics.migration import migration_distance
from tests.widgets.conftest import plain
from widgets.shared import url_state
from widgets.unfolding import generated, methods, omnifold, samples, text
from widgets.unfolding.dashboard import Unfolding


def table(dashboard) -> dict[str, list[str]]:
    rows = dashboard._outputs["table"].split("<tr>")[2:]
    cells = [[plain(cell) for cell in re.split("</t[hd]>", row)] for row in rows]
    return {first: rest for first, *rest in cells}


def test_every_true_bin_of_every_nature_is_filled():
    for name in ("simulation", *samples.NATURES):
        for observable in samples.OBSERVABLES:
            counts = samples.counted(name, observable, 0.0)
            assert counts.truth.min() > 0
            assert counts.fakes.sum() + counts.counts.sum() <= len(samples.events()[name])


def test_points_are_those_of_the_library():
    dashboard = Unfolding(observable="mass", method="iterative Bayes", step=3, data_set=2)
    problem = dashboard.problem()
    result = unfolding.iterative_bayes(
        problem.measured, problem.response.matrix, problem.prior, methods.ITERATIONS[2]
    )
    shown = dashboard._outputs["unfolded"]
    highest = problem.truth.max()
    np.testing.assert_allclose(np.multiply(shown["y"], highest), result.unfolded)
    np.testing.assert_allclose(np.subtract(shown["high"], shown["y"]) * highest, result.errors)
    assert problem.truth.sum() == pytest.approx(dashboard.events)
    assert problem.prior.sum() == pytest.approx(dashboard.events)


@pytest.mark.parametrize("method", [methods.TIKHONOV, methods.SVD, methods.BAYES])
def test_weaker_regularisation_trades_bias_for_variance(method):
    dashboard = Unfolding(method=method, same=True, smearing=0.2)
    scan = dashboard._outputs["scan"]
    assert (np.diff(scan["variance"]) > 0).all()
    assert scan["bias"][0] > 5 * scan["bias"][-1]
    np.testing.assert_allclose(scan["sum"][4], scan["bias"][4] + scan["variance"][4])


def test_scan_is_the_bias_and_the_spread_of_many_data_sets():
    dashboard = Unfolding(observable="width", method=methods.TIKHONOV, step=6)
    problem = dashboard.problem()
    rng = np.random.default_rng(3)
    expected = problem.expected / problem.response.matched_share
    found = []
    for _ in range(300):
        measured = rng.poisson(expected) * problem.response.matched_share
        given = (measured, problem.response, problem.prior, dashboard.step)
        found.append(methods.unfold(dashboard.method, *given).unfolded)
    bias = np.mean((np.mean(found, axis=0) - problem.truth) ** 2 / problem.truth)
    variance = np.mean(np.var(found, axis=0) / problem.truth)
    scan = dashboard._outputs["scan"]
    assert scan["bias"][5] == pytest.approx(bias, rel=0.1)
    assert scan["variance"][5] == pytest.approx(variance, rel=0.1)


def test_inversion_is_unbiased_and_worse_than_the_simulation():
    dashboard = Unfolding(method=methods.INVERSION, same=True)
    assert dashboard._outputs["scan"]["bias"].max() == pytest.approx(0.01)  # the frame's edge
    assert "further from nature than the simulation was" in plain(dashboard._outputs["line"])
    assert "oscillate" in plain(dashboard._outputs["line"])
    assert table(dashboard)["inversion"][1].startswith("−")


def test_method_without_an_answer_says_why_and_recovers():
    dashboard = Unfolding(method=methods.INVERSION, events=1000, nature="nature")
    line = plain(dashboard._outputs["line"])
    assert "there is no answer" in line
    assert "rank" in line
    assert dashboard._outputs["unfolded"]["x"] == []
    assert "inversion" not in table(dashboard)
    dashboard.events = 30_000
    assert "there is no answer" not in plain(dashboard._outputs["line"])
    assert len(dashboard._outputs["unfolded"]["x"]) == samples.N_BINS


def test_good_unfolding_closes_the_gap_and_doing_nothing_does_not():
    rows = table(Unfolding(observable="multiplicity", method=methods.BAYES, step=4))
    assert list(rows) == [
        "simulation",
        "doing nothing",
        "inversion",
        "iterative Bayes",
        "the floor",
    ]
    assert float(rows["iterative Bayes"][1]) > 0.9
    assert float(rows["doing nothing"][1].replace("−", "-")) < 0.5
    assert float(rows["the floor"][0]) == pytest.approx(1e3 * 20 / 4 / 30_000, rel=0.05)


def test_no_share_of_a_gap_that_statistics_could_make():
    dashboard = Unfolding(observable="zg", nature="nature_a14")
    assert "too near" in plain(dashboard._outputs["line"])
    assert table(dashboard)["iterative Bayes"][1] == "–"


def test_box_removes_the_bias_of_a_different_response():
    state = {"observable": "mass", "method": methods.BAYES, "step": 12}
    own = Unfolding(**state)
    assert "nature's response differ" in plain(own._outputs["line"])
    simulated = Unfolding(**state, same=True)
    assert simulated._outputs["scan"]["bias"][-1] < own._outputs["scan"]["bias"][-1] / 10


def test_omnifold_is_the_stored_result_and_its_data_are_those_of_all_methods():
    dashboard = Unfolding(observable="mass", method=methods.OMNIFOLD, step=4)
    problem = dashboard.problem()
    stored = omnifold.stored_results()
    result = stored.result(dashboard.setting(), "mass", 4)
    shown = dashboard._outputs["unfolded"]
    np.testing.assert_allclose(np.multiply(shown["y"], problem.truth.max()), result.unfolded)
    np.testing.assert_array_equal(problem.raw, stored.data(dashboard.setting(), "mass"))
    pulls = (problem.raw - problem.expected / problem.response.matched_share) / problem.raw**0.5
    assert np.mean(pulls**2) == pytest.approx(1, abs=3 * (2 / samples.N_BINS) ** 0.5)
    assert float(table(dashboard)["OmniFold"][1]) > 0.9
    assert "all six observables at once" in plain(dashboard._outputs["line"])


def test_omnifold_outside_the_stored_settings_says_what_to_change():
    dashboard = Unfolding(method=methods.OMNIFOLD, events=1000, data_set=3, smearing=0.2)
    line = plain(dashboard._outputs["line"])
    for wanted in ("30 000 events", "data set 1", "smearing 0 with acceptance 1"):
        assert wanted in line
    assert dashboard._outputs["unfolded"]["x"] == []
    smearing, acceptance = omnifold.DETECTORS[-1]
    dashboard.param.update(events=30_000, data_set=1, smearing=smearing, acceptance=acceptance)
    assert "there is no answer" not in plain(dashboard._outputs["line"])


def test_stored_results_are_small_and_their_errors_are_variances():
    assert omnifold.STORED.stat().st_size < 2e6
    stored = omnifold.stored_results()
    assert stored.unfolded.shape[0] == len(omnifold.SETTINGS)
    assert (stored.errors > 0).all()
    np.testing.assert_allclose(np.einsum("siqbb->siqb", stored.correlations), 1, atol=1e-3)
    totals = stored.unfolded.sum(axis=-1)
    np.testing.assert_allclose(totals, omnifold.EVENTS, rtol=0.05)


def test_the_other_method_is_shown_beside_the_first():
    dashboard = Unfolding(method=methods.BAYES, rival=methods.SVD, step=5)
    alone = Unfolding(method=methods.SVD, step=5)
    other = dashboard._outputs["rival"]
    np.testing.assert_allclose(other["pull"], alone._outputs["unfolded"]["pull"])
    assert {"iterative Bayes", "SVD"} <= set(table(dashboard))
    assert "SVD, k = 6 of 20" in plain(dashboard._outputs["line"])
    dashboard.rival = methods.OMNIFOLD
    dashboard.events = 1000
    assert "OmniFold has no answer here" in plain(dashboard._outputs["line"])
    assert dashboard._outputs["rival"]["x"] == []


def test_acceptance_costs_soft_jets_and_the_unfolding_gives_them_back():
    whole = Unfolding(observable="mass", same=True).problem()
    dashboard = Unfolding(observable="mass", same=True, acceptance=0.5, method=methods.BAYES)
    lossy = dashboard.problem()
    lost = 1 - lossy.response.efficiency / whole.response.efficiency
    assert lost[1] > lost[15] > 0  # light jets are softer
    assert lost.max() < 0.5
    assert lossy.measured.sum() < 0.9 * whole.measured.sum()
    unfolded = methods.unfold(methods.BAYES, lossy.measured, lossy.response, lossy.prior, 8)
    assert unfolded.unfolded.sum() == pytest.approx(lossy.truth.sum(), rel=0.03)


def test_displays_follow():
    dashboard = Unfolding()
    for _ in range(2):
        dashboard.__panel__()
    dashboard.param.update(step=9, observable="mass")
    for display, _ in dashboard._displays:
        assert display.source("chosen").data["left"] == [8.6]
        assert display.source("labels").data["text"][-1] == "60 GeV"
        assert display.source("unfolded").data["y"][5] == dashboard._outputs["unfolded"]["y"][5]


def test_a_move_takes_milliseconds():
    dashboard = Unfolding()
    started = time.process_time()
    for step in range(1, methods.N_STEPS + 1):
        dashboard.step = step
    assert (time.process_time() - started) / methods.N_STEPS < 0.1


@pytest.mark.parametrize(
    "wrong",
    [
        {"nature": "simulation"},
        {"step": 0},
        {"events": 12},
        {"smearing": 2.0},
        {"method": "AI"},
        {"acceptance": 0.0},
        {"rival": "AI"},
    ],
)
def test_impossible_states_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Unfolding(**wrong)


def test_every_control_survives_the_address():
    changed = {
        "nature": "nature_a14", "observable": "tau21", "method": "SVD", "rival": "OmniFold",
        "step": 7, "smearing": 0.4, "acceptance": 0.5, "events": 3000, "data_set": 5, "same": True,
    }  # fmt: skip
    assert set(changed) == set(url_state.state_names(Unfolding))
    dashboard = Unfolding(**changed)
    state, problems = url_state.decode(Unfolding, parse_qsl(dashboard.query()))
    assert problems == []
    assert state == changed


def test_methods_without_bins_are_stored_with_the_same_data():
    stored = generated.generated_results()
    assert generated.STORED.stat().st_size < 5e5
    totals = stored.unfolded.sum(axis=-1)
    np.testing.assert_allclose(totals, omnifold.EVENTS, rtol=0.05)
    dashboard = Unfolding(observable="width", method="cINN")
    result = dashboard.result()
    shown = np.multiply(dashboard._outputs["unfolded"]["y"], dashboard.problem().truth.max())
    np.testing.assert_allclose(shown, result.unfolded)
    assert float(table(dashboard)["cINN"][1]) > 0.9
    line = plain(dashboard._outputs["line"])
    assert line.startswith("cINN, one result for all steps: ")
    assert "prior of the simulation" in line


@pytest.mark.parametrize("method", methods.STORED)
def test_each_stored_method_has_a_lesson_and_says_what_to_change(method):
    dashboard = Unfolding(observable="mass", method=method)
    assert text.LESSONS[method] in plain(dashboard._outputs["line"])
    dashboard.smearing = 0.2
    assert "there is no answer" in plain(dashboard._outputs["line"])
    assert "acceptance 1" in plain(dashboard._outputs["line"])


def test_pairs_repair_the_migration_matrix():
    stored = generated.generated_results()
    for column, observable in enumerate(samples.OBSERVABLES):
        exact = stored.migration_of(None, observable)
        wrong = {
            method: np.average(
                migration_distance(stored.migration_of(method, observable), exact),
                weights=stored.counts[column],
            )
            for method in ("Schrödinger bridge", "conditional bridge")
        }
        assert wrong["conditional bridge"] < wrong["Schrödinger bridge"]
