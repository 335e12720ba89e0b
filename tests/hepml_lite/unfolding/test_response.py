import numpy as np
import pytest

from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.unfolding import iterative_bayes, response_of_events

NAN = np.nan


def pair(true, measured, weight=None):
    true = np.array(true, float)[:, None]
    measured = np.array(measured, float)[:, None]
    return UnfoldingPair(
        true,
        measured,
        ("mass",),
        true_ok=~np.isnan(true[:, 0]),
        measured_ok=~np.isnan(measured[:, 0]),
        weight=weight,
    )


def test_migrations_misses_and_fakes_are_counted_with_weights():
    events = pair(
        [0.5, 0.5, 1.5, 1.5, NAN, 5.0],
        [0.5, 1.5, 2.0, NAN, 0.5, 1.5],
        weight=[1, 3, 2, 2, 4, 5],
    )
    response = response_of_events(events, "mass", [0, 1, 2])
    assert response.counts.tolist() == [[1, 0], [3, 2]]
    assert response.truth.tolist() == [4, 4]
    assert response.fakes.tolist() == [4, 5]
    assert response.matrix.tolist() == [[0.25, 0], [0.75, 0.5]]
    assert response.efficiency.tolist() == [1, 0.5]
    assert response.measured.tolist() == [5, 10]
    assert response.matched_share.tolist() == [0.2, 0.5]
    assert response.n_simulated.tolist() == [16 / 10, 16 / 8]


def test_the_simulation_unfolds_to_its_own_truth_with_misses_and_fakes():
    rng = np.random.default_rng(0)
    true = rng.exponential(size=20_000)
    measured = true + 0.3 * rng.normal(size=20_000)
    measured[rng.random(20_000) < 0.2] = NAN
    true[rng.random(20_000) < 0.1] = NAN
    nowhere = np.isnan(true) & np.isnan(measured)
    response = response_of_events(
        pair(true[~nowhere], measured[~nowhere]), "mass", np.linspace(-1, 3, 17), np.arange(4)
    )
    spectrum, covariance = response.without_fakes(response.measured)
    result = iterative_bayes(spectrum, response.matrix, response.truth, 5, covariance)
    np.testing.assert_allclose(result.unfolded, response.truth)
    assert response.efficiency.max() < 0.9
    assert response.matched_share.min() < 0.9


def test_unknown_quantities_and_falling_edges_are_refused():
    events = pair([0.5], [0.5])
    with pytest.raises(ValueError, match="width"):
        response_of_events(events, "width", [0, 1])
    with pytest.raises(ValueError, match="measured_edges"):
        response_of_events(events, "mass", [1, 0])
