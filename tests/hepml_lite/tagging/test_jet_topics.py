import numpy as np
import pytest

from data_fetch import load
from hepml_lite.tagging.jet_topics import (
    fractions_from,
    jet_topics,
    reducibility_factor,
    topics_from,
)
from hepml_lite.tagging.weak_supervision import mixtures

EDGES = np.linspace(0, 4, 21)


def drawn(topic, n, rng):
    """Triangles that overlap from 1 to 3: topic 1 is alone below, topic 2 above."""
    left, mode, right = ((1, 2.8, 4), (0, 1.2, 3))[topic]
    return rng.triangular(left, mode, right, n)


def mixture(fraction, n, rng):
    return np.where(rng.random(n) < fraction, drawn(1, n, rng), drawn(0, n, rng))


def exact(topic):
    return np.histogram(drawn(topic, 10**6, np.random.default_rng(9)), EDGES)[0] / 10**6


def test_fractions_solve_the_definition_of_the_factors():
    f_a, f_b = 0.7, 0.25
    solved = fractions_from((1 - f_a) / (1 - f_b), f_b / f_a)
    assert solved == pytest.approx((f_a, f_b))


def test_exact_mixtures_give_back_their_parts():
    first, second = exact(1), exact(0)
    p_a, p_b = (f * first + (1 - f) * second for f in (0.7, 0.25))
    kappas = [np.nanmin(r) for r in (p_a[p_b > 0] / p_b[p_b > 0], p_b[p_a > 0] / p_a[p_a > 0])]
    topics = topics_from(p_a, p_b, *kappas)
    assert topics[0] == pytest.approx(first, abs=1e-9)
    assert topics[1] == pytest.approx(second, abs=1e-9)


@pytest.fixture(scope="module")
def toys():
    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        a, b = (mixture(f, 4000, rng) for f in (0.8, 0.3))
        found.append(jet_topics(a, b, EDGES, 60, rng))
    return found


@pytest.mark.parametrize(
    ("name", "truth"),
    [("kappa_ab", 0.2 / 0.7), ("kappa_ba", 0.3 / 0.8), ("fraction_a", 0.8), ("fraction_b", 0.3)],
)
def test_toys_are_unbiased_and_covered(toys, name, truth):
    found = [getattr(toy, name) for toy in toys]
    values = np.array([x.value for x in found])
    error = np.mean([x.error for x in found])
    assert abs(values.mean() - truth) < 0.5 * error, "biased: the minimum of a noisy ratio?"
    assert 0.6 < values.std() / error < 1.3
    # at least 68 %, less three standard deviations of 30 toys
    assert np.mean([x.low <= truth <= x.high for x in found]) > 0.68 - 3 * 0.085


def test_topics_of_toys_are_the_parts(toys):
    for name, topic in ("topic_1", 1), ("topic_2", 0):
        bands = np.array([getattr(toy, name) for toy in toys])  # (toys, 3, H)
        assert bands[:, 0].mean(0) == pytest.approx(exact(topic), abs=0.005)
        assert bands[:, 0].sum(-1) == pytest.approx(1)
        covered = (bands[:, 1] <= exact(topic)) & (exact(topic) <= bands[:, 2])
        assert covered[:, exact(topic) > 0.02].mean() > 0.6


def test_anchors_are_where_each_part_is_alone(toys):
    assert np.median([toy.anchor_1[1] for toy in toys]) <= 1.2
    assert np.median([toy.anchor_2[0] for toy in toys]) >= 2.8


def test_a_pure_sample_leaves_nothing_to_take_out_of_it():
    rng = np.random.default_rng(0)
    a, b = drawn(1, 5000, rng), mixture(0.5, 5000, rng)
    assert reducibility_factor(a, b, EDGES, 60, rng).high < 0.03
    assert reducibility_factor(b, a, EDGES, 60, rng).value == pytest.approx(0.5, abs=0.1)


def test_the_same_seed_gives_the_same_topics():
    rng = np.random.default_rng(0)
    a, b = mixture(0.8, 1000, rng), mixture(0.2, 1000, rng)
    first, again = (jet_topics(a, b, EDGES, 20, rng=1) for _ in range(2))
    assert first.fraction_a == again.fraction_a
    assert np.array_equal(first.topic_1, again.topic_1)


def test_fractions_of_real_jets_are_off_by_as_much_as_the_anchors_are_impure():
    """Quark jets reach all multiplicities of gluon jets: the topics are not quite the classes."""
    f_a, f_b = 0.8, 0.2
    jets = load("quark_gluon", split="train")
    mixed, label = mixtures(jets, (f_a, f_b), rng=0)
    counts = [mixed.n_constituents[label == m] for m in (1, 0)]
    found = jet_topics(*counts, np.arange(0, 121, 4), 60, rng=0)
    assert found.anchor_1[1] < found.anchor_2[0], "few particles are quark-like, many gluon-like"

    def share(name, anchor):
        n = jets.of_class(name).n_constituents
        return np.mean((anchor[0] <= n) & (n < anchor[1]))

    gluon = share("gluon", found.anchor_1) / share("quark", found.anchor_1)
    quark = share("quark", found.anchor_2) / share("gluon", found.anchor_2)
    kappa_ab = (f_a * quark + 1 - f_a) / (f_b * quark + 1 - f_b)
    kappa_ba = (f_b + (1 - f_b) * gluon) / (f_a + (1 - f_a) * gluon)
    expected = fractions_from(kappa_ab, kappa_ba)
    assert quark > 0.05
    assert expected[0] < 0.77
    assert abs(found.fraction_a.value - expected[0]) < 3 * found.fraction_a.error
    assert abs(found.fraction_b.value - expected[1]) < 3 * found.fraction_b.error


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": None}, "the samples are equal"),
        ({"a": np.ones(99)}, "at least 100"),
        ({"a": np.full(200, np.nan)}, "200 of them not finite"),
        ({"edges": [0, 2, 1]}, "rising"),
        ({"n_bootstrap": 1}, "n_bootstrap is 1"),
    ],
)
def test_what_has_no_topics_is_refused(change, message):
    rng = np.random.default_rng(0)
    settings = {"a": mixture(0.8, 3000, rng), "b": mixture(0.2, 3000, rng), "edges": EDGES}
    settings |= {"rng": 0, "n_bootstrap": 40} | change
    if settings["b"] is None:
        settings["b"] = mixture(0.8, 3000, rng)
    with pytest.raises(ValueError, match=message):
        jet_topics(**settings)


def test_shares_of_equal_mixtures_are_refused():
    assert fractions_from(0.5, 0.5) == pytest.approx((2 / 3, 1 / 3))
    for wrong in ((1, 1), (0.2, 1.5), (np.nan, 0.5)):
        with pytest.raises(ValueError, match=r"both lie in \[0, 1\)|kappa_ab are NaN"):
            fractions_from(*wrong)
