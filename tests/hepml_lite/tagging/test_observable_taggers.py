"""Taggers on observables: one way to fit and score; each is what it says it is."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.jet_shapes import n_subjettiness
from hepml_lite.statistics.metrics import auc
from hepml_lite.tagging.observable_taggers import (
    BoostedTrees,
    EnergyFlowLinear,
    MassTagger,
    NSubjettinessMLP,
    n_subjettiness_basis,
)

torch.set_num_threads(1)
MAKERS = {
    "mass": lambda: MassTagger(bins=20),
    "trees": lambda: BoostedTrees(trees=10, leaves=4),
    "energy flow": lambda: EnergyFlowLinear(degree=2, shrinkage=1e-3),
    "n-subjettiness": lambda: NSubjettinessMLP(4, hidden=(16, 16), epochs=15, batch_size=64),
}


@pytest.fixture(scope="module")
def samples():
    sample = load("top_tagging", "smoke")
    qcd, top = (sample.of_class(name) for name in ("QCD", "top"))
    return tuple(
        Jets.concatenate([qcd[part], top[part]]) for part in (slice(0, 200), slice(200, 400))
    )


@pytest.fixture(scope="module", params=MAKERS)
def fitted(request, samples):
    tagger = MAKERS[request.param]()
    features = tagger.features(samples[0])
    return tagger.fit_features(features, samples[0].label, seed=3), features


def test_tops_score_higher_and_the_score_is_a_log_odds(fitted, samples):
    tagger, _ = fitted
    scores, labels = tagger.score(samples[1]), samples[1].label
    assert scores.shape == labels.shape
    assert auc(labels, scores) > 0.75
    # where the score says 0, both classes are equally likely
    near = np.abs(scores) < 1
    assert near.sum() > 15
    assert 0.2 < labels[near].mean() < 0.8


def test_the_same_seed_gives_the_same_scores_from_jets_and_from_kept_features(fitted, samples):
    tagger, features = fitted
    again = type(tagger).__new__(type(tagger))
    again.__dict__.update({k: v for k, v in tagger.__dict__.items() if k != "_fitted"})
    again.fit(samples[0], seed=3)
    np.testing.assert_array_equal(again.score(samples[0]), tagger.score_features(features))


def test_neither_order_nor_padding_mean_anything(fitted, samples):
    tagger, some = fitted[0], samples[1][:30]
    order = np.argsort(np.random.default_rng(1).random(some.mask.shape), axis=1)
    rows = np.arange(len(some))[:, None]
    shuffled = some.mapped(lambda array: array[rows, order]).padded(some.mask.shape[1] + 5)
    np.testing.assert_allclose(tagger.score(shuffled), tagger.score(some), rtol=1e-3, atol=1e-3)


def test_what_cannot_be_fitted_or_is_not_yet_is_refused(samples):
    jets = samples[0]
    for make in MAKERS.values():
        with pytest.raises(ValueError, match="call fit"):
            make().score(jets[:5])
        with pytest.raises(ValueError, match="0 signal jets"):
            make().fit(jets[:5])
    with pytest.raises(ValueError, match="labels contain"):
        MassTagger().fit_features(np.ones((4, 1)), np.array([0, 0, 2, 2]))
    with pytest.raises(ValueError, match="bins=1"):
        MassTagger(bins=1)
    with pytest.raises(ValueError, match="bodies=1"):
        n_subjettiness_basis(jets[:2], 1)


def test_the_mass_tagger_finds_the_exact_likelihood_ratio():
    """Two Gaussian peaks, so that the ratio is known: and it falls again above the upper one."""
    rng = np.random.default_rng(0)
    background, signal = norm(100, 30), norm(170, 15)
    mass = np.concatenate([background.rvs(40_000, rng), signal.rvs(40_000, rng)])
    label = np.repeat([0, 1], 40_000)
    tagger = MassTagger(bins=80).fit_features(mass[:, None], label)
    exact = signal.logpdf(mass) - background.logpdf(mass)
    assert roc_auc_score(label, tagger.score_features(mass[:, None])) == pytest.approx(
        roc_auc_score(label, exact), abs=0.001
    )
    grid = np.linspace(130, 190, 13)
    np.testing.assert_allclose(
        tagger.score_features(grid[:, None]),
        signal.logpdf(grid) - background.logpdf(grid),
        atol=0.2,
    )


def test_numbers_of_parameters(samples):
    jets = samples[0]
    assert MassTagger(bins=20).fit(jets).n_parameters == 20
    trees = BoostedTrees(trees=3, leaves=4, observables=("mass", "pt")).fit(jets)
    assert trees.n_parameters == 3 * (4 + 3)  # leaves and splits
    assert EnergyFlowLinear(degree=3).fit(jets).n_parameters == 13
    network = NSubjettinessMLP(3, hidden=(4,), epochs=1).fit(jets)
    assert network.n_parameters == 7 * 4 + 4 + 4 * 2 + 2


@pytest.mark.parametrize("bodies", [2, 3, 6])
def test_the_basis_has_as_many_numbers_as_phase_space_has_dimensions(samples, bodies):
    jets = samples[0][:20]
    basis = n_subjettiness_basis(jets, bodies)
    assert basis.shape == (20, 3 * bodies - 4 + 2)
    np.testing.assert_allclose(basis[:, -2:], np.stack([jets.mass, jets.pt], 1))
    orders = [(n, beta) for n in range(1, bodies) for beta in (0.5, 1.0, 2.0)]
    orders.remove((bodies - 1, 0.5))
    for column, (n, beta) in enumerate(orders):
        np.testing.assert_allclose(basis[:, column], n_subjettiness(jets, n, beta), atol=1e-12)
