"""Probes find what is there, and nothing where nothing is."""

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.tagging.hidden_layer import explained, hidden_features, read_off
from hepml_lite.tagging.network_tagger import NetworkTagger
from hepml_lite.tagging.trained import trained_tagger
from hepml_lite.tagging.training_recipes import TRAINING_RECIPES


@pytest.fixture
def numbers():
    rng = np.random.default_rng(0)
    return rng.normal(size=(4000, 5)), rng.normal(size=4000)


def test_the_share_of_the_variance_is_the_one_put_in(numbers):
    x, noise = numbers
    y = x @ [1.0, -2.0, 0, 0, 2.0] + 3 * noise  # variances 9 and 9
    found = explained(x[:2000], x[2000:], y[:2000], y[2000:])
    assert found.value == pytest.approx(0.5, abs=0.04)
    assert found.low < found.value < found.high


def test_numbers_without_meaning_explain_nothing(numbers):
    x, noise = numbers
    assert abs(explained(x[:2000], x[2000:], noise[:2000], noise[2000:]).value) < 0.01


def test_a_straight_line_finds_no_product(numbers):
    x, _ = numbers
    y = x[:, 0] * x[:, 1]
    assert explained(x[:2000], x[2000:], y[:2000], y[2000:]).value < 0.02


def test_one_row_far_outside_does_not_decide(numbers):
    x, noise = numbers
    y = x @ [1.0, -2.0, 0, 0, 2.0] + noise
    judged = x[2000:].copy()
    usual = explained(x[:2000], judged, y[:2000], y[2000:]).value
    judged[0] = 1e4
    far = explained(x[:2000], judged, y[:2000], y[2000:]).value
    assert far == pytest.approx(usual, abs=0.02)


def test_training_makes_the_mass_easier_to_read():
    jets = load("top_tagging", "lesson", "test")[:1200]
    learn, judge = jets[:800], jets[800:]
    tagger = trained_tagger("PFN")
    assert len(hidden_features(tagger, judge)) == 400
    read = read_off(tagger, learn, judge, (learn.mass, judge.mass))
    assert read.trained.value > 0.7
    assert read.trained.value > read.untrained.value - 0.1


def test_features_do_not_depend_on_how_a_batch_rounds():
    jets = load("top_tagging", "lesson", "test")[4000:5000:2]
    assert hidden_features(trained_tagger("ParticleNet"), jets).shape == (500, 128)


def test_wrong_arguments_are_refused(numbers):
    x, noise = numbers
    with pytest.raises(ValueError, match="one row of features"):
        explained(x, x, noise[:5], noise)
    with pytest.raises(ValueError, match="nothing to read off"):
        explained(x, x, noise, np.ones(4000))
    with pytest.raises(ValueError, match="no network yet"):
        hidden_features(NetworkTagger(TRAINING_RECIPES["PFN"]), None)
