"""Typical answers to the exercises of the exploration of tagging."""

import numpy as np

from hepml_lite.course.catalogue import Catalogue
from widgets.tagging.dashboard import stored_sample

jets = stored_sample().jets
odd = np.arange(len(jets)) % 2 == 1
network = jets.trainings("PFN")[0]
learn = {"score": network[odd], "mass": jets.mass[odd], "label": jets.label[odd]}
judge = {"score": network[~odd], "mass": jets.mass[~odd], "label": jets.label[~odd]}
context = judge | {f"learn_{name}": values for name, values in learn.items()}

flat = Catalogue("2.6", context=context)
qcd = learn["label"] == 0


def rank_in_bins(score, mass, n_bins, among):
    """The share of jets of `learn` in the same bin of mass that score lower."""
    edges = np.quantile(learn["mass"][among], np.linspace(0, 1, n_bins + 1)[1:-1])
    place = np.digitize(mass, edges)
    own_place = np.digitize(learn["mass"], edges)
    found = np.empty(len(score))
    for k in range(n_bins):
        like = np.sort(learn["score"][among & (own_place == k)])
        found[place == k] = np.searchsorted(like, score[place == k]) / len(like)
    return found


@flat.right
def forty_bins(score, mass):
    return rank_in_bins(score, mass, 40, qcd)


@flat.right
def among_neighbours(score, mass):
    order = np.argsort(learn["mass"][qcd])
    masses, scores = learn["mass"][qcd][order], learn["score"][qcd][order]
    middle = np.clip(np.searchsorted(masses, mass), 75, len(masses) - 75)
    return np.array(
        [np.mean(scores[m - 75 : m + 75] < s) for m, s in zip(middle, score, strict=True)]
    )


@flat.wrong("order of the old score")
def the_old_score(score, mass):
    return score


@flat.wrong("order of the old score")
def a_rising_function(score, mass):
    return 1 / (1 + np.exp(-score / 10))


@flat.wrong("window on the mass")
def mass_window(score, mass):
    return -np.abs(mass - 172)


@flat.wrong("guessing is flat")
def random_numbers(score, mass):
    return (1000 * np.modf(mass * 12345.678)[0] + np.modf(score * 54321.9)[0]) % 1


@flat.wrong("no tops")
def ranked_among_all(score, mass):
    return rank_in_bins(score, mass, 25, qcd | ~qcd)


@flat.wrong("masses as close to it as possible|mean of your score")
def wide_bins(score, mass):
    return rank_in_bins(score, mass, 3, qcd)


@flat.wrong("wider bins|Make it wider|different numbers")
def fine_bins(score, mass):
    return rank_in_bins(score, mass, 900, qcd)


@flat.wrong("mean of your score")
def mean_removed(score, mass):
    edges = np.quantile(learn["mass"][qcd], np.linspace(0, 1, 26)[1:-1])
    own_place = np.digitize(learn["mass"][qcd], edges)
    means = np.array([learn["score"][qcd][own_place == k].mean() for k in range(26 - 1)])
    return score - means[np.digitize(mass, edges)]


@flat.wrong("change its sign")
def wrong_sign(score, mass):
    return -rank_in_bins(score, mass, 25, qcd)


@flat.wrong("not a decision")
def a_decision(score, mass):
    return (rank_in_bins(score, mass, 25, qcd) > 0.9).astype(float)


@flat.wrong("must not depend on which jets")
def ranked_among_the_judged(score, mass):
    edges = np.quantile(mass, np.linspace(0, 1, 26)[1:-1])
    place = np.digitize(mass, edges)
    found = np.empty(len(score))
    for k in range(26):
        here = place == k
        found[here] = np.argsort(np.argsort(score[here])) / max(here.sum(), 1)
    return found


@flat.wrong("in a list")
def as_a_list(score, mass):
    return rank_in_bins(score, mass, 25, qcd).tolist()


significance = Catalogue("2.7")


@significance.right
def with_hypot(signal, background, error):
    return signal / np.hypot(np.sqrt(background), error * background)


@significance.right
def factored(signal, background, error):
    return signal / np.sqrt(background * (1 + error**2 * background))


@significance.wrong("systematic error is missing")
def no_systematic(signal, background, error):
    return signal / np.sqrt(background)


@significance.wrong("fluctuation √B is missing")
def only_systematic(signal, background, error):
    with np.errstate(divide="ignore"):
        return signal / (error * background)


@significance.wrong("add in quadrature")
def added_linearly(signal, background, error):
    return signal / (np.sqrt(background) + error * background)


@significance.wrong("share of the background")
def absolute_error(signal, background, error):
    return signal / np.sqrt(background + error**2)


@significance.wrong("not to the signal")
def error_of_the_signal(signal, background, error):
    return signal / np.sqrt(background + (error * signal) ** 2)


@significance.wrong("grows only with √B")
def error_of_the_root(signal, background, error):
    return signal / np.sqrt(background + (error * np.sqrt(background)) ** 2)


@significance.wrong("root is missing")
def without_root(signal, background, error):
    return signal / (background + (error * background) ** 2)


@significance.wrong("square is missing")
def without_square(signal, background, error):
    return signal / np.sqrt(background + error * background)


@significance.wrong("fluctuation of the signal")
def with_the_signal(signal, background, error):
    return signal / np.sqrt(signal + background + (error * background) ** 2)


@significance.wrong("is √B, not B")
def background_squared(signal, background, error):
    return signal / np.sqrt(background**2 + (error * background) ** 2)


@significance.wrong("this is S/B")
def signal_over_background(signal, background, error):
    return signal / background
