"""Checks of the tutorial of anomaly detection: improvement, folds, global p-value."""

from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import as_numbers, compare

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
