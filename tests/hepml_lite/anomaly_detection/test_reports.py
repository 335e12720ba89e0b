"""Reports: the floor of a maximum, the flatness of a cut, pairs of methods, runs without signal."""

import time

import numpy as np
import pytest

from hepml_lite.anomaly_detection import reports

RNG = np.random.default_rng(0)


def test_a_perfect_score_reaches_the_floor_and_no_more():
    labels = np.repeat([0, 1], [10_000, 100])
    report = reports.improvement(labels, labels.astype(float) + RNG.random(10_100) / 2)
    assert report.smallest_background_efficiency == pytest.approx(26 / 10_000)
    assert report.largest == pytest.approx(report.largest_possible)
    assert "at most 19.6" in str(report)


def test_a_score_without_knowledge_has_a_maximum_of_one_or_a_little_more():
    labels = np.repeat([0, 1], [400, 400])
    largest = [reports.improvement(labels, RNG.random(800)).largest for _ in range(50)]
    assert min(largest) >= 1
    assert 1.001 < np.mean(largest) < 1.1


def test_a_curve_of_a_million_events_takes_a_second():
    labels = np.repeat([0, 1], 500_000)
    scores = RNG.normal(size=1_000_000) + labels
    start = time.process_time()
    assert reports.improvement(labels, scores).largest == pytest.approx(1.26, abs=0.1)
    assert time.process_time() - start < 1


def test_flatness_of_a_flat_and_of_a_sloping_cut():
    mass = RNG.exponential(size=40_000)
    edges = np.linspace(0, 4, 21)
    flat = [reports.flatness(mass, RNG.random(40_000) < 0.05, edges) for _ in range(40)]
    assert np.mean([found.reduced for found in flat]) == pytest.approx(1, abs=0.12)
    sloping = reports.flatness(mass, RNG.random(40_000) < 0.05 * (1 + 0.2 * mass), edges)
    assert sloping.p_value < 1e-3
    assert sloping.efficiencies[-1] > sloping.efficiencies[0]


@pytest.mark.parametrize(
    ("selected", "edges", "message"),
    [
        (np.ones(9, bool), [0, 5, 9], "some must be"),
        (np.arange(9) > 3, [0, 5, 9], "wider bins"),
        (np.arange(9), [0, 5, 9], "one bool an event"),
        (np.ones(8, bool), [0, 5, 9], "one bool an event"),
    ],
)
def test_what_has_no_flatness(selected, edges, message):
    with pytest.raises(ValueError, match=message):
        reports.flatness(np.arange(9.0), selected, edges)


def test_pairs_are_compared_on_the_same_seeds():
    common = RNG.normal(size=10)
    values = {
        "a": common + 1 + 0.01 * RNG.normal(size=10),
        "b": common,
        "c": common + RNG.normal(size=10) - 0.05,
    }
    found = reports.paired_differences(values, against="b")
    assert [pair.first for pair in found] == ["a", "c"]
    assert str(found[0]).startswith("a beats b")
    assert abs(found[0].deviations) > 50
    with pytest.raises(ValueError, match="same seeds"):
        reports.paired_differences({"a": [1.0, 2, 3], "b": [1.0, 2]}, against="b")
    with pytest.raises(ValueError, match="choose one of a"):
        reports.paired_differences({"a": [1.0, 2]}, against="z")


def test_runs_without_signal():
    good = reports.without_signal(RNG.random(200))
    assert good.uniformity > 0.01
    assert good.false_positives.low < 0.05 < good.false_positives.high + 0.03
    bad = reports.without_signal(RNG.random(200) ** 2)
    assert bad.uniformity < 1e-6
    with pytest.raises(ValueError, match="outside"):
        reports.without_signal([1.2])
