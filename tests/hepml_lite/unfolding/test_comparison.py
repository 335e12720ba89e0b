"""The table of methods: an exact answer closes the gap and moves no event wrongly."""

import numpy as np
import pandas as pd
import pytest

from hepml_lite.exact.gaussian_recursion import GaussianUnfolding
from hepml_lite.unfolding import (
    GeneratedEvents,
    ReweightedEvents,
    SimulatedEvents,
    comparison,
    method_tables,
)
from hepml_lite.unfolding.compared_methods import METHODS

PROBLEM = GaussianUnfolding()
N = 20_000


def simulation():
    true, measured = PROBLEM.simulation(N)
    return SimulatedEvents.of(true[:, None], measured[:, None])


def generated(rows):
    return GeneratedEvents(rows[None, :, None], np.ones(len(rows)), rows[None, :, None])


def test_the_truth_closes_the_gap_in_both_forms():
    nature, _ = PROBLEM.nature(N)
    true = simulation().true[:, 0]
    weights = PROBLEM.weights(true, 200)
    start = np.ones(N)
    for result in (
        generated(PROBLEM.nature(N, rng=9)[0]),
        ReweightedEvents(weights, np.array([start, weights]), N),
    ):
        table = comparison.gap_table(result, simulation(), nature[:, None], ["t"])
        assert table["closed"][0] == pytest.approx(1, abs=0.02)
    untouched = ReweightedEvents(start, start[None], N)
    table = comparison.gap_table(untouched, simulation(), nature[:, None], ["t"])
    assert table["closed"][0] == pytest.approx(0, abs=1e-9)


def test_draws_of_the_posterior_move_events_rightly_and_the_measured_value_does_not():
    events = simulation()
    measured = events.measured[:, 0]
    gain = 2 / 3
    rng = np.random.default_rng(7)
    posterior = gain * measured + (1 - gain) ** 0.5 * rng.normal(size=N)
    table = comparison.moved_table(generated(posterior), events, ["t"])
    right = table["moved"][0]
    wrong = comparison.moved_table(generated(measured), events, ["t"])["moved"][0]
    assert right == pytest.approx(table["moved_floor"][0], rel=0.25)
    assert right < 0.05
    assert wrong > 0.4


def test_an_observable_for_each_column():
    with pytest.raises(ValueError, match="nature has shape"):
        comparison.gap_table(generated(np.zeros(5)), simulation(), np.zeros((5, 2)), ["t"])


def test_the_stored_table_has_each_method_of_the_script_three_times():
    table = method_tables.stored_comparison()
    assert table.groupby("method")["seed"].nunique().eq(3).all()
    shown = method_tables.summary(table)
    assert list(shown.index) == list(dict.fromkeys(table["method"]))
    assert " ± " in shown.loc["cINN", "mass"]
    assert {"cINN", "FCGAN", "SPINUP", "MultiFold", "moments"} <= set(table["method"])


def test_differences_are_taken_seed_by_seed():
    shift = {1: -0.4, 2: 0.0, 3: 0.5}  # of the events of a seed: it cancels
    found = []
    for seed, offset in shift.items():
        own = 0.01 * seed
        found += [("A", seed, "t", offset), ("B", seed, "t", offset + 0.1 + own)]
        found += [("A", seed, "no gap", np.nan), ("B", seed, "no gap", np.nan)]
    table = pd.DataFrame(found, columns=["method", "seed", "observable", "closed"])
    (row,) = method_tables.paired_differences(table, "A").itertuples()
    assert (row.method, row.observable, row.resolved) == ("B", "t", True)
    assert row.difference == pytest.approx(0.12)
    assert row.spread == pytest.approx(0.01)
    with pytest.raises(ValueError, match="no method 'C'"):
        method_tables.paired_differences(table, "C")


def test_nature_again_is_at_chance_and_the_wrong_correlation_is_found():
    rng = np.random.default_rng(1)
    shape = [[1, 0.5], [0.5, 1]]
    nature = rng.multivariate_normal([0, 0], shape, 4000)
    again = comparison.quality_row(
        rng.multivariate_normal([0, 0], shape, 4000), np.ones(4000), nature
    )
    shuffled = np.column_stack([nature[:, 0], rng.permutation(nature[:, 1])])
    wrong = comparison.quality_row(shuffled, np.ones(4000), nature)
    assert again["auc"] == pytest.approx(0.5, abs=4 * again["auc_error"])
    assert again["correlation"] < 0.05
    assert wrong["wasserstein"] == pytest.approx(0, abs=1e-9)  # of each observable alone
    assert wrong["auc"] > 0.5 + 8 * wrong["auc_error"]
    assert wrong["correlation"] == pytest.approx(0.5, abs=0.05)


def test_correlations_are_those_of_the_weights():
    events = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    assert comparison.correlation_matrix(events)[0, 1] == pytest.approx(0)
    assert comparison.correlation_matrix(events, [1, 1, 0, 0])[0, 1] == pytest.approx(1)


def test_the_stored_quality_has_methods_of_the_first_table_and_chance():
    quality = method_tables.stored_quality()
    assert quality.groupby("method")["seed"].nunique().eq(3).all()
    methods = set(quality["method"])
    assert {"simulation", "do nothing", method_tables.CHANCE} <= methods
    known = set(method_tables.stored_comparison()["method"]) | {"simulation", method_tables.CHANCE}
    assert {"cINN", "FCGAN", "SPINUP", "MultiFold", "Schrödinger bridge"} <= methods <= known
    assert set(METHODS) <= known
    shown = method_tables.quality_summary(quality)
    assert " ± " in shown.loc[method_tables.CHANCE, "AUC"]
    auc = quality.groupby("method")["auc"].mean()
    assert auc[method_tables.CHANCE] < auc["MultiFold"] < auc["simulation"]
