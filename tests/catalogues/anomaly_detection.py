"""Typical answers to the exercises of the tutorial of anomaly detection."""

import numpy as np
from scipy.stats import norm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

import data_fetch
from hepml_lite.course.catalogue import Catalogue

improvement = Catalogue("5.1")


@improvement.right
def in_numbers(label, score, threshold):
    n_signal = np.sum((score > threshold) & (label == 1))
    n_background = np.sum((score > threshold) & (label == 0))
    before = np.sum(label == 1) / np.sqrt(np.sum(label == 0))
    return n_signal / np.sqrt(n_background) / before


@improvement.right
def with_half_open_cut(label, score, threshold):
    background = (score[label == 0] >= threshold).mean()
    return (score[label == 1] >= threshold).mean() * background**-0.5


def _shares(label, score, threshold):
    passes = score > threshold
    return passes[label == 1].mean(), passes[label == 0].mean()


@improvement.wrong("by which S/B grows")
def without_root(label, score, threshold):
    signal, background = _shares(label, score, threshold)
    return signal / background


@improvement.wrong("in events")
def significance_after(label, score, threshold):
    passes = score > threshold
    return passes[label == 1].sum() / np.sqrt(passes[label == 0].sum())


@improvement.wrong("this is the signal efficiency")
def signal_only(label, score, threshold):
    return _shares(label, score, threshold)[0]


@improvement.wrong("signal efficiency is missing")
def background_only(label, score, threshold):
    return 1 / np.sqrt(_shares(label, score, threshold)[1])


@improvement.wrong("upside down")
def inverse(label, score, threshold):
    signal, background = _shares(label, score, threshold)
    return np.sqrt(background) / signal


@improvement.wrong("are swapped")
def swapped(label, score, threshold):
    signal, background = _shares(label, score, threshold)
    return background / np.sqrt(signal)


@improvement.wrong("below the threshold")
def wrong_side(label, score, threshold):
    signal, background = _shares(label, -score, -threshold)
    return signal / np.sqrt(background)


@improvement.wrong("not of all events")
def all_events_under_the_root(label, score, threshold):
    signal, _ = _shares(label, score, threshold)
    return signal / np.sqrt((score > threshold).mean())


@improvement.wrong("shares are of all events")
def shares_of_all(label, score, threshold):
    signal = ((score > threshold) & (label == 1)).mean()
    background = ((score > threshold) & (label == 0)).mean()
    return signal / np.sqrt(background)


@improvement.wrong("for a signal that is there")
def s_plus_b(label, score, threshold):
    signal, background = _shares(label, score, threshold)
    return signal / np.sqrt(signal + background)


@improvement.wrong("square of it")
def squared(label, score, threshold):
    signal, background = _shares(label, score, threshold)
    return signal**2 / background


@improvement.wrong("purity")
def purity(label, score, threshold):
    return label[score > threshold].mean()


@improvement.wrong("background efficiency")
def the_background_that_passes(label, score, threshold):
    return _shares(label, score, threshold)[1]


@improvement.wrong("rejection of background")
def rejection(label, score, threshold):
    return 1 / _shares(label, score, threshold)[1]


@improvement.wrong("so divide by it")
def product(label, score, threshold):
    signal, background = _shares(label, score, threshold)
    return signal * np.sqrt(background)


@improvement.wrong("that is rejected")
def rejected_background(label, score, threshold):
    signal, background = _shares(label, score, threshold)
    return signal / np.sqrt(1 - background)


@improvement.wrong("the share of both")
def share_over_number(label, score, threshold):
    passes = score > threshold
    return passes[label == 1].mean() / np.sqrt(passes[label == 0].sum())


@improvement.wrong("before the cut")
def without_the_cut(label, score, threshold):
    return np.sum(label == 1) / np.sqrt(np.sum(label == 0))


@improvement.wrong("both efficiencies")
def both_shares(label, score, threshold):
    return _shares(label, score, threshold)


folds = Catalogue("5.2")


@folds.right
def with_where(features, label, fold, learn):
    scores = np.zeros(len(label))
    for k in range(fold.max() + 1):
        model = learn(features[fold != k], label[fold != k])
        scores[np.where(fold == k)[0]] = model(features[fold == k])
    return scores


@folds.right
def all_scored_then_chosen(features, label, fold, learn):
    kinds = np.unique(fold)
    table = np.stack([learn(features[fold != k], label[fold != k])(features) for k in kinds])
    return table[np.searchsorted(kinds, fold), np.arange(len(fold))]


@folds.wrong("one model was trained on all events")
def one_model(features, label, fold, learn):
    return learn(features, label)(features)


@folds.wrong("scores the fold that it was trained on")
def own_fold(features, label, fold, learn):
    scores = np.empty(len(label))
    for k in np.unique(fold):
        scores[fold == k] = learn(features[fold == k], label[fold == k])(features[fold == k])
    return scores


@folds.wrong("one model was trained on all events")
def all_in_a_loop(features, label, fold, learn):
    scores = np.empty(len(label))
    for k in np.unique(fold):
        scores[fold == k] = learn(features, label)(features[fold == k])
    return scores


@folds.wrong("trains on one fold and scores the others")
def the_other_way(features, label, fold, learn):
    scores = np.zeros(len(label))
    for k in np.unique(fold):
        scores[fold != k] = learn(features[fold == k], label[fold == k])(features[fold != k])
    return scores


@folds.wrong("mean over the models")
def mean_of_models(features, label, fold, learn):
    kinds = np.unique(fold)
    return np.mean([learn(features[fold != k], label[fold != k])(features) for k in kinds], axis=0)


@folds.wrong("without fold 0")
def first_fold_only(features, label, fold, learn):
    return learn(features[fold != 0], label[fold != 0])(features)


@folds.wrong("from the last model")
def last_model(features, label, fold, learn):
    for k in np.unique(fold):
        scores = learn(features[fold != k], label[fold != k])(features)
    return scores


@folds.wrong("in the order of the folds")
def in_order_of_folds(features, label, fold, learn):
    parts = []
    for k in np.unique(fold):
        parts.append(learn(features[fold != k], label[fold != k])(features[fold == k]))
    return np.concatenate(parts)


@folds.wrong("whole numbers")
def like_the_labels(features, label, fold, learn):
    scores = np.zeros_like(label)
    for k in np.unique(fold):
        scores[fold == k] = learn(features[fold != k], label[fold != k])(features[fold == k])
    return scores


@folds.wrong("have no score")
def two_folds(features, label, fold, learn):
    scores = np.zeros(len(label))
    for k in range(2):
        scores[fold == k] = learn(features[fold != k], label[fold != k])(features[fold == k])
    return scores


@folds.wrong("have no score")
def first_fold_forgotten(features, label, fold, learn):
    scores = np.zeros(len(label))
    for k in range(1, 4):
        scores[fold == k] = learn(features[fold != k], label[fold != k])(features[fold == k])
    return scores


@folds.wrong("same events of both")
def labels_of_the_wrong_fold(features, label, fold, learn):
    scores = np.zeros(len(label))
    for k in np.unique(fold):
        scores[fold == k] = learn(features[fold != k], label[fold == k])(features[fold == k])
    return scores


@folds.wrong("in a list")
def as_a_list(features, label, fold, learn):
    return with_where(features, label, fold, learn).tolist()


@folds.wrong(r"not \+=")
def summed(features, label, fold, learn):
    scores = np.zeros(len(label))
    for k in np.unique(fold):
        scores += learn(features[fold != k], label[fold != k])(features)
    return scores


@folds.wrong("decisions")
def sign_of_the_score(features, label, fold, learn):
    return with_where(features, label, fold, learn) > 0


@folds.wrong("in a column")
def column(features, label, fold, learn):
    return with_where(features, label, fold, learn).reshape(-1, 1)


@folds.wrong("leaves out a .label")
def labels_as_folds(features, label, fold, learn):
    return with_where(features, label, label, learn)


@folds.wrong("folds of your own")
def own_folds(features, label, fold, learn):
    return with_where(features, label, np.arange(len(label)) % 4, learn)


@folds.wrong("up to this one")
def earlier_folds(features, label, fold, learn):
    scores = np.zeros(len(label))
    for k in np.unique(fold):
        scores[fold == k] = learn(features[fold <= k], label[fold <= k])(features[fold == k])
    return scores


@folds.wrong("region alone")
def trained_on_the_region(features, label, fold, learn):
    scores = np.zeros(len(label))
    for k in np.unique(fold):
        used = (fold != k) & (label == 1)
        scores[fold == k] = learn(features[used], label[used])(features[fold == k])
    return scores


global_p = Catalogue("5.3")


@global_p.right
def with_the_data_among_the_toys(smallest_p, toy_p):
    return np.mean(np.append(toy_p, smallest_p) <= smallest_p)


@global_p.right
def by_counting(smallest_p, toy_p):
    as_extreme = 1
    for p in toy_p:
        if p <= smallest_p:
            as_extreme += 1
    return as_extreme / (len(toy_p) + 1)


@global_p.wrong("a p-value can be zero")
def share_of_toys(smallest_p, toy_p):
    return np.mean(toy_p <= smallest_p)


@global_p.wrong("this counts the toys")
def number_of_toys(smallest_p, toy_p):
    return np.sum(toy_p <= smallest_p)


@global_p.wrong("below the line")
def one_more_above(smallest_p, toy_p):
    return (np.sum(toy_p <= smallest_p) + 1) / len(toy_p)


@global_p.wrong("above the line")
def one_more_below(smallest_p, toy_p):
    return np.sum(toy_p <= smallest_p) / (len(toy_p) + 1)


@global_p.wrong("less surprising than the data")
def other_side(smallest_p, toy_p):
    return np.mean(toy_p > smallest_p)


@global_p.wrong("less surprising")
def other_side_with_the_data(smallest_p, toy_p):
    return (np.sum(toy_p > smallest_p) + 1) / (len(toy_p) + 1)


@global_p.wrong("exactly as surprising")
def without_ties(smallest_p, toy_p):
    return (np.sum(toy_p < smallest_p) + 1) / (len(toy_p) + 1)


@global_p.wrong("local p-value")
def the_local_one(smallest_p, toy_p):
    return smallest_p


@global_p.wrong("multiplies by the number of toys")
def times_toys(smallest_p, toy_p):
    return min(1.0, smallest_p * len(toy_p))


@global_p.wrong("toys are not the windows")
def sidak(smallest_p, toy_p):
    return 1 - (1 - smallest_p) ** len(toy_p)


@global_p.wrong("this is a significance")
def in_deviations(smallest_p, toy_p):
    return norm.isf(np.mean(np.append(toy_p, smallest_p) <= smallest_p))


@global_p.wrong("ratio of p-values")
def over_the_smallest_toy(smallest_p, toy_p):
    return smallest_p / toy_p.min()


@global_p.wrong("one minus the p-value")
def complement(smallest_p, toy_p):
    return 1 - by_counting(smallest_p, toy_p)


@global_p.wrong("nothing is doubled")
def two_sided(smallest_p, toy_p):
    return min(1.0, 2 * by_counting(smallest_p, toy_p))


@global_p.wrong("less surprising")
def at_least_as_large(smallest_p, toy_p):
    return np.mean(toy_p >= smallest_p)


@global_p.wrong("compare with the data")
def against_five_percent(smallest_p, toy_p):
    return np.mean(toy_p <= 0.05)


@global_p.wrong("mean of the toys")
def mean_of_the_toys(smallest_p, toy_p):
    return toy_p.mean()


@global_p.wrong("toy by toy")
def which_toys(smallest_p, toy_p):
    return toy_p <= smallest_p


@global_p.wrong("this is a logarithm")
def logarithm(smallest_p, toy_p):
    return -np.log10(by_counting(smallest_p, toy_p))


events = data_fetch.load("dijet_resonance").dequantised(1)
challenge = Catalogue("5.4", context={"events": events})


def _hunt(region, sidebands, seed=0):
    features = np.concatenate([region, sidebands])
    label = np.repeat([1, 0], [len(region), len(sidebands)])
    fold = np.random.default_rng(seed).integers(3, size=len(label))
    scores = np.empty(len(label))
    for k in range(3):
        trees = HistGradientBoostingClassifier(
            max_iter=60, early_stopping=True, class_weight="balanced", random_state=seed
        )
        trees.fit(features[fold != k], label[fold != k])
        scores[fold == k] = trees.decision_function(features[fold == k])
    return scores


@challenge.right
def without_delta_r(region, region_mass, sidebands, sideband_mass):
    return _hunt(region[:, :4], sidebands[:, :4])[: len(region)]


@challenge.wrong("has found the mass")
def all_features(region, region_mass, sidebands, sideband_mass):
    return _hunt(region, sidebands)[: len(region)]


@challenge.wrong("change the sign")
def wrong_sign(region, region_mass, sidebands, sideband_mass):
    return -without_delta_r(region, region_mass, sidebands, sideband_mass)


@challenge.wrong("highest in the middle|has found the mass")
def closeness_to_the_peak(region, region_mass, sidebands, sideband_mass):
    return -np.abs(region_mass - 3500)


@challenge.wrong("follows the mass itself")
def the_mass(region, region_mass, sidebands, sideband_mass):
    return region_mass


@challenge.wrong("follows the mass itself")
def only_delta_r(region, region_mass, sidebands, sideband_mass):
    return region[:, 4]


@challenge.wrong("linear score does not see")
def one_feature(region, region_mass, sidebands, sideband_mass):
    return region[:, 0]


@challenge.wrong("not rounded")
def rounded_scores(region, region_mass, sidebands, sideband_mass):
    return np.round(-np.hypot(region[:, 0] - 100, region[:, 1] - 500) / 50)


@challenge.wrong("not a decision")
def a_decision(region, region_mass, sidebands, sideband_mass):
    return (region[:, 0] > 60) & (region[:, 2] < 0.4)


@challenge.wrong("Guessing has")
def random_numbers(region, region_mass, sidebands, sideband_mass):
    return np.random.default_rng(0).normal(size=len(region))


@challenge.wrong("one for outliers")
def distance_from_the_mean(region, region_mass, sidebands, sideband_mass):
    centred = region[:, :4] - sidebands[:, :4].mean(0)
    inverse = np.linalg.inv(np.cov(sidebands[:, :4].T))
    return np.einsum("ni,ij,nj->n", centred, inverse, centred)


@challenge.wrong("those of the sidebands")
def scores_of_the_sidebands(region, region_mass, sidebands, sideband_mass):
    return sidebands[:, 0] - sidebands[:, 2]


@challenge.wrong("region and sidebands: return the first")
def both_samples(region, region_mass, sidebands, sideband_mass):
    return np.concatenate([region, sidebands])[:, 0]


@challenge.wrong("probabilities of both classes")
def both_probabilities(region, region_mass, sidebands, sideband_mass):
    label = np.repeat([1, 0], [len(region), len(sidebands)])
    features = np.concatenate([region, sidebands])[:, :4] / 100
    return LogisticRegression().fit(features, label).predict_proba(region[:, :4] / 100)


@challenge.wrong("NaN or infinite")
def logarithm_of_zero(region, region_mass, sidebands, sideband_mass):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.sort(region[:, 0]) - region[:, 0].min())


@challenge.wrong("Guessing has|in the order of the events")
def sorted_scores(region, region_mass, sidebands, sideband_mass):
    return np.sort(without_delta_r(region, region_mass, sidebands, sideband_mass))
