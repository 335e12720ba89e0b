"""Stored scores of many taggers: what was stored comes back, and counts are those of the jets."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hepml_lite.containers import Jets
from hepml_lite.containers.scored_jets import rounded
from hepml_lite.statistics.metrics import auc, background_rejection, bootstrap
from hepml_lite.statistics.scored_variation import PER_SCORE, ScoredVariation
from hepml_lite.statistics.tagger_rates import GRID, TaggerRates

N, M = 4000, 2500


def two_prongs(mass: np.ndarray, pt: np.ndarray, label: np.ndarray) -> Jets:
    """Jets of two equal particles, apart in pseudorapidity."""
    gap = np.arccosh(1 + 2 * (mass / pt) ** 2)
    prongs = [np.stack([pt / 2, side * gap / 2, np.zeros(N)], -1) for side in (-1, 1)]
    return Jets(np.stack(prongs, axis=1), label=label)


@pytest.fixture(scope="module")
def toy() -> tuple[TaggerRates, dict[str, np.ndarray]]:
    """Two taggers, one shift that moves both, another sample; with the scores behind them."""
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, N)
    jets = two_prongs(rng.uniform(0, 300, N), rng.uniform(550, 650, N), label)
    good, poor = rng.normal(3 * label, 1), rng.normal(label, 1)
    sample = TaggerRates.from_scores(jets, {"good": good, "poor": poor}, {"good": 7}, 20)
    shifted = np.stack([[s[:M] - 0.1, s[:M] - 0.5] for s in sample.scores])  # (T, G, M)
    others = rng.integers(0, 2, N)
    other = rng.normal(3 * others, 1), rng.normal(others, 1)
    before = sample.scores[:, :M]
    variations = {
        "lower": ScoredVariation.counted([1, 5], label[:M], shifted, sample.thresholds, before),
        "other": ScoredVariation.counted([1], others, [[s] for s in other], sample.thresholds),
    }
    made = replace(sample, variations=variations, curves={"x": np.eye(3)})
    return made, {"shifted": shifted, "others": others, "other": np.array(other)}


def test_thresholds_keep_the_signal_they_say(toy):
    sample, _ = toy
    for row, scores in enumerate(sample.scores):
        tops = scores[sample.jets.label == 1]
        kept = (tops >= sample.thresholds[row][:, None]).mean(1)
        assert ((kept >= GRID - 1e-9) & (kept < GRID + 0.02)).all()
        rejection = background_rejection(sample.jets.label, scores, 0.5)
        assert sample.bands[row, 0, 49] == pytest.approx(rejection)
        assert sample.auc[row] == pytest.approx(roc_auc_score(sample.jets.label, scores))


def test_delong_error_is_that_of_the_bootstrap(toy):
    sample, _ = toy
    for row, scores in enumerate(sample.scores):
        spread = bootstrap(auc, sample.jets.label, scores, n_bootstrap=400, rng=1).error
        assert sample.auc_error[row] == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize("tagger", [0, 1])
@pytest.mark.parametrize("label", [0, 1])
def test_shift_is_the_ratio_of_counted_efficiencies(toy, tagger, label):
    sample, made = toy
    cut = sample.thresholds[tagger, 59]
    own = sample.jets.label[:M] == label
    before = (sample.scores[tagger, :M][own] >= cut).mean()
    after = (rounded(made["shifted"], PER_SCORE)[tagger, 1][own] >= cut).mean()
    shift = sample.shift(tagger, "lower", 1, label, cut)
    assert shift.value == pytest.approx(after / before)
    nominal = (sample.scores[tagger][sample.jets.label == label] >= cut).mean()
    other = (rounded(made["other"], PER_SCORE)[tagger][made["others"] == label] >= cut).mean()
    assert sample.shift(tagger, "other", 0, label, cut).value == pytest.approx(other / nominal)


def test_the_same_jets_tell_a_shift_better_than_others():
    """Coverage: 68 % of samples have the true ratio within the error, which is the smaller one."""
    rng, inside, errors = np.random.default_rng(5), 0, []
    for _ in range(200):
        label = np.repeat([0, 1], 1000)
        scores = rng.normal(label, 1)
        moved = scores + 0.1 + rng.normal(0, 0.1, len(label))
        counted = ScoredVariation.counted(
            [1], label, [[moved]], np.array([[1.0]]), nominal=scores[None]
        )
        before = int((rounded(scores, PER_SCORE)[:1000] >= 1).sum())
        ratio = counted.ratio((0, 0, 0, 0), before, 1000)
        truth = 0.1854 / 0.1587  # P(N(0.1, 1.005) > 1) / P(N(0, 1) > 1)
        inside += ratio.low <= truth <= ratio.high
        errors.append(ratio.error)
    assert 0.58 < inside / 200 < 0.8
    assert np.mean(errors) < 0.5 * truth * np.sqrt(2 / 159)


def test_own_tagger_comes_first_and_nothing_else_moves(toy):
    sample, _ = toy
    mine = sample.with_tagger("mine", sample.scores[1], 5)
    assert mine.jets.taggers == ("mine", "good", "poor")
    assert mine.auc.tolist() == [sample.auc[1], *sample.auc]
    assert mine.shift(0, "lower", 0, 0, 0.0) is None
    for name in ("good", "poor"):
        old, new = sample.jets.row(name), mine.jets.row(name)
        assert mine.shift(new, "lower", 1, 0, 1.0) == sample.shift(old, "lower", 1, 0, 1.0)
    again = mine.with_tagger("mine", sample.scores[0])
    assert again.jets.taggers == mine.jets.taggers
    assert again.auc[0] == sample.auc[0]


def test_stored_and_read_again(toy, tmp_path):
    sample, _ = toy
    sample.save(tmp_path / "sample.npz")
    again = TaggerRates.load(tmp_path / "sample.npz")
    assert again.jets.taggers == sample.jets.taggers
    np.testing.assert_array_equal(again.scores, sample.scores)
    np.testing.assert_array_equal(again.jets.label, sample.jets.label)
    np.testing.assert_allclose(again.jets.mass, sample.jets.mass, atol=0.011)
    np.testing.assert_allclose(again.bands, sample.bands, rtol=1e-6)
    np.testing.assert_array_equal(again.curves["x"], np.eye(3))
    for name in sample.variations:
        assert again.shift(0, name, 0, 0, 1.0) == sample.shift(0, name, 0, 0, 1.0)


def test_mistakes_are_explained(toy, tmp_path):
    sample, _ = toy
    with pytest.raises(ValueError, match="whole test sample"):
        sample.with_tagger("mine", sample.scores[0, :10])
    with pytest.raises(ValueError, match="NaN"):
        sample.with_tagger("mine", np.full(N, np.nan))
    with pytest.raises(ValueError, match="there are: good, poor"):
        sample.jets.row("best")
    with pytest.raises(ValueError, match=r"both 0 \(QCD\) and 1 \(top\)"):
        replace(sample, jets=sample.jets[sample.jets.label == 1])
    with pytest.raises(ValueError, match="count of 'passed' reaches 3e"):
        replace(sample.variations["other"], passed=np.full((1, 1), 3e12)).arrays()
    with pytest.raises(FileNotFoundError, match="widgets/tagging/make_stored"):
        TaggerRates.load(tmp_path / "nothing.npz")
