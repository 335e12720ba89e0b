"""Stored results with few labels: means, paired differences and errors by hand."""

import numpy as np
import pytest

from hepml_lite.representations import few_labels


@pytest.fixture
def results():
    covariance = [[4e-4, 4e-4], [4e-4, 4e-4]]  # the test jets move both methods together
    trials = [
        few_labels.Trial(0, 100, [0.80, 0.90], covariance),
        few_labels.Trial(1, 100, [0.84, 0.92], covariance),
    ]
    return few_labels.Results(["a", "b"], 1000, 3, trials)


def test_mean_and_error(results):
    found = results.auc("a", 100)
    assert found.value == pytest.approx(0.82)
    assert found.error == pytest.approx(np.sqrt(0.04**2 / 2 / 2 + 4e-4))


def test_a_paired_difference_does_not_pay_for_what_moves_both(results):
    found = results.difference("b", "a", 100)
    assert found.value == pytest.approx(0.09)
    assert found.error == pytest.approx(0.02 / np.sqrt(2) / np.sqrt(2))  # of the seeds only


def test_covariance_of_resampled_values():
    rng = np.random.default_rng(0)
    resampled = rng.multivariate_normal([0.8, 0.9], [[4e-4, 1e-4], [1e-4, 1e-4]], size=20_000)
    found = few_labels.Trial.of(0, 100, resampled.mean(0), resampled)
    assert np.array(found.covariance) == pytest.approx(np.cov(resampled.T), rel=0.01)


def test_file_and_table(results, tmp_path):
    few_labels.write(results, tmp_path / "some.json")
    again = few_labels.read(tmp_path / "some.json")
    assert again == results
    table = again.table("a")
    assert table.loc["a", "100 labels, less a"] == ""
    assert table.loc["b", "100 labels, less a"].startswith("+0.090")


def test_stored_results_hold_three_seeds():
    stored = few_labels.read()
    assert stored.numbers == [100, 1000]
    for n in stored.numbers:
        assert sorted(t.seed for t in stored.trials if t.n_labels == n) == [0, 1, 2]


def test_refusals(results):
    with pytest.raises(ValueError, match="no method 'c'"):
        results.auc("c", 100)
    with pytest.raises(ValueError, match="n_labels=5"):
        results.auc("a", 5)
