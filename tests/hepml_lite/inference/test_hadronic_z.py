"""The strong coupling from sets of events, on a Gaussian stand-in with a known answer."""

import numpy as np
import pytest
from scipy.stats import kstest

from hepml_lite.containers.events import Events
from hepml_lite.inference import hadronic_z, likelihood_of_means


def toy_sets(n_sets, n_events=100, seed=0):
    """Five features whose means depend on both parameters, one of them quadratically."""
    rng = np.random.default_rng(seed)
    theta = hadronic_z.PRIOR.sample(n_sets, rng)
    low, high = hadronic_z.PRIOR.low, hadronic_z.PRIOR.high
    a, b = (2 * (theta - low) / (high - low) - 1).T
    mean = np.stack([a, b, a + b, 0.3 * a * a, 0 * a], axis=-1)
    events = 0.5 * mean[:, None] + rng.normal(size=(n_sets, n_events, 5))
    return theta, events


@pytest.fixture(scope="module")
def learned():
    return hadronic_z.fit(*toy_sets(300))


def test_truths_are_covered(learned):
    theta, events = toy_sets(200, seed=1)
    _, marginals = learned.curves(events)
    quantiles = [
        hadronic_z.quantile_of(curve, value)
        for curve, value in zip(marginals, theta[:, 0], strict=True)
    ]
    assert kstest(quantiles, "uniform").pvalue > 1e-3


def test_few_simulations_make_it_wide_not_wrong():
    """With 40 sets of calibration the error of the mean function counts, and is in the width."""
    few = hadronic_z.fit(*toy_sets(100, seed=5))
    theta, events = toy_sets(400, seed=6)
    _, marginals = few.curves(events)
    quantiles = [
        hadronic_z.quantile_of(curve, value)
        for curve, value in zip(marginals, theta[:, 0], strict=True)
    ]
    inside = np.mean(np.abs(np.array(quantiles) - 0.5) < 0.34)
    assert inside == pytest.approx(0.68, abs=0.07)


def test_the_width_is_that_of_the_best_estimate(learned):
    """Both parameters have 3/2 of the information of one feature, correlated through a + b."""
    _, events = toy_sets(50, seed=2)
    profiles, _ = learned.curves(events)
    fisher = 0.25 * 100 * np.array([[2.0, 1.0], [1.0, 2.0]])
    best = np.sqrt(np.linalg.inv(fisher)[0, 0]) * 0.0225
    widths = [np.subtract(*curve.interval()[::-1]) / 2 for curve in profiles]
    assert np.median(widths) == pytest.approx(best, rel=0.15)


def test_a_known_nuisance_makes_it_narrower(learned):
    theta, events = toy_sets(20, seed=3)
    profiles, _ = learned.curves(events)
    known = [learned.known_nuisance(events[i], theta[i, 1])[0] for i in range(20)]
    wide = np.median([np.subtract(*curve.interval()[::-1]) for curve in profiles])
    narrow = np.median([np.subtract(*curve.interval()[::-1]) for curve in known])
    assert narrow / wide == pytest.approx(np.sqrt(3) / 2, abs=0.07)  # correlation -1/2


def test_more_events_make_it_narrower(learned):
    """One fit serves all numbers of events: widths fall with the square root."""
    _, events = toy_sets(20, n_events=400, seed=4)
    widths = []
    for n_events in (100, 400):
        _, marginals = learned.curves(events[:, :n_events])
        widths.append(
            np.median([np.subtract(*curve.credible_interval()[::-1]) for curve in marginals])
        )
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.2)


def test_goodness_of_fit_finds_what_no_point_imitates(learned):
    """A shift of the second feature alone is seen in the means of all features."""
    of_all = likelihood_of_means.fit(*toy_sets(300, seed=8))
    _, events = toy_sets(150, seed=7)
    points = hadronic_z.grid_points()
    p_values = of_all.goodness_of_fit(points, events.mean(1), 100)
    assert kstest(p_values, "uniform").pvalue > 1e-3
    assert kstest(learned.goodness_of_fit(events), "uniform").pvalue > 1e-3
    events[..., 1] += 0.6
    assert np.median(of_all.goodness_of_fit(points, events.mean(1), 100)) < 0.01
    # learned features keep what the parameters need, and lose most of what would tell
    assert np.median(learned.goodness_of_fit(events)) > 0.03


def test_means_of_as_many_features_as_parameters_always_fit():
    rng = np.random.default_rng(0)
    theta = rng.uniform(-1, 1, (50, 1))
    fitted = likelihood_of_means.fit(theta, theta[:, None] + rng.normal(size=(50, 20, 1)))
    with pytest.raises(ValueError, match="every mean fits"):
        fitted.goodness_of_fit([[0.0]], [[0.1]], 20)


def test_sets_of_the_sample():
    names = (*hadronic_z.PARAMETERS, *hadronic_z.SHAPES)
    values = np.ones((8, 7))
    values[4:, 0] = 2.0
    found = hadronic_z.sets(Events(values, names), 4)
    assert found.theta[:, 0].tolist() == [1, 2]
    assert found.events.shape == (2, 4, 5)
    with pytest.raises(ValueError, match="change within 8"):
        hadronic_z.sets(Events(values, names), 8)
    with pytest.raises(ValueError, match="no multiple of 3"):
        hadronic_z.sets(Events(values, names), 3)


def test_a_likelihood_of_means_by_hand():
    """One parameter, one feature: N(theta, 1)."""
    rng = np.random.default_rng(0)
    theta = rng.uniform(-1, 1, (200, 1))
    features = theta[:, None] + rng.normal(size=(200, 500, 1))
    fitted = likelihood_of_means.fit(theta, features)
    found = fitted.log_likelihood([[0.0], [0.1]], [[0.1]], 400)[0]
    assert found[1] - found[0] == pytest.approx(400 * 0.1**2 / 2, abs=0.4)


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="terms"):
        likelihood_of_means.fit(
            np.arange(5.0)[:, None], np.random.default_rng(1).normal(size=(5, 10, 1))
        )


def test_lost_tracks_change_only_the_multiplicity():
    events = np.tile([40.0, 0.1, 0.3, -5.0, 0.05], (2, 5000, 1))
    measured = hadronic_z.with_lost_tracks(events, [1.0, 0.9], rng=0)
    assert (measured[0] == events[0]).all()
    assert (measured[1, :, 1:] == events[1, :, 1:]).all()
    assert measured[1, :, 0].mean() == pytest.approx(36, abs=0.1)
    assert measured[1, :, 0].var() == pytest.approx(3.6, rel=0.1)
    with pytest.raises(ValueError, match="from 0 to 1"):
        hadronic_z.with_lost_tracks(events, 97)
    with pytest.raises(ValueError, match="one for each set"):
        hadronic_z.with_lost_tracks(events, [0.9, 0.9, 0.9])


def test_curves_come_from_the_table(learned):
    _, events = toy_sets(3, seed=5)
    alpha_s, _ = hadronic_z.grid()
    tables = learned.log_likelihood(events)
    profiles, _ = learned.curves(events)
    assert tables.shape == (3, *hadronic_z.GRID)
    best = alpha_s[tables[0].max(1).argmax()]
    assert profiles[0].best == pytest.approx(best, abs=np.diff(alpha_s)[0])
