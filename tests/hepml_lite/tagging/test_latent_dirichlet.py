"""Topics of jets: planted ones are found again, and scikit-learn agrees on what a solution is."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import digamma
from sklearn.decomposition import LatentDirichletAllocation

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.statistics.metrics import auc
from hepml_lite.tagging.latent_dirichlet import (
    DROP_EDGES,
    MASS_EDGES,
    SHAPE,
    LatentDirichlet,
    splittings,
    variational_bayes,
    word_counts,
)


def documents(n=1000, words=60, vocabulary=8, alpha=0.3):
    """Word counts (N, V) drawn from the model itself, and its topics (2, V)."""
    rng = np.random.default_rng(0)
    topics = np.stack([np.arange(1.0, vocabulary + 1), np.arange(vocabulary, 0.0, -1)]) ** 2
    topics /= topics.sum(axis=1, keepdims=True)
    shares = rng.dirichlet([alpha, alpha], n)
    return csr_matrix(rng.multinomial(words, shares @ topics)), topics


@pytest.fixture(scope="module")
def jets():
    sample = load("top_tagging")
    return Jets.concatenate([sample.of_class("QCD")[:800], sample.of_class("top")[:800]])


def test_planted_topics_are_found_again():
    """Up to the known bias of the method, which takes rare words from a topic: 0.02 and less."""
    counts, topics = documents()
    start = np.random.default_rng(1).gamma(100, 0.01, topics.shape)
    found = variational_bayes(counts, start, alpha=0.3, eta=0.1, sweeps=100)
    found /= found.sum(axis=1, keepdims=True)
    order = np.argsort(found[:, 0])
    np.testing.assert_allclose(found[order], topics, atol=0.02)


@pytest.mark.parametrize(("words", "vocabulary"), [(8, 8), (15, 200)])
def test_short_documents_are_told_apart_as_well_as_scikit_learn_does(words, vocabulary):
    counts, topics = documents(1000, words, vocabulary, alpha=0.1)
    start = np.random.default_rng(1).gamma(100, 0.01, topics.shape)
    theirs = LatentDirichletAllocation(
        2, doc_topic_prior=0.1, topic_word_prior=0.1, max_iter=30, random_state=0
    )
    reference = distance_to(topics, theirs.fit(counts).components_)
    for inner in (20, 200):
        ours = variational_bayes(counts, start, alpha=0.1, eta=0.1, sweeps=30, inner=inner)
        assert distance_to(topics, ours) < reference + 0.01


def distance_to(topics, found):
    """L1 distance of two topics to those found, in the better order."""
    found = found / found.sum(axis=1, keepdims=True)
    distances = [np.abs(order - topics).sum(axis=1).mean() for order in (found, found[::-1])]
    return min(distances)


def test_scikit_learn_leaves_a_solution_as_it_is():
    counts, topics = documents(300)
    found = variational_bayes(counts, 100 * topics, alpha=0.3, eta=0.1, sweeps=150)
    model = LatentDirichletAllocation(
        2, doc_topic_prior=0.3, topic_word_prior=0.1, learning_method="online", learning_decay=0,
        batch_size=300, total_samples=300, max_doc_update_iter=300, mean_change_tol=1e-7,
    )  # fmt: skip
    model.partial_fit(counts)
    model.components_ = found
    model.exp_dirichlet_component_ = np.exp(digamma(found) - digamma(found.sum(1, keepdims=True)))
    model.partial_fit(counts)  # without decay one full step of theirs, which forgets the past
    np.testing.assert_allclose(model.components_, found, rtol=2e-3, atol=0.05)


def test_a_topic_without_labels_separates_tops_and_peaks_at_their_mass(jets):
    tagger = LatentDirichlet().fit(jets)
    assert auc(jets.label, tagger.score(jets)) > 0.85
    background, signal = tagger.topics()
    assert background.sum() == pytest.approx(1)
    assert signal.sum() == pytest.approx(1)
    heavy = MASS_EDGES[:-1] >= 140
    assert signal[heavy].sum() > 3 * background[heavy].sum()
    # a W is left when a top loses its b, so tops drop to about 80 / 173 of their mass
    at_top = (MASS_EDGES[:-1] >= 155) & (MASS_EDGES[:-1] < 185)
    hard = DROP_EDGES[:-1] < 0.6
    assert signal[at_top][:, hard].sum() > 5 * background[at_top][:, hard].sum()
    assert tagger.n_parameters == 2 * (np.prod(SHAPE) - 1)


def test_labels_are_looked_at_only_to_name_random_topics(jets):
    features = word_counts(jets)
    score = LatentDirichlet().fit_features(features, jets.label).score_features(features)
    other = LatentDirichlet().fit_features(features, 1 - jets.label).score_features(features)
    np.testing.assert_array_equal(score, other)
    plain = LatentDirichlet(window=None, sweeps=5)
    score = plain.fit_features(features, jets.label, seed=1).score_features(features)
    other = plain.fit_features(features, 1 - jets.label, seed=1).score_features(features)
    np.testing.assert_array_equal(score, -other)


def test_words_by_hand():
    """A particle of 30 GeV, one at 90 degrees of it, and a third far away: two splittings."""
    constituents = np.array([[[60.0, 0, 0], [30, 0, 0.6], [100, 0, 1.6], [0, 0, 0]]])
    jet, values = splittings(Jets(constituents))
    assert jet.tolist() == [0, 0]
    pair = np.sqrt(2 * 60 * 30 * (1 - np.cos(0.6)))
    np.testing.assert_allclose(values[0], [pair, 0, 30 * 0.6 / pair], rtol=1e-3, atol=1e-3)
    whole = Jets(constituents).mass[0]
    np.testing.assert_allclose(values[1, :2], [whole, pair / whole], rtol=1e-3)
    counts = word_counts(Jets(constituents)).toarray()
    assert counts.sum() == 2
    i, j, _ = np.unravel_index(np.flatnonzero(counts[0]), SHAPE)
    np.testing.assert_array_equal(i, np.digitize(np.sort(values[:, 0]), MASS_EDGES) - 1)
    np.testing.assert_array_equal(j, np.digitize([0, pair / whole], DROP_EDGES) - 1)


def test_neither_order_nor_padding_nor_company_mean_anything(jets):
    some = jets[::80]
    order = np.argsort(np.random.default_rng(1).random(some.mask.shape), axis=1)
    rows = np.arange(len(some))[:, None]
    shuffled = some.mapped(lambda array: array[rows, order]).padded(some.mask.shape[1] + 5)
    expected = word_counts(some).toarray()
    np.testing.assert_array_equal(word_counts(shuffled).toarray(), expected)
    np.testing.assert_array_equal(word_counts(some[3:5]).toarray(), expected[3:5])


def test_jets_without_words_have_no_opinion(jets):
    tagger = LatentDirichlet(sweeps=3).fit(Jets.concatenate([jets, jets[:5].truncate(1)]))
    np.testing.assert_array_equal(tagger.score(jets[:5].truncate(1)), 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"window": (81, 82)}, "window="), ({"alpha": 0}, "alpha=0"), ({"sweeps": 0}, "sweeps=0")],
)
def test_what_makes_no_tagger_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LatentDirichlet(**settings)


def test_it_must_be_fitted_first_and_needs_labels_only_without_a_window(jets):
    with pytest.raises(ValueError, match="call fit"):
        LatentDirichlet().topics()
    LatentDirichlet(sweeps=1).fit(jets.of_class("QCD"))
    with pytest.raises(ValueError, match="0 signal jets"):
        LatentDirichlet(window=None).fit(jets.of_class("QCD"))
