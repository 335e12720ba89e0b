"""The file of results: written and read without change, and what it says of the searches."""

import numpy as np
import pytest

from hepml_lite.anomaly_detection import results
from hepml_lite.anomaly_detection.results import Results, SearchResult


def row(method, seed, value):
    return SearchResult("baseline", 3.0, seed, method, value, 25.0, 0.8, {"sidebands": 1.1}, 2.0)


STORED = Results(
    {"sizes": "some"},
    (row("a", 0, 3.0), row("b", 0, 2.0), row("a", 1, 5.0), row("b", 1, 4.5), row("a", 2, 4.0)),
    {"in folds": tuple(np.linspace(0.01, 0.99, 50).tolist())},
)


def test_the_file_is_read_as_it_was_written(tmp_path):
    results.write_results(STORED, tmp_path / "results.json")
    assert results.read_results(tmp_path / "results.json") == STORED


def test_methods_are_compared_on_the_seeds_that_both_have():
    (pair,) = STORED.against("baseline", 3.0, "b")
    assert pair.difference.value == pytest.approx(0.75)
    assert STORED.mean("baseline", 3.0, "a").value == pytest.approx(4)
    assert STORED.without_signal("in folds").uniformity > 0.9
    with pytest.raises(ValueError, match="choose from"):
        STORED.max_improvements("noise", 3.0, ["a"])
    with pytest.raises(ValueError, match="in folds"):
        STORED.without_signal("others")


def test_runs_without_signal_of_the_committed_file():
    """Global p-values are uniform in folds, and are not where models score what they saw."""
    found = results.read_results()
    in_folds = found.without_signal("in folds")
    assert len(in_folds.p_values) == 200
    assert in_folds.uniformity > 0.01
    assert in_folds.false_positives.low - 0.02 < 0.05 < in_folds.false_positives.high + 0.02
    assert found.without_signal("without folds").uniformity < 1e-10
