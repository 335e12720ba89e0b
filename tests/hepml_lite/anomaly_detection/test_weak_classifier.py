"""The weak classifier: near the exact answer, and never judged by a model that saw the event."""

import numpy as np
import pytest
from scipy.special import expit

from hepml_lite.anomaly_detection import WeakClassifier, weakly_supervised_scores
from hepml_lite.anomaly_detection.averaged_network import AveragedNetwork
from hepml_lite.densities.labelled_rows import LabelledRows
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.exact import GaussianResonance
from hepml_lite.statistics.metrics import auc, significance_improvement

TOY = GaussianResonance()
PLAN = TrainingPlan(epochs=4, batch_size=512, learning_rate=3e-3, patience=None, progress=False)


@pytest.mark.parametrize("model", ["trees", "mlp"])
def test_score_of_signal_comes_near_the_exact_one(model):
    data = TOY.events(8000, 400, rng=1).features
    reference = TOY.events(8000, rng=2).features
    test = TOY.events(20_000, 20_000, rng=3)
    classifier = WeakClassifier(model, n_ensemble=2, folds=2, plan=PLAN)
    scores = classifier.fit(data, reference).score(test.features)
    best = TOY.efficiencies().improvement.max()
    assert significance_improvement(test.label, scores) > 0.7 * best


def test_no_event_is_scored_by_a_model_that_saw_it():
    """Without signal data and reference are alike, unless the trees have seen them."""
    data = TOY.events(3000, rng=1).features
    reference = TOY.events(3000, rng=2).features
    both = np.concatenate([data, reference])
    label = np.repeat([1, 0], 3000)
    error = np.sqrt(1 / 3000 / 6)
    scores = weakly_supervised_scores(data, reference, both, n_ensemble=1, folds=3)
    assert auc(label, scores) == pytest.approx(0.5, abs=3 * error)
    seen = WeakClassifier(n_ensemble=1, folds=1).fit(data, reference).score(both)
    assert auc(label, seen) > 0.5 + 4 * error
    with pytest.raises(ValueError, match="by a model that saw it"):
        weakly_supervised_scores(data, reference, both, folds=1)


def test_order_of_events_to_score_does_not_matter_and_a_seed_repeats():
    data = TOY.events(600, 60, rng=1).features
    reference = TOY.events(900, rng=2).features
    new = TOY.events(50, rng=4).features
    mixed = np.concatenate([new, data[::-1]])
    scores = weakly_supervised_scores(data, reference, mixed, n_ensemble=1, rng=5)
    again = weakly_supervised_scores(data, reference, mixed[::-1], n_ensemble=1, rng=5)
    np.testing.assert_array_equal(scores, again[::-1])


def test_a_larger_reference_counts_as_much_as_the_data():
    data = TOY.events(1000, rng=1).features
    reference = TOY.events(10_000, rng=2).features
    scores = weakly_supervised_scores(data, reference, reference[:2000], n_ensemble=1, folds=2)
    assert np.median(scores) == pytest.approx(0, abs=0.15)


def test_the_network_is_the_mean_of_its_best_epochs():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(400, 2))
    rows = LabelledRows((table,), (table[:, 0] > 0).astype(int), np.ones(400))
    network = AveragedNetwork(n_epochs=2, plan=PLAN).fit(rows[:300], rows[300:], seed=1)
    mean = expit(network.log_ratio((table,)))
    both = network.best
    of_epochs = []
    for weights in both:
        network.best = [weights]
        of_epochs.append(expit(network.log_ratio((table,))))
    np.testing.assert_allclose(mean, np.mean(of_epochs, axis=0), rtol=1e-6)
    assert len(both) == 2
    assert np.ptp(of_epochs, axis=0).max() > 1e-4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "forest"}, '"trees", "mlp"'),
        ({"reference": np.zeros((5, 3))}, "features"),
        ({"data": np.zeros((0, 2))}, "row"),
        ({"evaluate": np.zeros((5, 3))}, "features"),
        ({"folds": 2.5}, "folds"),
    ],
)
def test_what_cannot_be_compared(change, message):
    rng = np.random.default_rng(0)
    given = {name: rng.normal(size=(40, 2)) for name in ("data", "reference", "evaluate")} | change
    with pytest.raises(ValueError, match=message):
        weakly_supervised_scores(**given, n_ensemble=1)


def test_a_score_needs_a_fit():
    with pytest.raises(RuntimeError, match="not trained"):
        WeakClassifier().score(np.zeros((2, 2)))
