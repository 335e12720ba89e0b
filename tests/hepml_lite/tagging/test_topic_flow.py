"""Two Gaussians, mixed with known shares, are found again: shares, densities, and their ratio."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from hepml_lite.densities import Flow
from hepml_lite.statistics import metrics
from hepml_lite.tagging.jet_topics import jet_topics
from hepml_lite.tagging.topic_flow import TopicFlow

PARTS = (
    multivariate_normal([2.0, 0.5], [[1.0, 0.5], [0.5, 1.0]]),
    multivariate_normal([-2.0, 0.0], [[1.0, -0.3], [-0.3, 0.6]]),
)
F_A, F_B = 0.8, 0.35


def mixture(fraction, n, rng):
    """n rows, of which a fraction is of the first part."""
    n_first = rng.binomial(n, fraction)
    counts = (n_first, n - n_first)
    return np.concatenate([p.rvs(k, rng) for p, k in zip(PARTS, counts, strict=True)])


@pytest.fixture(scope="module")
def mixtures():
    rng = np.random.default_rng(3)
    return [mixture(f, 3000, rng) for f in (F_A, F_B)]


@pytest.fixture(scope="module")
def fitted(mixtures):
    """Shares from the first observable, then the flows."""
    a, b = mixtures
    shares = jet_topics(a[:, 0], b[:, 0], np.linspace(-5, 5, 41), 40, rng=1)
    fractions = shares.fraction_a.value, shares.fraction_b.value
    return shares, TopicFlow().fit(a, b, fractions, rng=1)


def test_shares_are_found_within_three_errors(fitted):
    shares, _ = fitted
    assert abs(shares.fraction_a.value - F_A) < 3 * shares.fraction_a.error
    assert abs(shares.fraction_b.value - F_B) < 3 * shares.fraction_b.error


def test_densities_are_those_of_the_parts(fitted):
    """The information lost, KL(p|T), is a few percent of a bit."""
    for part, topic in zip(PARTS, (fitted[1].topic_1, fitted[1].topic_2), strict=True):
        x = part.rvs(4000, np.random.default_rng(5))
        assert 0 <= (part.logpdf(x) - topic.log_prob(x)).mean() < 0.03
        drawn = topic.sample(4000, rng=1)
        assert drawn.mean(axis=0) == pytest.approx(part.mean, abs=0.25)
        assert np.cov(drawn.T) == pytest.approx(part.cov, abs=0.5)


def test_a_linear_flow_is_as_good_as_the_exact_likelihood(mixtures):
    """With the true shares and flows that are Gaussians, only the statistics are left.

    A part has 5 parameters and 3000 rows or so: KL is about 5/2/3000, and larger by what the
    overlap costs and the training leaves.
    """
    plan = TopicFlow().plan
    plan.learning_rate = 3e-2
    fit = TopicFlow(shape=Flow(n_layers=0), plan=plan).fit(*mixtures, (F_A, F_B), rng=2)
    for part, topic in zip(PARTS, (fit.topic_1, fit.topic_2), strict=True):
        x = part.rvs(20_000, np.random.default_rng(5))
        assert abs((part.logpdf(x) - topic.log_prob(x)).mean()) < 20 / 3000


def test_the_ratio_separates_as_well_as_the_exact_one(fitted):
    rng = np.random.default_rng(8)
    x = np.concatenate([part.rvs(3000, rng) for part in PARTS])
    label = np.repeat([1, 0], 3000)
    exact = metrics.auc(label, PARTS[0].logpdf(x) - PARTS[1].logpdf(x))
    assert metrics.auc(label, fitted[1].log_ratio(x)) == pytest.approx(exact, abs=0.003)


def test_wrong_shares_give_other_topics(mixtures):
    """If less of topic 1 is said to be in B than there is, topic 2 takes in some of part 1."""
    a, b = (rows[::2] for rows in mixtures)  # a mixture has its parts one after the other
    fit = TopicFlow(shape=Flow(n_layers=1, hidden_features=(16,), n_bins=6))
    fit.plan.epochs = 10
    right, wrong = (
        fit.fit(a, b, f, rng=1).topic_2.sample(4000, rng=1) for f in ((F_A, F_B), (F_A, 0.05))
    )
    assert wrong[:, 0].mean() > right[:, 0].mean() + 0.5


def test_the_same_seed_gives_the_same_topics(mixtures):
    a, b = (rows[::6] for rows in mixtures)
    plan = TopicFlow().plan
    plan.epochs = 2
    first, again = (TopicFlow(plan=plan).fit(a, b, (0.8, 0.3), rng=4) for _ in range(2))
    assert np.array_equal(first.log_ratio(a), again.log_ratio(a))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fractions": (0.5, 0.5)}, "they are the same"),
        ({"fractions": (0.2, 0.8)}, "with more signal first"),
        ({"b": np.zeros((10, 3))}, "a has 2 observables and b 3"),
        ({"a": np.full((10, 2), np.nan)}, "20 NaN"),
    ],
)
def test_what_has_no_topics_is_refused(change, message):
    settings = {"a": np.zeros((10, 2)), "b": np.ones((10, 2)), "fractions": (0.8, 0.2)} | change
    with pytest.raises(ValueError, match=message):
        TopicFlow().fit(**settings)
