import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from hepml_lite.statistics.decorrelation import (
    jensen_shannon,
    mass_sculpting,
)


def sculpted(n=3000, seed=0):
    """Signal at a mass of 170 GeV; one feature is the mass, the other tells signal without it."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    mass = np.where(label, rng.normal(170, 20, n), rng.exponential(60, n) + 50)
    features = np.stack([mass / 100, rng.normal(label, 1)], 1)
    return features.astype(np.float32), mass.astype(np.float32), label


def test_divergence_is_scipys_and_spans_zero_to_one():
    p, q = np.random.default_rng(0).integers(0, 50, (2, 12))
    expected = jensenshannon(p, q, base=2) ** 2
    assert jensen_shannon(p, q) == pytest.approx(expected)
    assert jensen_shannon(p, 3 * p) == pytest.approx(0, abs=1e-12)
    assert jensen_shannon([1, 0], [0, 5]) == pytest.approx(1)


def test_a_random_score_is_at_the_floor_and_a_cut_on_mass_far_above():
    _, mass, label = sculpted()
    rng = np.random.default_rng(3)
    random = mass_sculpting(label, rng.random(len(mass)), mass, rng=0)
    assert abs(random.jsd.value - random.floor) < 4 * random.jsd.error
    n_pass, n_fail = (round(f * (label == 0).sum()) for f in (0.5, 0.5))
    # two samples of one distribution in B bins: (B - 1)(1/n + 1/m) / (8 ln 2)
    assert random.floor == pytest.approx(19 / 8 / np.log(2) * (1 / n_pass + 1 / n_fail), rel=0.15)
    assert random.background_efficiency.value == pytest.approx(0.5, abs=0.05)
    hard = mass_sculpting(label, mass, mass, rng=0)
    assert hard.jsd.value > 20 * hard.floor
    assert hard.inverse.low <= hard.inverse.value == 1 / hard.jsd.value <= hard.inverse.high
    softer = mass_sculpting(label, mass, mass, against="all", rng=0)
    assert softer.jsd.value < hard.jsd.value


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: mass_sculpting(x > 0, x, y, 1.5), "signal_efficiency is 1.5"),
        (lambda x, y: mass_sculpting(x > 0, x, y), "0 of"),
        (lambda x, y: mass_sculpting(x > 0, x, y, against="before"), "against='before'"),
        (lambda x, y: mass_sculpting(np.ones(30), x, y), "0 background and 30 signal"),
        (lambda x, y: mass_sculpting(x > 0, x, [*y[1:], np.nan]), "1 of 30 masses are NaN"),
        (lambda x, y: mass_sculpting(x > 0, x, y[:4]), "shapes"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, message):
    x = np.random.default_rng(0).normal(size=30)
    with pytest.raises(ValueError, match=message):
        call(x, x**2)


def test_weights_of_the_inverse_sampling_rate_give_the_unsampled_answer():
    rng = np.random.default_rng(11)
    mass = rng.exponential(50, 60_000) + 20
    scores = rng.normal(mass / 100, 1)
    labels = np.arange(60_000) % 2
    kept = (mass > 100) | (rng.random(60_000) < 0.25)  # a quarter of the light jets
    weights = np.where(mass > 100, 1.0, 4.0)[kept]
    edges = np.linspace(20, 220, 11)
    full = mass_sculpting(labels, scores, mass, edges=edges, n_bootstrap=20)
    rows = (labels[kept], scores[kept], mass[kept])
    weighted = mass_sculpting(*rows, edges=edges, n_bootstrap=20, weights=weights)
    ignored = mass_sculpting(*rows, edges=edges, n_bootstrap=20)
    assert abs(weighted.jsd.value - full.jsd.value) < 3 * weighted.jsd.error
    assert abs(ignored.jsd.value - full.jsd.value) > 3 * ignored.jsd.error
    error = 2**0.5 * weighted.background_efficiency.error  # the cut has as large an error
    wanted = full.background_efficiency.value
    assert abs(weighted.background_efficiency.value - wanted) < 3 * error


def test_equal_weights_change_nothing_about_a_sculpting():
    rng = np.random.default_rng(12)
    mass, scores = rng.exponential(50, 2000), rng.normal(size=2000)
    labels = np.arange(2000) % 2
    edges = np.linspace(0, 200, 9)
    plain = mass_sculpting(labels, scores, mass, edges=edges, n_bootstrap=5)
    weighted = mass_sculpting(
        labels, scores, mass, edges=edges, n_bootstrap=5, weights=np.full(2000, 2)
    )
    assert weighted.jsd == pytest.approx(plain.jsd)
    assert weighted.background_efficiency == pytest.approx(plain.background_efficiency)
