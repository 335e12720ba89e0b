"""Typical answers to the exercises of the inference exploration."""

import numpy as np
import torch
from scipy.stats import poisson

from hepml_lite.course.catalogue import Catalogue
from hepml_lite.inference import calibration, diagnosis

region = Catalogue("6.6")
fault = Catalogue("6.7")

N = np.arange(100)


def ordered(signal, background, level, best):
    """The counts with the largest P(n | s + b) / P(n | best)."""
    chance = poisson.pmf(N, signal + background)
    ratio = chance / np.maximum(poisson.pmf(N, best), 1e-300)
    order = np.argsort(-ratio, kind="stable")
    n_taken = np.searchsorted(np.cumsum(chance[order]), level) + 1
    return order[:n_taken]


def by_the_paper(signal, background, level):
    return ordered(signal, background, level, np.maximum(N - background, 0) + background)


@region.right
def in_the_order_of_the_ratio(signal, background, level):
    return by_the_paper(signal, background, level)


@region.right
def a_set(signal, background, level):
    return set(by_the_paper(signal, background, level).tolist())


@region.right
def with_a_loop(signal, background, level):
    """Plain Python."""
    rows = []
    for n in range(60):
        chance = poisson.pmf(n, signal + background)
        rows.append((chance / poisson.pmf(n, max(0, n - background) + background), chance, n))
    counts, total = [], 0.0
    for _, chance, n in sorted(rows, reverse=True):
        if total >= level:
            break
        total += chance
        counts.append(n)
    return sorted(counts)


@region.right
def a_tensor(signal, background, level):
    return torch.tensor(np.sort(by_the_paper(signal, background, level)))


@region.wrong("ordered by P")
def most_likely_counts(signal, background, level):
    chance = poisson.pmf(N, signal + background)
    order = np.argsort(-chance, kind="stable")
    return order[: np.searchsorted(np.cumsum(chance[order]), level) + 1]


@region.wrong("central region")
def central(signal, background, level):
    low, high = poisson.interval(level, signal + background)
    return np.arange(low, high + 1)


@region.wrong("from one side")
def upper_limit(signal, background, level):
    return N[poisson.cdf(N, signal + background) > 1 - level][:60]


@region.wrong("at least zero")
def negative_best_signal(signal, background, level):
    return ordered(signal, background, level, N)


@region.wrong("background is missing")
def without_background(signal, background, level):
    return ordered(signal, 0.0, level, np.maximum(N, background))


@region.wrong("just below the level")
def one_too_few(signal, background, level):
    return by_the_paper(signal, background, level)[:-1]


@region.wrong("one minus the level")
def other_tail(signal, background, level):
    return by_the_paper(signal, background, 1 - level)


@region.wrong("two ends")
def ends_only(signal, background, level):
    counts = by_the_paper(signal, background, level)
    return counts.min(), counts.max()


@region.wrong("a mask")
def mask(signal, background, level):
    return np.isin(N, by_the_paper(signal, background, level))


@region.wrong("least likely counts come first")
def rising_order(signal, background, level):
    chance = poisson.pmf(N[:60], signal + background)
    ratio = chance / poisson.pmf(N[:60], np.maximum(N[:60], background))
    order = np.argsort(ratio, kind="stable")
    return order[: np.searchsorted(np.cumsum(chance[order]), level) + 1]


@region.wrong("swapped")
def swapped(signal, background, level):
    return by_the_paper(background, signal, level)


@region.wrong("chances or ratios")
def the_ratios(signal, background, level):
    counts = by_the_paper(signal, background, level)
    return poisson.pmf(counts, signal + background)


@region.wrong("lacks the background")
def best_without_background(signal, background, level):
    return ordered(signal, background, level, np.maximum(N - background, 0))


@region.wrong("n begins at zero")
def from_one(signal, background, level):
    return by_the_paper(signal, background, level) + 1


@region.wrong("interval of the signal")
def an_interval(signal, background, level):
    return signal - 1.3, signal + 1.3


@region.wrong("begins at zero")
def without_the_smallest(signal, background, level):
    return np.sort(by_the_paper(signal, background, level))[1:]


@region.wrong("range end before")
def range_that_ends_too_early(signal, background, level):
    counts = by_the_paper(signal, background, level)
    return np.arange(counts.min(), counts.max())


def by_checks(draws, truths, x):
    """Prior, ranks, balls."""
    if (np.abs(draws) > 1).any(-1).mean() > 0.01:
        return "leakage"
    names = " ".join(one.name for one in diagnosis.diagnose(draws, truths))
    if "low" in names or "high" in names:
        return "biased"
    if "narrow" in names:
        return "too narrow"
    if "wide" in names:
        return "too wide"
    ball = calibration.tarp(draws, truths, x + np.random.default_rng(1).normal(0, 0.3, x.shape))
    return "ignores the data" if ball.p_value < 0.003 else "right"


@region.wrong("ratios are added up")
def sum_of_ratios(signal, background, level):
    n = np.arange(60)
    ratio = poisson.pmf(n, signal + background) / poisson.pmf(n, np.maximum(n, background))
    order = np.argsort(-ratio)
    total = np.cumsum(ratio[order]) / ratio.sum()
    return n[order[: np.searchsorted(total, level) + 1]]


@region.wrong("whatever is asked")
def always_90(signal, background, level):
    n = np.arange(60)
    chance = poisson.pmf(n, signal + background)
    order = np.argsort(-chance / poisson.pmf(n, np.maximum(n, background)))
    return n[order[: np.searchsorted(np.cumsum(chance[order]), 0.9) + 1]]


@fault.right
def three_checks(draws, truths, x):
    return by_checks(draws, truths, x)


@fault.right
def by_hand(draws, truths, x):
    """Without TARP: the correlation of draws and data."""
    if (np.abs(draws) > 1).mean() > 0.01:
        return "leakage"
    share = (draws < truths).mean(0)  # uniform if all is well
    n = len(truths)
    if np.abs(share.mean(0) - 0.5).max() > 3 * (1 / 12 / n) ** 0.5:
        return "biased"
    correlation = [np.corrcoef(draws.mean(0)[:, k], x[:, k])[0, 1] for k in range(2)]
    if min(correlation) < 0.5:
        return "ignores the data"
    spread = share.var(0).mean() * 12
    if abs(spread - 1) < 0.13:
        return "right"
    return "too narrow" if spread > 1 else "too wide"


@fault.right
def string_of_numpy(draws, truths, x):
    return np.array(by_checks(draws, truths, x))


@fault.wrong("does not depend on the draws")
def always_right(draws, truths, x):
    return "right"


@fault.wrong("swapped")
def narrow_for_wide(draws, truths, x):
    name = by_checks(draws, truths, x)
    swap = {"too narrow": "too wide", "too wide": "too narrow", "biased": "right"}
    return swap.get(name, name)


@fault.wrong("compare with its error")
def without_errors(draws, truths, x):
    share = (draws < truths).mean(0)
    if share.var() * 12 > 1:
        return "too narrow"
    return "too wide"


@fault.wrong("is a number")
def a_p_value(draws, truths, x):
    return float(calibration.tarp(draws, truths).p_value)


@fault.wrong("one name for the whole case")
def one_for_each_parameter(draws, truths, x):
    return [one.name for one in diagnosis.diagnose(draws, truths)]


@fault.wrong("no fault of this list")
def words_of_the_library(draws, truths, x):
    return diagnosis.diagnose(draws, truths)[0].name


@fault.wrong("yes or no")
def is_calibrated(draws, truths, x):
    return bool(calibration.tarp(draws, truths).p_value > 0.01)


@fault.wrong("returned None")
def forgets_the_good_ones(draws, truths, x):
    name = by_checks(draws, truths, x)
    if name != "right":
        return name


@fault.wrong("Nothing is found for: too narrow")
def random_balls_only(draws, truths, x):
    ball = calibration.tarp(draws, truths, rng=0)
    if ball.p_value > 0.003:
        return "right"
    return "too narrow" if ball.coverage[25] < 0.5 else "too wide"


@fault.wrong("Nothing is found for: biased, leakage, ignores")
def ranks_only(draws, truths, x):
    share = (draws < truths).mean(0)
    spread = share.var(0).mean() * 12
    if abs(spread - 1) < 0.13:
        return "right"
    return "too narrow" if spread > 1 else "too wide"


@fault.wrong("Nothing is found for: too narrow, too wide")
def mean_only(draws, truths, x):
    pull = (draws.mean(0) - truths).mean(0)
    if (np.abs(draws) > 1).mean() > 0.01:
        return "leakage"
    return "biased" if np.abs(pull).max() > 0.06 else "right"


@fault.wrong("one of the names")
def place_in_the_list(draws, truths, x):
    names = ("right", "too narrow", "too wide", "biased", "leakage", "ignores the data")
    return names.index(by_checks(draws, truths, x))


@fault.wrong("does not depend on the draws")
def truths_against_truths(draws, truths, x):
    return by_checks(np.tile(truths, (100, 1, 1)), truths, x)
