"""The Gaussian resonance: its closed forms against its own events, and numbers known elsewhere."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from hepml_lite.exact import GaussianResonance
from hepml_lite.statistics.metrics import significance_improvement_curve


@pytest.mark.parametrize(("distance", "largest"), [(1, 1.259), (2, 4.40)])
def test_significance_improvement_of_unit_gaussians(distance, largest):
    model = GaussianResonance(distance=distance, n_features=3)
    assert model.efficiencies().improvement.max() == pytest.approx(largest, abs=5e-3)


@pytest.mark.parametrize(
    "model",
    [
        GaussianResonance(),
        GaussianResonance(signal_width=0.5, n_features=3),
        GaussianResonance(signal_width=1.2, n_features=4, distance=1),
    ],
    ids=str,
)
@pytest.mark.parametrize("score", ["log_likelihood_ratio", "outlier_score"])
def test_curves_are_those_of_the_events_within_three_percent(model, score):
    events = model.events(400_000, 100_000, rng=1)
    scores = getattr(model, score)(events.mass, events.features)
    efficiency, improvement = significance_improvement_curve(events.label, scores, 0.012)
    exact = {
        "log_likelihood_ratio": model.efficiencies,
        "outlier_score": model.outlier_efficiencies,
    }[score]()
    expected = np.interp(efficiency, exact.signal, exact.improvement)
    below_one = efficiency < 0.95  # where each signal efficiency has one background efficiency
    assert np.abs(improvement / expected - 1)[below_one].max() < 0.03


def test_likelihood_ratio_moves_with_the_mass():
    model = GaussianResonance(mass_slope=0.7, n_features=2)
    events = model.events(50, 50)
    expected = []
    for m, x in zip(events.mass, events.features, strict=True):
        of_signal = multivariate_normal(model.signal_centre).logpdf(x)
        expected.append(of_signal - multivariate_normal([0.7 * (m - 3.5)] * 2).logpdf(x))
    found = model.log_likelihood_ratio(events.mass, events.features)
    np.testing.assert_allclose(found, expected)


def test_the_loss_stays_at_ln_2_and_yet_the_best_score_is_the_best():
    model = GaussianResonance(distance=1)
    fraction = 1e-3
    below = np.log(2) - model.smallest_loss(fraction)
    assert below == pytest.approx(fraction**2 * (np.e - 1) / 8, rel=0.02)
    assert model.smallest_loss(0) == pytest.approx(np.log(2), abs=1e-10)
    assert GaussianResonance(distance=2).smallest_loss(0.01) > np.log(2) - 3e-4


def test_events_above_a_mass():
    model = GaussianResonance()
    events = model.events(1000, 10, low=2.5)
    assert events.mass[:1000].min() > 2.5
    assert events.label.sum() == 10
    with pytest.raises(ValueError, match="one mass an event"):
        model.log_likelihood_ratio(events.mass[:5], events.features)
    with pytest.raises(ValueError, match="resolution"):
        GaussianResonance(resolution=0)
