from statistics import NormalDist

import numpy as np
import pytest
import torch

from hepml_lite.statistics.metrics import auc
from hepml_lite.tagging.ensembles import (
    GoaT,
    cross_fitted,
    log_odds,
    mean_ensemble,
    median_ensemble,
    score_correlation,
)

torch.set_num_threads(1)
NOISE = np.array([0.7, 1.0, 1.5, 2.0])


def taggers(n=3000, noise=NOISE, seed=0):
    """Labels (N,) and noisy readings (N, T) of one optimal score, N(±1, 1)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    optimal = rng.normal(2 * labels - 1)
    return labels, optimal[:, None] + noise * rng.normal(size=(n, len(noise)))


def best_auc(noise=NOISE):
    """Of any function of the taggers: Φ(d/√2), where d² = Δᵀ S⁻¹ Δ of two equal Gaussians."""
    covariance = 1 + np.diag(np.square(noise))
    d = np.sqrt(4 * np.linalg.inv(covariance).sum())
    return NormalDist().cdf(d / np.sqrt(2))


@pytest.mark.parametrize("combine", [mean_ensemble, median_ensemble])
def test_an_ensemble_of_equals_beats_each_of_them(combine):
    labels, scores = taggers(noise=np.full(7, 1.5))
    together = auc(labels, combine(scores.T).score)
    assert together > max(auc(labels, s) for s in scores.T) + 0.02


def test_spread_is_that_of_the_trainings():
    noise = np.full(400, 1.5)
    _, scores = taggers(20, noise)
    for combine in mean_ensemble, median_ensemble:
        assert combine(scores.T).spread.mean() == pytest.approx(1.5, rel=0.05)


def test_a_failed_training_moves_the_median_less_than_the_mean():
    _, scores = taggers(noise=np.full(9, 0.1))
    broken = scores.copy()
    broken[:, 0] = 50
    moved = [
        np.abs(combine(broken.T).score - combine(scores.T).score).max()
        for combine in (median_ensemble, mean_ensemble)
    ]
    assert moved[0] < 0.3
    assert moved[1] > 4


def test_goat_is_as_good_as_any_function_of_the_taggers_can_be():
    goat = GoaT().fit(*taggers())
    labels, scores = taggers(20_000, seed=1)
    assert auc(labels, goat.score(scores)) == pytest.approx(best_auc(), abs=0.005)
    assert best_auc() > max(auc(labels, s) for s in scores.T) + 0.01
    assert best_auc() > auc(labels, mean_ensemble(scores.T).score) + 0.005
    assert goat.n_parameters == 5


def test_its_score_is_a_calibrated_log_odds():
    goat = GoaT().fit(*taggers(10_000))
    labels, scores = taggers(20_000, seed=1)
    p = 1 / (1 + np.exp(-goat.score(scores)))
    for low in (0.1, 0.4, 0.7):
        chosen = (p > low) & (p < low + 0.2)
        assert labels[chosen].mean() == pytest.approx(p[chosen].mean(), abs=0.04)


def test_the_order_and_the_stretch_of_taggers_mean_nothing():
    labels, scores = taggers()
    reference = GoaT().fit(labels, scores).score(scores)
    order = [2, 0, 3, 1]
    permuted = GoaT().fit(labels, scores[:, order]).score(scores[:, order])
    assert permuted == pytest.approx(reference, abs=1e-3)
    overconfident = scores * [1, 100, 1, 0.01] + [0, 5, 0, 0]
    assert GoaT().fit(labels, overconfident).score(overconfident) == pytest.approx(
        reference, abs=1e-3
    )


def test_copies_and_constants_do_not_break_it():
    test_labels, test = taggers(20_000, seed=1)
    labels, scores = taggers()
    plain = auc(test_labels, GoaT().fit(labels, scores).score(test))

    def more(s):
        return np.hstack([s, s, s[:, :1] + 1e-9, np.zeros((len(s), 1))])

    copied = GoaT().fit(labels, more(scores))
    assert auc(test_labels, copied.score(more(test))) == pytest.approx(plain, abs=0.003)
    weights = copied._model.best_estimator_[-1].coef_[0]
    assert weights[:4] == pytest.approx(weights[4:8], abs=1e-3)
    assert abs(weights).max() < 10


def test_a_network_sees_how_taggers_interplay():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4000, 2))
    labels = (scores.prod(1) > 0).astype(int)
    straight = cross_fitted(labels, scores, folds=2)
    curved = cross_fitted(labels, scores, lambda: GoaT((16,)), folds=2)
    assert auc(labels, straight) < 0.6
    assert auc(labels, curved) > 0.9
    again = [GoaT((4,), epochs=1).fit(labels, scores, seed).score(scores) for seed in (1, 1, 2)]
    assert np.array_equal(again[0], again[1])
    assert not np.array_equal(again[0], again[2])


def test_cross_fitting_is_not_fooled_by_noise():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(300, 50)), rng.integers(0, 2, 300)
    own = GoaT().fit(labels, scores).score(scores)
    assert auc(labels, own) > 0.65  # judged on the jets it was fitted to
    assert abs(auc(labels, cross_fitted(labels, scores)) - 0.5) < 0.1


def test_correlation_within_a_class_is_that_of_the_noise():
    labels, scores = taggers(20_000)
    expected = 1 + np.diag(NOISE**2)
    width = np.sqrt(np.diag(expected))
    expected = 6 / np.pi * np.arcsin(expected / np.outer(width, width) / 2)  # ranks of Gaussians
    found = score_correlation(labels, scores, 1)
    assert found == pytest.approx(expected, abs=0.02)
    assert score_correlation(labels, np.exp(3 * scores), 1) == pytest.approx(found)
    everything = score_correlation(np.zeros(len(labels)), scores)
    assert (everything >= found - 1e-9).all()  # across classes good taggers agree anyway


def test_log_odds_undo_the_sigmoid_and_stay_finite():
    z = np.linspace(-9, 9, 7)
    assert log_odds(1 / (1 + np.exp(-z))) == pytest.approx(z)
    assert np.isfinite(log_odds([0.0, 1.0])).all()
    with pytest.raises(ValueError, match="logits are log-odds"):
        log_odds([0.5, 1.5])


def test_what_cannot_be_combined_is_named():
    labels, scores = taggers(100)
    with pytest.raises(ValueError, match="call fit"):
        GoaT().score(scores)
    with pytest.raises(ValueError, match="fitted to 4 taggers"):
        GoaT().fit(labels, scores).score(scores[:, :3])
    with pytest.raises(ValueError, match="2 or more"):
        mean_ensemble(scores[:1])
    with pytest.raises(ValueError, match="NaN or infinite"):
        GoaT().fit(labels, np.where(scores > 1, np.inf, scores))
    with pytest.raises(ValueError, match="0 jets of class 7"):
        score_correlation(labels, scores, 7)
