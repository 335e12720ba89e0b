import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hepml_lite.containers.jets import Jets
from hepml_lite.self_supervised.linear_probe import linear_probe, probe_curve, raw_features
from hepml_lite.statistics.metrics import auc


def planted(n=1500, distance=0.0, dimension=10, seed=0):
    """Gaussian clouds whose means lie `distance` apart in one direction."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    features = rng.normal(size=(n, dimension))
    features[:, 0] += distance * labels
    return features, labels


def curve(distance, n_labels=(100, 1000), **settings):
    train, test = planted(distance=distance), planted(distance=distance, seed=1)
    return probe_curve(*train, *test, n_labels, **({"draws": 3} | settings))


def test_planted_classes_are_separated():
    few, many = curve(8.0)
    assert few.auc.value > 0.999
    assert many.auc.value > 0.9999


def test_noise_is_guessing():
    for probe in curve(0.0):
        assert abs(probe.auc.value - 0.5) < 0.04
        assert probe.test.low < 0.55
        assert probe.test.high > 0.45


def test_more_labels_help_and_reach_the_optimum():
    few, many = curve(1.5, (30, 1500))
    assert few.auc.value < many.auc.value - 0.01
    assert np.ptp(few.aucs) > np.ptp(many.aucs)
    optimum = 0.856  # Φ(1.5 / √2), of two Gaussian clouds
    assert many.auc.value == pytest.approx(optimum, abs=0.02)


def test_probe_is_logistic_regression():
    features, labels = planted(distance=1.0)
    ours = linear_probe(features, labels)
    strength = ours.best_params_["logisticregression__C"]
    standard = (features - features.mean(0)) / features.std(0)
    theirs = LogisticRegression(C=strength).fit(standard, labels)
    assert ours.decision_function(features) == pytest.approx(theirs.decision_function(standard))


def test_units_do_not_matter_and_the_penalty_tames_many_features():
    features, labels = planted(distance=2.0, dimension=300)
    units = np.logspace(-3, 3, 300)
    test, test_labels = planted(distance=2.0, dimension=300, seed=1)
    scores = linear_probe(features[:200], labels[:200]).decision_function(test)
    rescaled = linear_probe(units * features[:200], labels[:200]).decision_function(units * test)
    assert rescaled == pytest.approx(scores, abs=1e-4)
    assert auc(test_labels, scores) > 0.7


def test_a_constant_feature_does_no_harm():
    features, labels = planted(distance=3.0)
    features[:, 5] = 7.0
    assert auc(labels, linear_probe(features, labels).decision_function(features)) > 0.97


def test_same_seed_same_curve():
    first, again, other = (curve(1.0, (100,), seed=s)[0] for s in (1, 1, 2))
    assert np.array_equal(first.aucs, again.aucs)
    assert first.test == again.test
    assert not np.array_equal(first.aucs, other.aucs)


def test_a_probe_tells_its_number():
    (probe,) = curve(1.0, (100,))
    assert probe.n_labels == 100
    assert probe.auc.low <= probe.auc.value <= probe.auc.high
    assert probe.test.value == probe.aucs[0]
    assert str(probe).startswith("   100 labels: AUC 0.")


def test_what_cannot_be_probed_is_named():
    features, labels = planted(50)
    with pytest.raises(ValueError, match="51 labels asked for"):
        probe_curve(features, labels, features, labels, [51])
    with pytest.raises(ValueError, match="draws=1"):
        probe_curve(features, labels, features, labels, [20], draws=1)
    with pytest.raises(ValueError, match="2 signal jets"):
        linear_probe(features[:10], np.arange(10) < 2)
    with pytest.raises(ValueError, match="labels contain"):
        linear_probe(features[:12], np.arange(12) % 3)


def test_raw_features_are_the_leading_particles_in_falling_pt():
    constituents = np.zeros((2, 3, 3))
    constituents[0] = [(10, 0.1, 0), (60, 0, 0.1), (30, 0.2, 0)]
    constituents[1, 0] = (5, 1, 1)
    raw = raw_features(Jets(constituents, names=("all",)), 2)
    assert raw.shape == (2, 6)
    assert raw[0, 0] > raw[0, 3] > 0
    assert raw[1] == pytest.approx([1, 0, 0, 0, 0, 0], abs=1e-6)
