import numpy as np
import pytest
import torch
from scipy.stats import norm

from hepml_lite.containers.jets import Jets
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.metrics import auc, roc_curve
from hepml_lite.tagging.weak_supervision import (
    mixed_likelihood_ratio,
    mixtures,
    pure_likelihood_ratio,
)
from hepml_lite.training import cross_entropy, fit, predict

torch.set_num_threads(1)
FRACTIONS = [(0.8, 0.2), (0.55, 0.45), (1.0, 0.3), (0.7, 0.0), (1.0, 0.0)]


def jets(n_background=60, n_signal=40):
    """Jets of one particle, whose pT tells them apart."""
    n = n_background + n_signal
    constituents = np.zeros((n, 2, 3))
    constituents[:, 0] = np.stack([1.0 + np.arange(n), np.zeros(n), np.zeros(n)], -1)
    return Jets(constituents, label=np.arange(n) >= n_background)


@pytest.mark.parametrize("fractions", FRACTIONS)
def test_mixtures_hold_the_fractions_and_no_jet_twice(fractions):
    mixed, mixture = mixtures(jets(), fractions, rng=0)
    size = (mixture == 1).sum()
    assert len(mixed) == 2 * size
    for m, f in zip((1, 0), fractions, strict=True):
        assert mixed.label[mixture == m].sum() == round(f * size)
    assert len(np.unique(mixed.pt)) == len(mixed)
    assert np.array_equal(mixed.label, mixed.pt > 60.5), "the truth got lost"
    with pytest.raises(ValueError, match=f"1 to {size}"):
        mixtures(jets(), fractions, rng=0, size=size + 1)


def test_all_jets_are_used_where_the_fractions_allow_it():
    assert len(mixtures(jets(50, 50), (0.8, 0.2), rng=0)[0]) == 100


def test_a_seed_gives_the_same_mixtures():
    first, again, other = (mixtures(jets(), (0.8, 0.2), rng=s, size=20) for s in (1, 1, 2))
    assert np.array_equal(first[0].pt, again[0].pt)
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0].pt, other[0].pt)


@pytest.mark.parametrize("fractions", FRACTIONS)
def test_the_mixed_ratio_rises_within_its_range_and_can_be_inverted(fractions):
    f1, f2 = fractions
    ratio = np.append(np.logspace(-4, 4, 50), [0.0, np.inf])
    ratio.sort()
    mixed = mixed_likelihood_ratio(ratio, fractions)
    assert (np.diff(mixed[:-1]) > 0).all()
    assert mixed[0] == pytest.approx((1 - f1) / (1 - f2))
    assert mixed[-1] == pytest.approx(f1 / f2 if f2 else np.inf)
    assert pure_likelihood_ratio(mixed, fractions)[:-1] == pytest.approx(ratio[:-1], rel=1e-6)


def test_an_impossible_mixed_ratio_is_the_end_of_the_range():
    assert pure_likelihood_ratio([0.1, 5.0], (0.8, 0.2)).tolist() == [0.0, np.inf]


def gaussians(n, fractions=None, distance=1.5, seed=0):
    """x ~ N(±distance/2, 1), the truth, and the mixture that each is from."""
    rng = np.random.default_rng(seed)
    mixture = np.arange(n) % 2
    share = np.where(mixture, *fractions) if fractions else mixture
    truth = (rng.random(n) < share).astype(int)
    return rng.normal(distance * (truth - 0.5)), truth, mixture


@pytest.mark.parametrize("fractions", FRACTIONS)
def test_exact_likelihoods_of_mixtures_have_the_roc_curve_of_the_pure_ones(fractions):
    x, truth, _ = gaussians(2000)
    f1, f2 = fractions
    signal, background = norm.pdf(x, 0.75), norm.pdf(x, -0.75)
    mixed = (f1 * signal + (1 - f1) * background) / (f2 * signal + (1 - f2) * background)
    assert mixed == pytest.approx(mixed_likelihood_ratio(signal / background, fractions))
    for ours, expected in zip(
        roc_curve(truth, mixed)[:2], roc_curve(truth, signal / background)[:2], strict=True
    ):
        assert ours == pytest.approx(expected)


def test_a_network_trained_on_mixtures_approaches_the_optimum():
    x, _, mixture = gaussians(8000, (0.8, 0.2), seed=1)
    torch.manual_seed(0)
    model = MLP((1, 16, 2))
    data = x[:, None].astype(np.float32), mixture
    fit(model, data, cross_entropy, epochs=5, learning_rate=1e-2, seed=0, progress=False)
    x, truth, _ = gaussians(8000, seed=2)
    optimum = auc(truth, x)  # the likelihood ratio rises with x
    ours = auc(truth, np.diff(predict(model, (x[:, None].astype(np.float32),)))[:, 0])
    assert optimum == pytest.approx(norm.cdf(1.5 / np.sqrt(2)), abs=0.01)
    assert ours == pytest.approx(optimum, abs=0.003)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mixtures(jets(), (0.5, 0.5), rng=0), "nothing can be learned"),
        (lambda: mixed_likelihood_ratio(1.0, (0.3, 0.3)), "nothing can be learned"),
        (lambda: mixtures(jets(), (0.2, 0.8), rng=0), "more signal first"),
        (lambda: mixtures(jets(), (1.2, 0.8), rng=0), "1 >= f1"),
        (lambda: mixtures(jets(0, 40), (0.8, 0.2), rng=0), "0 background"),
        (lambda: mixed_likelihood_ratio([-1.0], (0.8, 0.2)), "give numbers >= 0"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
