"""Checks of the tutorial of anomaly detection: improvement, folds, global p-value, a challenge."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite.anomaly_detection.resonant.injection import injected
from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import as_numbers, compare
from hepml_lite.containers.events import Events

Score = Callable[[np.ndarray], np.ndarray]  # features (N, D) to scores (N,)
Learn = Callable[[np.ndarray, np.ndarray], Score]  # from features (N, D) and labels (N,)


def improvement(label: np.ndarray, score: np.ndarray, threshold: float) -> float:
    """ε_S / √ε_B of the cut score > threshold."""
    passes = score > threshold
    signal_efficiency = passes[label == 1].mean()
    background_efficiency = passes[label == 0].mean()
    return float(signal_efficiency / np.sqrt(background_efficiency))


@exercise("5.1", reference=improvement)
def _(answer, reference, **context):
    label = np.repeat([0, 1], [200, 40])
    score = np.concatenate([np.linspace(-2, 2, 200), np.linspace(-0.5, 3, 40)])
    threshold = 1.0
    passes = score > threshold
    signal = passes[label == 1].mean()
    background = passes[label == 0].mean()
    n_signal = passes[label == 1].sum()
    n_background = passes[label == 0].sum()
    of_all = passes.mean()
    right = reference(label, score, threshold)
    fails = reference(label, -score, -threshold)
    mistakes = (
        (signal / background, "this is ε_S/ε_B, by which S/B grows: a significance is S/√B, so "
         "take the root of the background's efficiency"),
        (n_signal / np.sqrt(n_background), "this is S/√B after the cut, in events. The improvement "
         "is the factor by which the cut changes it: use efficiencies, the shares that pass"),
        (signal, "this is the signal efficiency: divide by the root of the background's"),
        (1 / np.sqrt(background), "the signal efficiency is missing: a cut loses signal, too"),
        (np.sqrt(background) / signal, "this is upside down: it falls when the cut gets better"),
        (background / np.sqrt(signal), "signal and background are swapped: label 1 is signal"),
        (fails, "this keeps the events below the threshold: a high score means signal"),
        (signal / np.sqrt(of_all), "the efficiency under the root is that of background alone, "
         "label 0, not of all events"),
        ((passes & (label == 1)).mean() / np.sqrt((passes & (label == 0)).mean()), "the shares are "
         "of all events: divide by the number of the same class, as in passes[label == 1].mean()"),
        (signal / np.sqrt(signal + background), "S/√(S+B) is for a signal that is there: without "
         "one, the fluctuation is √B"),
        (np.sqrt(signal / background), "the root is of the background's efficiency alone"),
        (np.sqrt(signal) / background, "the root is of the background's efficiency, not of the "
         "signal's"),
        (right**2, "this is the square of it: S²/B grows by this factor, S/√B by its root"),
        (n_signal / (n_signal + n_background), "this is the purity of the selected events: it "
         "depends on how much signal there was"),
        (background, "this is the background efficiency: divide the signal's by its root"),
        (1 / background, "this is the rejection of background: a cut loses signal, too"),
        (signal * np.sqrt(background), "this multiplies by the root of the background efficiency: "
         "the less background is left, the better, so divide by it"),
        (signal - np.sqrt(background), "this is a difference: a factor is a ratio, ε_S / √ε_B"),
        (signal / np.sqrt(1 - background), "the root is of the background that passes, not of the "
         "background that is rejected"),
        (signal / np.sqrt(n_background), "the signal is a share and the background a number of "
         "events: take the share of both, with mean()"),
        (n_signal / np.sqrt(background), "the signal is a number of events and the background a "
         "share: take the share of both, with mean()"),
        (40 / np.sqrt(200), "this is S/√B before the cut: the threshold does not count in it"),
        (n_signal / np.sqrt(n_signal + n_background), "this is S/√(S+B) after the cut, in events. "
         "The improvement is the factor by which the cut changes S/√B"),
        ((signal, background), "these are both efficiencies: return one number, ε_S / √ε_B"),
    )  # fmt: skip
    found = answer(label.copy(), score.copy(), threshold)
    compare(found, right, [(np.array(m), why) for m, why in mistakes], "one number")
    return "a cut that keeps everything has the improvement 1."


def scores_in_folds(
    features: np.ndarray, label: np.ndarray, fold: np.ndarray, learn: Learn
) -> np.ndarray:
    """Scores (N,), each from a model that was trained on the other folds."""
    scores = np.empty(len(features))
    for k in np.unique(fold):
        here = fold == k
        model = learn(features[~here], label[~here])
        scores[here] = model(features[here])
    return scores


@exercise("5.2", reference=scores_in_folds)
def _(answer, reference, **context):
    rng = np.random.default_rng(52)
    features = rng.normal(size=(60, 3))
    label = rng.integers(2, size=60)
    fold = rng.permutation(np.arange(60) % 4)
    right = reference(features, label, fold, traceable)
    everything = traceable(features, label)(features)
    parts = [right[fold == k] for k in range(4)]
    own = np.empty(60)
    other_way = np.zeros(60)
    means = np.zeros(60)
    for k in range(4):
        here = fold == k
        of_one = traceable(features[here], label[here])
        own[here] = of_one(features[here])
        other_way[~here] = of_one(features[~here])
        means += traceable(features[~here], label[~here])(features) / 4
    one_fold_out = traceable(features[fold != 0], label[fold != 0])(features)
    last_fold_out = traceable(features[fold != 3], label[fold != 3])(features)
    mistakes = (
        (everything, "one model was trained on all events and scores all of them: it has seen each "
         "event that it scores"),
        (own, "each model scores the fold that it was trained on: train on the events outside of "
         "the fold, ~here"),
        (other_way, "this trains on one fold and scores the others: train on the others, and "
         "score the one that was left out"),
        (means, "this is a mean over the models of all folds: all but one of them have seen the "
         "event. Take the one that has not"),
        (one_fold_out, "all scores are from the model without fold 0: the events of the other "
         "folds were in its training"),
        (last_fold_out, "all scores are from the last model: it has seen the events of the other "
         "folds. Write scores[here] = … inside of the loop"),
        (np.concatenate(parts), "the scores are right, but in the order of the folds: put each one "
         "in the place of its event, scores[here] = …"),
        (np.trunc(right), "the scores are cut to whole numbers: the array was made like the labels "
         "or the folds, which are whole numbers. Make it with np.empty(len(features))"),
        (-right, "the sign is wrong: a high score means more like the region"),
        (1 / (1 + np.exp(-right)), "leave the score as the model gives it"),
        (4 * means, "this is the sum over the models of all folds: all but one of them have seen "
         "the event. Take the one that has not, scores[here] = …, not +="),
        (right > 0, "these are decisions: return the scores as the model gives them"),
        (right[:, None], "the scores are right, but in a column, (N, 1): give one axis, (N,)"),
        (_by_groups(features, label, fold, lambda k: fold == (k + 1) % 4), "each model was trained "
         "on one other fold: train on all events outside of the fold, ~here"),
        (_by_groups(features, label, fold, lambda k: fold <= k), "this trains on the folds up to "
         "this one, which is among them: train on all others, ~here"),
        (_by_groups(features, label, fold, lambda k: (fold != k) & (label == 1)), "the models were "
         "trained on the region alone: a classifier needs both samples"),
        (_by_groups(features, label, label, lambda k: label != k), "this leaves out a *label*: "
         "visit the folds, np.unique(fold), or a model sees one class only"),
        (_by_groups(features, label, fold % 2, lambda k: fold % 2 != k), "the events are in two "
         "halves here: take all the folds, np.unique(fold)"),
        (_by_groups(features, label, np.arange(60) % 4, lambda k: np.arange(60) % 4 != k), "these "
         "are folds of your own: use those that are given, fold"),
    )  # fmt: skip
    found = answer(features.copy(), label.copy(), fold.copy(), traceable)
    _require_all_folds(found, right, fold, [values for values, _ in mistakes])
    compare(found, right, mistakes, "one score an event, (N,)")
    return "no event is scored by a model that saw it."


def _by_groups(
    features: np.ndarray,
    label: np.ndarray,
    group: np.ndarray,
    trained_on: Callable[[int], np.ndarray],
) -> np.ndarray:
    """Scores (N,) of each group (N,) by a model of the events that `trained_on` chooses for it."""
    scores = np.zeros(len(features))
    for k in np.unique(group):
        chosen = trained_on(k)
        scores[group == k] = traceable(features[chosen], label[chosen])(features[group == k])
    return scores


def traceable(features: np.ndarray, label: np.ndarray) -> Score:
    """A model whose scores tell which events (N, D) with labels (N,) it was trained on."""
    if len(features) != len(label):
        raise Wrong(
            f"learn got {len(features)} rows, {len(label)} labels: choose the same events of both"
        )
    offset = 3 + np.median(features[:, 1]) + 10 * np.median(features[:, 2] * label)

    def score(rows: np.ndarray) -> np.ndarray:
        return offset + 2 * rows[:, 0]

    return score


def _require_all_folds(
    found: object, right: np.ndarray, fold: np.ndarray, mistakes: list[np.ndarray]
) -> None:
    """Refuse scores that are right in some of the folds, and no known mistake in the others."""
    scores = as_numbers(found, "one score an event, (N,)")
    if scores.shape != right.shape or any(np.allclose(scores, known) for known in mistakes):
        return
    done = [bool(np.allclose(scores[fold == k], right[fold == k])) for k in range(4)]
    left = [k for k in range(4) if not done[k]]
    if any(done) and left:
        raise Wrong(f"the events of fold {left[0]} have no score: visit all folds, np.unique(fold)")


def global_p(smallest_p: float, toy_p: np.ndarray) -> float:
    """(1 + number of toys with a p-value as small) / (1 + number of toys)."""
    return float((1 + np.sum(toy_p <= smallest_p)) / (1 + len(toy_p)))


@exercise("5.3", reference=global_p)
def _(answer, reference, **context):
    toy_p = np.array([0.2, 0.01, 0.08, 0.003, 0.4, 0.05, 0.03, 0.6, 0.02, 0.02, 0.15, 0.3])
    for local, which in ((0.02, "as small in four toys"), (0.0004, "smaller than in all toys")):
        right = reference(local, toy_p)
        n = len(toy_p)
        k = int((toy_p <= local).sum())
        mistakes = (
            (k / n, "the data are one more spectrum that might have come without signal: count "
             "them, (k + 1) / (n + 1), or a p-value can be zero"),
            (k, "this counts the toys: a p-value is their share"),
            (k + 1, "this counts the spectra: a p-value is their share"),
            ((k + 1) / n, "count the data below the line, too: (k + 1) / (n + 1)"),
            (k / (n + 1), "count the data above the line, too: (k + 1) / (n + 1)"),
            ((n - k) / n, "this is the share of toys that are less surprising than the data"),
            ((n - k + 1) / (n + 1), "this is the share of toys that are less surprising: a small "
             "p-value is the surprising one, so count toy_p <= smallest_p"),
            (((toy_p < local).sum() + 1) / (n + 1), "a toy that is exactly as surprising counts, "
             "too: <=, not <"),
            (local, "this is the local p-value: how often does *any* window of a toy do as well?"),
            (min(1.0, n * local), "this multiplies by the number of toys. The toys show how often "
             "it happens: count them"),
            (1 - (1 - local) ** n, "the toys are not the windows: count those that are as "
             "surprising as the data"),
            (local / toy_p.min(), "a ratio of p-values is no probability: count toys"),
            (float((toy_p <= local).mean() * local), "the share of toys is the global p-value "
             "itself: the local one does not multiply it"),
            (norm.isf(right), "this is a significance: return the p-value"),
            (-np.log10(right), "this is a logarithm: return the p-value"),
            (1 - right, "this is one minus the p-value: a small one is surprising"),
            (min(1.0, 2 * right), "this counts both sides: only small p-values are surprising, so "
             "nothing is doubled"),
            ((toy_p >= local).mean(), "this is the share of toys that are less surprising: a small "
             "p-value is the surprising one, so count toy_p <= smallest_p"),
            (((toy_p >= local).sum() + 1) / (n + 1), "this is the share of toys that are less "
             "surprising: count toy_p <= smallest_p"),
            ((k + 0.5) / (n + 1), "the data are one whole spectrum: (k + 1) / (n + 1)"),
            (toy_p.mean(), "this is a mean of the toys, without the data: count the toys that are "
             "as surprising"),
            (np.median(toy_p), "this is the median of the toys, without the data: count the toys "
             "that are as surprising"),
            (toy_p.min(), "this is the smallest p-value of the toys: count how many are as "
             "surprising as the data"),
            ((toy_p <= 0.05).mean(), "this compares with 0.05: compare with the data, smallest_p"),
            (toy_p <= local, "this says it toy by toy: count them"),
        )  # fmt: skip
        found = answer(local, toy_p.copy())
        named = [
            (np.asarray(m, dtype=float), f"{why} (here the data are {which})")
            for m, why in mistakes
        ]
        compare(found, np.array(right), named, "one number")
    return "with n toys it cannot be smaller than 1 / (n + 1)."


REGION = (3300.0, 3700.0)  # GeV, of the challenge
BACKGROUND_EFFICIENCY = 0.01
STRENGTH = 3.0  # S/√B in the region
QUANTITIES = ("m1", "m2", "tau21_1", "tau21_2", "delta_r")
BRONZE = 2.0
SILVER = 3.5
GOLD = 4.5
FOLLOWS = 0.12  # rank correlation of the scores of background with its mass
HIGHEST_IN_THE_MIDDLE = 0.03  # with minus the distance from the middle of the region
RARE = 0.5  # with the distance from the mean of the background, in its covariance


class Given(NamedTuple):
    """What an answer gets: no labels."""

    region: np.ndarray
    region_mass: np.ndarray
    sidebands: np.ndarray
    sideband_mass: np.ndarray


@dataclass(frozen=True)
class HiddenSearch:
    """Events around the region, whose labels stay here.

    Attributes:
        given: what the answer gets.
        label: of the events of the region, (N,), 1 for signal.
    """

    given: Given
    label: np.ndarray

    def score(self, answer: Callable) -> np.ndarray:
        """The scores (N,) of an answer, which gets copies."""
        copies = [values.copy() for values in self.given]
        return _one_for_each_event(answer(*copies), self.given)

    def improvement(self, score: np.ndarray) -> float:
        """ε_S / √ε_B of the cut that one percent of the background passes."""
        threshold = np.quantile(score[self.label == 0], 1 - BACKGROUND_EFFICIENCY)
        return improvement(self.label, score, threshold)

    def follows(self, score: np.ndarray) -> tuple[float, float]:
        """Rank correlation of the scores of background with the mass, and with its closeness."""
        is_background = self.label == 0
        mass = self.given.region_mass[is_background]
        ranks = rankdata(score[is_background])
        closeness = -np.abs(mass - np.mean(REGION))
        found = [np.corrcoef(ranks, rankdata(x))[0, 1] for x in (mass, closeness)]
        return float(found[0]), float(found[1])

    def follows_rarity(self, score: np.ndarray) -> float:
        """Rank correlation of the scores with the distance from the mean, in the covariance."""
        features = self.given.region[:, :4]
        centred = features - features.mean(0)
        inverse = np.linalg.inv(np.cov(features.T))
        squared = np.einsum("ni,ij,nj->n", centred, inverse, centred)
        return float(np.corrcoef(rankdata(score), rankdata(squared))[0, 1])


def hidden_searches(events: Events, rng: int = 54) -> list[HiddenSearch]:
    """Two searches in disjoint quarters of the background, with other signal events in each."""
    background = events[events.label == 0].split(0.25, 0.25, rng=rng)
    signal = events[events.label == 1].split(0.5, 0.5, rng=rng)
    width = (REGION[1] - REGION[0]) / 2
    found = []
    for usual, strange in zip(background, signal, strict=True):
        both = injected(usual, strange, REGION, STRENGTH, rng=rng)
        mass = both["mjj"]
        inside = (mass >= REGION[0]) & (mass < REGION[1])
        is_near = (mass >= REGION[0] - width) & (mass < REGION[1] + width)
        features = both.columns(*QUANTITIES).astype(float)
        beside = is_near & ~inside
        given = Given(
            features[inside],
            mass[inside].astype(float),
            features[beside],
            mass[beside].astype(float),
        )
        found.append(HiddenSearch(given, both.label[inside]))
    return found


def detrended_score(
    region: np.ndarray,
    region_mass: np.ndarray,
    sidebands: np.ndarray,
    sideband_mass: np.ndarray,
) -> np.ndarray:
    """CWoLa without the trend of each feature with the mass, and without ΔR_jj: scores (N,)."""
    features = np.concatenate([region, sidebands])[:, :4]
    mass = np.concatenate([region_mass, sideband_mass])
    label = np.repeat([1, 0], [len(region), len(sidebands)])
    for column in features.T:
        column -= np.polyval(np.polyfit(sideband_mass, column[label == 0], 1), mass)
    scores = np.zeros(len(features))
    for seed in range(3):
        fold = np.random.default_rng(seed).integers(4, size=len(features))
        scores += scores_in_folds(features, label, fold, _trees)
    return scores[label == 1]


def _trees(features: np.ndarray, label: np.ndarray) -> Score:
    trees = HistGradientBoostingClassifier(
        max_iter=40,
        min_samples_leaf=100,
        early_stopping=False,
        class_weight="balanced",
        random_state=0,
    )
    return trees.fit(features, label).decision_function


@exercise("5.4", reference=detrended_score)
def _(answer, reference, events, **context):
    searches = hidden_searches(events)
    scores = [search.score(answer) for search in searches]
    numbers = [search.improvement(score) for search, score in zip(searches, scores, strict=True)]
    mean = float(np.mean(numbers))
    if mean < BRONZE:
        raise Wrong(_too_little(searches, scores, mean))
    medal = "gold" if mean > GOLD else "silver" if mean > SILVER else "bronze"
    return (
        f"{medal}: an improvement of {mean:.2f} where one percent of the background passes, the "
        f"mean of two hidden searches. The ladder: bronze from {BRONZE:g}, silver from {SILVER:g}, "
        f"gold from {GOLD:g}; the reference, CWoLa in four features without their trend with the "
        "mass, reaches gold on the bundled events"
    )


def _one_for_each_event(found: object, given: Given) -> np.ndarray:
    """The scores (N,) of the region, or what is wrong with them."""
    n, n_beside = len(given.region), len(given.sidebands)
    scores = as_numbers(found, "one score for each event of the region, (N,)")
    if scores.shape == (n_beside,):
        raise Wrong(
            f"these are {n_beside} scores, those of the sidebands: return the {n} of the region"
        )
    if scores.shape == (n + n_beside,):
        raise Wrong(f"these are the scores of region and sidebands: return the first {n} only")
    if scores.shape == (n, 2):
        raise Wrong(
            "these are the probabilities of both classes: return those of the region, [:, 1]"
        )
    if scores.shape != (n,):
        raise Wrong(
            f"the shape is {scores.shape}: return one score for each event of the region, {(n,)}"
        )
    if not np.isfinite(scores).all():
        raise Wrong("some of the scores are NaN or infinite: clip probabilities before a logarithm")
    if len(np.unique(scores)) < 20:
        raise Wrong(
            f"there are only {len(np.unique(scores))} different scores: return how much an event "
            "looks like signal, not a decision and not rounded, so that a cut can keep one percent"
        )
    return scores


def _too_little(searches: list[HiddenSearch], scores: list[np.ndarray], mean: float) -> str:
    """Why the improvement is too small."""
    told = f"an improvement of {mean:.2f}; bronze needs {BRONZE:g}"
    pairs = list(zip(searches, scores, strict=True))
    opposite = float(np.mean([search.improvement(-score) for search, score in pairs]))
    if opposite > BRONZE:
        return f"{told}. The opposite scores reach {opposite:.2f}: change the sign"
    along, middle = np.mean([search.follows(score) for search, score in pairs], axis=0)
    if abs(along) > max(FOLLOWS, abs(middle)):
        return (
            f"{told}. Your score of background follows the mass itself (rank correlation "
            f"{along:.2f}): the mass is where the region is, and no feature of the signal"
        )
    if abs(middle) > HIGHEST_IN_THE_MIDDLE:
        return (
            f"{told}. Your score of background is highest in the middle of the region (rank "
            f"correlation {middle:.2f}): the classifier has found the mass, through a feature that "
            "moves with it"
        )
    if np.mean([search.follows_rarity(score) for search, score in pairs]) > RARE:
        return (
            f"{told}. Your score is high for rare events: it is one for outliers. The tails of QCD "
            "are rarer than this signal, so compare the region with the sidebands instead"
        )
    if mean < 3 * np.sqrt(BACKGROUND_EFFICIENCY):
        return (
            f"{told}. Guessing has {np.sqrt(BACKGROUND_EFFICIENCY):g} here: signal is hardly "
            "enriched. Are the scores in the order of the events, and high for the region? A "
            "single feature or a linear score does not see a spot in the middle of the features"
        )
    return (
        f"{told}. The signal is enriched a little: a classifier of region against sidebands, in "
        "features that do not move with the mass, does better"
    )
