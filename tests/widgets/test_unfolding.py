"""The dashboard of unfolding without a browser."""

import re
import time
from urllib.parse import parse_qsl

import numpy as np
import pytest

from hepml_lite import unfolding
from widgets.shared import url_state
from widgets.unfolding import methods, samples
from widgets.unfolding.dashboard import Unfolding


def plain(html: str) -> str:
    return re.sub("<.*?>", "", html).replace("&nbsp;", " ").replace("&gt;", ">")


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
    [{"nature": "simulation"}, {"step": 0}, {"events": 12}, {"smearing": 2.0}, {"method": "AI"}],
)
def test_impossible_states_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Unfolding(**wrong)


def test_every_control_survives_the_address():
    changed = {
        "nature": "nature_a14", "observable": "tau21", "method": "SVD", "step": 7,
        "smearing": 0.4, "events": 3000, "data_set": 5, "same": True,
    }  # fmt: skip
    assert set(changed) == set(url_state.state_names(Unfolding))
    dashboard = Unfolding(**changed)
    state, problems = url_state.decode(Unfolding, parse_qsl(dashboard.query()))
    assert problems == []
    assert state == changed
