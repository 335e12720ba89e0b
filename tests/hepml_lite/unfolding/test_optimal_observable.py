"""A learned observable has the information of the exact score, and unfolded events measure CP."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from hepml_lite.densities import TrainingPlan
from hepml_lite.exact.tau_pairs import TauPairs, share_of_information
from hepml_lite.unfolding import OmniFold, OptimalObservable, Replica, ReweightedEvents
from hepml_lite.unfolding import SimulatedEvents as Events

N = 20_000
PLAN = TrainingPlan(epochs=12, batch_size=1024, learning_rate=1e-2, progress=False)


def features(angles):
    """The three products in which the density is linear."""
    sines = np.sqrt((1 - angles[:, 0] ** 2) * (1 - angles[:, 1] ** 2))
    waves = [sines * np.cos(angles[:, 2]), sines * np.sin(angles[:, 2])]
    return np.column_stack([angles[:, 0] * angles[:, 1], *waves])


@pytest.fixture(scope="module")
def observable():
    plus, _ = TauPairs(odd=0.5).events(N, 1)
    minus, _ = TauPairs(odd=-0.5).events(N, 2)
    learned = OptimalObservable((0.5, -0.5), folds=2, plan=PLAN)
    return learned.fit(features(plus), features(minus))


def test_the_classifier_has_the_information_of_the_score(observable):
    standard_model = TauPairs(odd=0.0)
    true, _ = standard_model.events(N, 3)
    score = standard_model.score(true)
    learned = share_of_information(observable(features(true)), score)
    angle_alone = share_of_information(np.sin(true[:, 2]), score)
    assert learned > 0.95
    assert angle_alone < 0.9


def test_events_of_another_coefficient_are_measured(observable):
    true, _ = TauPairs(odd=0.3).events(N, 6)
    error = 1 / (N * TauPairs(odd=0.3).information()) ** 0.5
    assert observable.parameter(features(true)) == pytest.approx(0.3, abs=4 * error)


def test_unfolded_events_measure_as_well_as_the_best_fit_to_the_data(observable):
    true, measured = TauPairs(odd=0.0).events(N, 3)
    nature = TauPairs(odd=0.3)
    _, data = nature.events(N, 4)
    events = Events.of(features(true), features(measured))
    result = OmniFold(n_iterations=4, folds=2, plan=PLAN).fit(events).unfold(features(data))
    best = minimize_scalar(
        lambda odd: -np.log(TauPairs(odd=odd).density(data, measured=True)).sum(),
        bounds=(-0.6, 0.6),
        method="bounded",
    ).x
    error = 1 / (N * nature.information(measured=True)) ** 0.5  # of the best fit (Cramér, Rao)
    unfolded = observable.parameter(features(true), result.weights)
    assert unfolded == pytest.approx(best, abs=2.5 * error)
    assert unfolded > 10 * error  # far from the simulation, which has zero


def test_the_error_is_that_of_the_replicas(observable):
    true, _ = TauPairs(odd=0.0).events(500, 3)
    rows = features(true)
    rng = np.random.default_rng(0)
    replicas = tuple(Replica(rng.poisson(1, 500).astype(float), 500.0) for _ in range(40))
    weights = np.ones(500)
    measured = observable.measure(rows, ReweightedEvents(weights, weights[None], 500.0, replicas))
    assert measured.value == pytest.approx(observable.parameter(rows))
    assert measured.error == pytest.approx(1 / (500 * 0.245) ** 0.5, rel=0.4)


def test_what_an_observable_refuses():
    with pytest.raises(ValueError, match="are equal"):
        OptimalObservable((0.1, 0.1)).fit([0.0, 1.0], [2.0, 3.0])
    with pytest.raises(ValueError, match="no observable yet"):
        OptimalObservable((0.1, -0.1))(np.zeros((2, 1)))
    weights = np.ones(3)
    with pytest.raises(ValueError, match="0 replicas"):
        OptimalObservable((0.1, -0.1)).measure(
            np.zeros((3, 1)), ReweightedEvents(weights, weights[None], 3.0)
        )
