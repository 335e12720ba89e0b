"""OmniFold on the particles of jets: sets at both levels, with other numbers of slots."""

import numpy as np
import pytest

from hepml_lite.containers import Jets
from hepml_lite.densities import TrainingPlan
from hepml_lite.unfolding import OmniFold, SimulatedEvents
from hepml_lite.unfolding.simulated_events import constituents_of

N = 3000
PLAN = TrainingPlan(epochs=8, batch_size=256, learning_rate=5e-3, progress=False)


def jets(mean_number, rng, n=N, n_slots=12):
    """Jets with a Poisson number of particles, pT 100 GeV on average, and the measured ones.

    The detector loses each particle with a probability of 20 %, but not the first one.
    """
    number = np.clip(rng.poisson(mean_number, n), 1, n_slots)
    mask = np.arange(n_slots) < number[:, None]
    pt = np.where(mask, rng.exponential(20, (n, n_slots)) + 1, 0)
    angles = 0.1 * rng.normal(size=(n, n_slots, 2)) * mask[..., None]
    constituents = np.concatenate([pt[..., None], angles], axis=-1)
    seen = mask & ((rng.random(mask.shape) > 0.2) | (np.arange(n_slots) == 0))
    return Jets(constituents, mask), Jets(constituents * seen[..., None], seen)


def test_the_number_of_particles_is_unfolded_though_no_classifier_was_told_of_it():
    rng = np.random.default_rng(2)
    true, measured = jets(5.0, rng)
    nature, data = jets(6.0, rng)
    method = OmniFold(n_iterations=3, model="deep_sets", folds=2, plan=PLAN)
    result = method.fit(SimulatedEvents.of_jets(true, measured)).unfold(constituents_of(data))
    number = true.mask.sum(axis=1)
    of_nature = nature.mask.sum(axis=1).mean()
    before = abs(number.mean() - of_nature)
    after = abs(np.average(number, weights=result.weights) - of_nature)
    error = (2 * number.var() / N) ** 0.5
    assert before > 8 * error
    assert after < before / 4 + 2 * error


def test_the_features_know_the_scale_of_a_jet():
    true, _ = jets(5.0, np.random.default_rng(0), n=10)
    features, mask = constituents_of(true)
    assert features.shape == (10, 12, 4)
    np.testing.assert_allclose(features[mask][:, 3].max(), np.log(true.pt / 100).max(), rtol=1e-5)
    assert (features[~mask] == 0).all()


def test_tables_are_refused():
    with pytest.raises(TypeError, match="jets is ndarray"):
        SimulatedEvents.of_jets(np.ones((3, 4, 3)), np.ones((3, 4, 3)))
