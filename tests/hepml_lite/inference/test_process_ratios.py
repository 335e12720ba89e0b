"""Ratios of three processes whose densities are known, and their closure."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hepml_lite.exact import ProcessMixture
from hepml_lite.inference import process_ratios

MIXTURE = ProcessMixture()


@pytest.fixture(scope="module")
def learned():
    samples = {name: MIXTURE.events(name, 6000, seed) for seed, name in enumerate(MIXTURE.expected)}
    return process_ratios.fit(
        samples, MIXTURE.expected, "signal", n_reference=2000, n_ensemble=2, rng=0
    )


def test_the_densities_are_normalised():
    rng = np.random.default_rng(0)
    x = rng.uniform(-6, 8, (200_000, 2))
    density = np.exp(MIXTURE.log_density("second", x, nuisance=1.0))
    assert density.mean() * 14**2 == pytest.approx(1, abs=0.03)


def test_the_nuisance_moves_one_background():
    shifted = MIXTURE.events("second", 20_000, 0, nuisance=1.0).mean(0)
    assert shifted == pytest.approx([1.5, 0.25], abs=0.03)
    assert MIXTURE.events("first", 20_000, 0, nuisance=1.0).mean(0) == pytest.approx(0, abs=0.03)


def test_the_learned_ratio_separates_like_the_exact_one(learned):
    signal = MIXTURE.events("signal", 3000, 10)
    background = np.concatenate(
        [MIXTURE.events("first", 2000, 11), MIXTURE.events("second", 1000, 12)]
    )
    labels = np.repeat([1, 0], 3000)
    areas = {}
    for name, ratio in (
        ("exact", MIXTURE.signal_to_background),
        ("learned", learned.signal_to_background),
    ):
        of_background = ratio(background)
        areas[name] = roc_auc_score(labels, np.concatenate([ratio(signal), of_background]))
        assert of_background.mean() == pytest.approx(1, abs=0.15)
    assert areas["exact"] - 0.02 < areas["learned"] < areas["exact"] + 0.005


def test_closure_finds_a_wrong_process(learned):
    closes = learned.closure("second", MIXTURE.events("second", 4000, 20))
    fails = learned.closure("second", MIXTURE.events("second", 4000, 20, nuisance=0.7))
    assert abs(closes.auc - 0.5) < 3 * closes.auc_error
    assert fails.auc - 0.5 > 3 * fails.auc_error


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"signal": "typo"}, "the same names"),
        ({"n_reference": 6000}, "more than n_reference"),
    ],
)
def test_bad_input_is_refused(wrong, message):
    samples = {name: np.zeros((500, 2)) for name in MIXTURE.expected}
    settings = {"signal": "signal", "n_reference": 200} | wrong
    with pytest.raises(ValueError, match=message):
        process_ratios.fit(samples, MIXTURE.expected, **settings)


def test_a_process_that_is_none():
    with pytest.raises(ValueError, match="give one of signal, first, second"):
        MIXTURE.events("third", 5)
