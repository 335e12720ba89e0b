import numpy as np
import pytest
import torch

from data_fetch import load
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.statistics import metrics
from hepml_lite.tagging.network_tagger import NetworkTagger, TrainingRecipe
from hepml_lite.tagging.training_recipes import TAGGERS, TRAINING_RECIPES, upright_inputs

SMALL = TrainingRecipe(
    lambda: ParticleFlowNetwork(3, (16, 16), (16,)), lambda: ParticleFlowNetwork(3), epochs=10
)


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", "smoke", "train")


def test_it_learns_and_the_same_seed_learns_the_same(jets):
    learn, judge = jets[:2000], jets[2000:]
    scores = [NetworkTagger(SMALL).fit(learn, seed=3).score(judge) for _ in range(2)]
    assert metrics.auc(judge.label, scores[0]) > 0.8
    np.testing.assert_array_equal(*scores)
    assert (NetworkTagger(SMALL, epochs=1).fit(learn, seed=3).score(judge) != scores[0]).any()


def test_scores_are_log_odds(jets):
    tagger = NetworkTagger(SMALL).fit(jets[:500])
    p = torch.from_numpy(tagger.logits(jets[:50])).softmax(1).numpy()
    np.testing.assert_allclose(tagger.score(jets[:50]), np.log(p[:, 1] / p[:, 0]), rtol=1e-3)


def test_making_a_network_leaves_the_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    NetworkTagger(SMALL).make(seed=1)
    torch.testing.assert_close(torch.rand(3), expected)


def test_paper_and_lesson_are_different_sizes():
    assert NetworkTagger(SMALL).n_parameters < NetworkTagger(SMALL, "paper").n_parameters == 82_458
    assert NetworkTagger(SMALL, "smoke").n_parameters == NetworkTagger(SMALL).n_parameters


def test_wrong_use_is_told(jets):
    with pytest.raises(ValueError, match="not trained"):
        NetworkTagger(SMALL).score(jets)
    with pytest.raises(ValueError, match="unknown profile 'tiny'"):
        NetworkTagger(SMALL, "tiny")


@pytest.mark.parametrize("name", TRAINING_RECIPES)
def test_every_network_reads_the_bundled_jets(name, jets):
    tagger = TAGGERS[name](epochs=1).fit(jets[:160])
    scores = tagger.score(jets[160:200])
    assert scores.shape == (40,)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", TAGGERS)
def test_every_tagger_knows_the_three_profiles(name):
    for profile in ("smoke", "lesson", "paper"):
        assert callable(TAGGERS[name](profile).score)


def test_upright_inputs_do_not_see_a_rotation(jets):
    from hepml_lite.jet_physics.variations.transformations import rotated

    some = jets[:50]
    before, after = (upright_inputs(part)[0] for part in (some, rotated(some, 1.0)))
    same = np.isclose(before, after, atol=5e-3).all(axis=(1, 2))
    assert same.mean() > 0.9  # but for jets whose axis or upper half is undecided
