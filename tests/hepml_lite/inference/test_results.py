"""Stored figures: written row by row, read as tables of means, with a card that names damage."""

import numpy as np
import pytest

from hepml_lite.inference import results
from hepml_lite.inference.results import Result, Store

ROWS = [
    Result("tasks", "two_moons", "flow", 10_000, 0, "C2ST", 0.52, 20.0),
    Result("tasks", "two_moons", "flow", 10_000, 1, "C2ST", 0.56, 20.0),
    Result("ratio", "GaltonBoard", "alice", 2000, 0, "R2", 0.995, 1.0),
]
POWERS = {"carl": 1.0, "alice": 4.0, "rolr": 0.5}  # error = 400 / (power n)


def of_power(method: str, n: int, seed: int) -> Result:
    """A training whose error falls as one over the number of simulations."""
    return Result("gold", "toy", method, n, seed, "R2", 1 - 400 / (POWERS[method] * n), 1.0)


def test_a_store_goes_on_where_it_was_stopped(tmp_path):
    store = Store(tmp_path / "rows.csv")
    for row in ROWS:
        store.add(row)
    assert results.read_results(tmp_path / "rows.csv") == ROWS
    again = Store(tmp_path / "rows.csv")
    assert again.has("tasks", "two_moons", "flow", 10_000, 1)
    assert not again.has("tasks", "two_moons", "flow", 10_000, 2)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "rows.csv"
    results.write_results(ROWS, path)
    path.write_text(path.read_text().replace("0.52", "0.51"))
    with pytest.raises(ValueError, match="git restore"):
        results.read_results(path)
    with pytest.raises(ValueError, match="no part 'typo'"):
        results.write_results([Result("typo", "a", "b", 1, 0, "R2", 0.5, 1.0)], path)


def test_a_table_has_means_with_errors():
    row = results.table(ROWS, "tasks").loc[("two_moons", "flow", 10_000, "C2ST")]
    assert row["value"].value == pytest.approx(0.54)
    assert row["value"].error == pytest.approx(0.02)
    assert row["repetitions"] == 2
    assert results.table(ROWS, "ratio")["value"].iloc[0].error == 0


def test_a_part_without_rows():
    with pytest.raises(ValueError, match=r"benchmarks/inference_sets\.py sets"):
        results.table(ROWS, "sets")


def test_simulations_saved_at_equal_error():
    sizes = (500, 2000, 8000, 32_000)
    rows = [of_power(method, n, seed) for method in POWERS for n in sizes for seed in (1, 2)]
    np.testing.assert_allclose(results.times_fewer(rows, "gold", "toy", "alice"), [4, 4])
    np.testing.assert_allclose(results.times_fewer(rows, "gold", "toy", "rolr"), [1, 1])
    with pytest.raises(ValueError, match="no seed of 'other'"):
        results.times_fewer(rows, "gold", "other", "alice")


def test_the_stored_file_is_whole():
    stored = results.read_results()
    for row in stored:
        if row.figure == "C2ST":
            assert 0.45 < row.value <= 1
    gold = results.trainings(stored, "gold")
    seeds = gold.groupby(["case", "method", "n_simulations"])["repetition"].nunique()
    assert (seeds == 3).all()
