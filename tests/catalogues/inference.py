"""Typical answers to the exercises of the inference tutorial."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.linear_model import LinearRegression

from data_fetch import load
from hepml_lite.checks.alpha_s_challenge import summaries, through_tracker
from hepml_lite.course.catalogue import Catalogue
from hepml_lite.densities.network_density import TrainingPlan
from hepml_lite.inference import hadronic_z
from hepml_lite.inference.sets.event_features import EventFeatures

paths = Catalogue("6.1")


@paths.right
def with_padding(chance, left):
    stays = np.pad(chance * left, (0, 1))
    moves = np.pad(chance * (1 - left), (1, 0))
    return stays + moves


@paths.right
def box_by_box(chance, left):
    after = np.zeros(len(chance) + 1)
    for k in range(len(chance)):
        after[k] += chance[k] * left[k]
        after[k + 1] += chance[k] * (1 - left[k])
    return after


@paths.wrong("in a list")
def as_a_list(chance, left):
    return list(with_padding(chance, left))


@paths.wrong("left and right are exchanged")
def exchanged(chance, left):
    return np.pad(chance * (1 - left), (0, 1)) + np.pad(chance * left, (1, 0))


@paths.wrong("reverse order")
def reversed_boxes(chance, left):
    return with_padding(chance, left)[::-1]


@paths.wrong("go right are lost")
def only_left(chance, left):
    return np.append(chance * left, 0)


@paths.wrong("go left are lost")
def only_right(chance, left):
    return np.append(0, chance * (1 - left))


@paths.wrong("np.roll")
def rolled(chance, left):
    return chance * left + np.roll(chance * (1 - left), 1)


@paths.wrong("one row of nails adds one box: nothing")
def same_length(chance, left):
    return chance * left + chance * (1 - left)


@paths.wrong("fair coin")
def fair_coin(chance, left):
    return 0.5 * np.append(chance, 0) + 0.5 * np.append(0, chance)


@paths.wrong("without their chances")
def number_of_paths(chance, left):
    return np.append(chance, 0) + np.append(0, chance)


@paths.wrong("in a box at all is forgotten")
def without_the_chance_before(chance, left):
    return np.append(left, 0) + np.append(0, 1 - left)


@paths.wrong("counted twice")
def left_counted_twice(chance, left):
    return np.append(chance * left, 0) + np.append(0, chance)


@paths.wrong("logarithm")
def logarithms(chance, left):
    return np.log(with_padding(chance, left))


@paths.wrong("could not be broadcast")
def no_padding(chance, left):
    after = np.zeros(len(chance) + 1)
    after += chance * left
    return after


@paths.wrong("sums over the boxes")
def running_sums(chance, left):
    return np.cumsum(with_padding(chance, left))


@paths.wrong("arguments are swapped")
def swapped_arguments(chance, left):
    return with_padding(left, chance)


@paths.wrong("do not average")
def one_chance_for_all(chance, left):
    return np.convolve(chance, [left.mean(), 1 - left.mean()])


ratio = Catalogue("6.2")


@ratio.right
def two_sums(probability):
    return np.log(probability).sum() - np.log1p(-probability).sum()


@ratio.right
def log_of_product(probability):
    return np.log(np.prod(probability / (1 - probability)))


@ratio.right
def in_a_loop(probability):
    total = 0.0
    for f in probability:
        total += np.log(f / (1 - f))
    return total


@ratio.wrong("one number for each event")
def each_event(probability):
    return np.log(probability / (1 - probability))


@ratio.wrong("mean over events")
def mean_for_sum(probability):
    return np.mean(np.log(probability / (1 - probability)))


@ratio.wrong("sum of log f")
def sum_of_log_f(probability):
    return np.log(probability).sum()


@ratio.wrong("logarithm of a sum")
def log_of_sum(probability):
    return np.log(np.sum(probability / (1 - probability)))


@ratio.wrong("logarithm of a mean")
def log_of_mean(probability):
    return np.log(np.mean(probability / (1 - probability)))


@ratio.wrong("sum of the ratios")
def sum_of_odds(probability):
    return np.sum(probability / (1 - probability))


@ratio.wrong("not its logarithm")
def product(probability):
    return np.prod(probability / (1 - probability))


@ratio.wrong("inverse")
def upside_down(probability):
    return np.sum(np.log((1 - probability) / probability))


@ratio.wrong("leave out the factor -2")
def minus_two(probability):
    return -2 * np.sum(np.log(probability / (1 - probability)))


@ratio.wrong("factor 2 belongs")
def plus_two(probability):
    return 2 * np.sum(np.log(probability / (1 - probability)))


@ratio.wrong("base 10")
def base_ten(probability):
    return np.sum(np.log10(probability / (1 - probability)))


@ratio.wrong("mean of f is taken")
def mean_first(probability):
    return np.log(probability.mean() / (1 - probability.mean()))


@ratio.wrong("sign is wrong")
def plus(probability):
    return np.sum(np.log(probability / (1 + probability)))


@ratio.wrong("running sum")
def running_sum(probability):
    return np.cumsum(np.log(probability / (1 - probability)))


@ratio.wrong("product of the logarithms")
def product_of_logarithms(probability):
    return np.prod(np.log(probability / (1 - probability)))


@ratio.wrong("speaks against")
def without_signs(probability):
    return np.sum(np.abs(np.log(probability / (1 - probability))))


@ratio.wrong("difference of logarithms")
def ratio_of_logarithms(probability):
    return np.log(probability).sum() / np.log(1 - probability).sum()


@ratio.wrong("weighted with f")
def weighted(probability):
    return np.sum(probability * np.log(probability / (1 - probability)))


share = Catalogue("6.3")


def _ends(draws, level):
    tail = (1 - level) / 2
    return np.quantile(draws, [tail, 1 - tail], axis=0)


@share.right
def by_ranks(draws, truths, level):
    return np.mean(np.abs((draws < truths).mean(axis=0) - 0.5) <= level / 2)


@share.right
def with_percentiles(draws, truths, level):
    low, high = np.percentile(draws, [50 - 50 * level, 50 + 50 * level], axis=0)
    return ((truths > low) & (truths < high)).sum() / len(truths)


@share.wrong("share outside")
def outside(draws, truths, level):
    low, high = _ends(draws, level)
    return np.mean((truths < low) | (truths > high))


@share.wrong("each tail holds 1 - level")
def tails_not_halved(draws, truths, level):
    low, high = np.quantile(draws, [1 - level, level], axis=0)
    return np.mean((low <= truths) & (truths <= high))


@share.wrong("upper limit")
def one_sided(draws, truths, level):
    return np.mean(truths < np.quantile(draws, level, axis=0))


@share.wrong("mean ± standard deviation")
def mean_and_width(draws, truths, level):
    return np.mean(np.abs(truths - draws.mean(axis=0)) < draws.std(axis=0))


@share.wrong("np.percentile.* counts")
def fractions_as_percent(draws, truths, level):
    tail = (1 - level) / 2
    low, high = np.percentile(draws, [tail, 1 - tail], axis=0)
    return np.mean((low <= truths) & (truths <= high))


@share.wrong("wrong axis")
def wrong_axis(draws, truths, level):
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=1)
    return np.mean((low <= truths) & (truths <= high))


@share.wrong("one interval for all")
def pooled(draws, truths, level):
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return np.mean((low <= truths) & (truths <= high))


@share.wrong("share of the draws")
def share_of_draws(draws, truths, level):
    low, high = _ends(draws, level)
    return np.mean((low <= draws) & (draws <= high))


@share.wrong("one answer for each truth")
def each_truth(draws, truths, level):
    low, high = _ends(draws, level)
    return (low <= truths) & (truths <= high)


@share.wrong("number of truths")
def count(draws, truths, level):
    low, high = _ends(draws, level)
    return np.sum((low <= truths) & (truths <= high))


@share.wrong("in percent")
def percent(draws, truths, level):
    low, high = _ends(draws, level)
    return 100 * np.mean((low <= truths) & (truths <= high))


@share.wrong("mean width")
def width(draws, truths, level):
    low, high = _ends(draws, level)
    return np.mean(high - low)


@share.wrong("low and high exchanged")
def swapped_ends(draws, truths, level):
    high, low = _ends(draws, level)
    return np.mean((low <= truths) & (truths <= high))


@share.wrong("needs both")
def either(draws, truths, level):
    low, high = _ends(draws, level)
    return np.mean((low <= truths) | (truths <= high))


@share.wrong("whatever the level")
def always_68(draws, truths, level):
    low, high = np.quantile(draws, [0.16, 0.84], axis=0)
    return np.mean((low <= truths) & (truths <= high))


@share.wrong("of a Gaussian, mean")
def gaussian(draws, truths, level):
    z = norm.ppf((1 + level) / 2)
    return np.mean(np.abs(truths - draws.mean(axis=0)) <= z * draws.std(axis=0))


@share.wrong("whole range")
def whole_range(draws, truths, level):
    return np.mean((draws.min(axis=0) <= truths) & (truths <= draws.max(axis=0)))


@share.wrong("no mean over the truths")
def all_at_once(draws, truths, level):
    low, high = _ends(draws, level)
    return np.all((low <= truths) & (truths <= high))


profile = Catalogue("6.4")


@profile.right
def with_a_loop(values, table):
    best = np.array([row.max() for row in table])
    kept = [value for value, one in zip(values, best, strict=True) if one > best.max() - 0.5]
    return kept[0], kept[-1]


@profile.right
def as_array(values, table):
    curve = 2 * (table.max() - table.max(axis=1))
    return values[np.flatnonzero(curve <= 1)[[0, -1]]]


@profile.right
def interpolated(values, table):
    curve = table.max(axis=1) - table.max() + 0.5
    where = np.flatnonzero(np.diff(np.sign(curve)))
    slope = (curve[where + 1] - curve[where]) / (values[1] - values[0])
    return tuple(values[where] - curve[where] / slope)


def _within(values, curve, drop=0.5):
    inside = values[curve >= curve.max() - drop]
    return inside[0], inside[-1]


@profile.wrong("marginalised")
def marginalised(values, table):
    return _within(values, logsumexp(table, axis=1))


@profile.wrong("fixed at its best")
def conditional(values, table):
    column = np.unravel_index(table.argmax(), table.shape)[1]
    return _within(values, table[:, column])


@profile.wrong("middle of its range")
def nominal(values, table):
    return _within(values, table[:, table.shape[1] // 2])


@profile.wrong("drop is 1:")
def drop_of_one(values, table):
    return _within(values, table.max(axis=1), 1.0)


@profile.wrong("drop is 2")
def drop_of_two(values, table):
    return _within(values, table.max(axis=1), 2.0)


@profile.wrong("falls to one half")
def half_maximum(values, table):
    return _within(values, table.max(axis=1), np.log(2))


@profile.wrong("profile of the nuisance")
def profile_of_nuisance(values, table):
    return _within(values, table.max(axis=0))


@profile.wrong("adds the logarithms")
def summed(values, table):
    return _within(values, table.sum(axis=1))


@profile.wrong("worst nuisance")
def worst(values, table):
    return _within(values, table.min(axis=1))


@profile.wrong("compared with zero")
def not_normalised(values, table):
    inside = values[table.max(axis=1) >= -0.5]
    return inside[0], inside[-1]


@profile.wrong("places in the array")
def places(values, table):
    curve = table.max(axis=1)
    inside = np.flatnonzero(curve >= curve.max() - 0.5)
    return inside[0], inside[-1]


@profile.wrong("exchanged")
def exchanged_ends(values, table):
    return _within(values, table.max(axis=1))[::-1]


@profile.wrong("best value and an error")
def value_and_error(values, table):
    low, high = _within(values, table.max(axis=1))
    return values[table.max(axis=1).argmax()], (high - low) / 2


@profile.wrong("distances to the best")
def distances(values, table):
    low, high = _within(values, table.max(axis=1))
    best = values[table.max(axis=1).argmax()]
    return low - best, high - best


@profile.wrong("half the width")
def symmetric(values, table):
    low, high = _within(values, table.max(axis=1))
    best = values[table.max(axis=1).argmax()]
    return best - (high - low) / 2, best + (high - low) / 2


@profile.wrong("quantiles of the profile")
def quantiles_of_profile(values, table):
    share = np.cumsum(np.exp(table.max(axis=1) - table.max()))
    return np.interp([0.16, 0.84], share / share[-1], values)


@profile.wrong("two parameters together")
def drop_of_two_parameters(values, table):
    return _within(values, table.max(axis=1), 1.15)


_sets = hadronic_z.sets(load("ee_shapes", split="train"))
_seen = hadronic_z.Sets(_sets.theta[:400], _sets.events[:400])
_others = hadronic_z.Sets(_sets.theta[400:], _sets.events[400:])
_practice = through_tracker(_seen, 1)
challenge = Catalogue("6.5", context={"practice": _practice, "hidden": _others})


def _fitted(theta, events, summary, target=0, factor=1.0):
    """A straight line in the summaries, with errors of half of the sets that it did not see."""
    first = slice(0, len(theta) // 2)
    rest = slice(len(theta) // 2, None)
    line = LinearRegression().fit(summary(events[first]), theta[first, target])
    error = factor * np.std(line.predict(summary(events[rest])) - theta[rest, target])
    return line, error


def _means(events):
    return events.mean(axis=1)


def _multiplicity(events):
    return events[..., :1].mean(axis=1)


def _answer(line, error, summary):
    def measure(one):
        centre = line.predict(summary(one[None]))[0]
        return centre - error, centre + error

    return measure


@challenge.right
def straight_line(theta, events):
    return _answer(*_fitted(theta, events, _means), _means)


@challenge.right
def line_of_means_and_widths(theta, events):
    return _answer(*_fitted(theta, events, summaries), summaries)


@challenge.right
def learned_features(theta, events):
    plan = TrainingPlan(epochs=2, batch_size=1000, learning_rate=5e-3, progress=False)
    first = slice(0, len(theta) // 2)  # not the sets that give the error
    features = EventFeatures(plan=plan).fit(theta[first], events[first])

    def summary(sets):
        return features.of(sets).mean(axis=1)

    return _answer(*_fitted(theta, events, summary), summary)


@challenge.wrong("too narrow")
def half_the_error(theta, events):
    return _answer(*_fitted(theta, events, _means, factor=0.5), _means)


@challenge.wrong("too wide")
def two_standard_deviations(theta, events):
    return _answer(*_fitted(theta, events, _means, factor=2.0), _means)


@challenge.wrong("too high|too low")
def without_the_tracker(theta, events):
    whole = _seen.events
    line, error = _fitted(_seen.theta, whole, _multiplicity)
    return _answer(line, error, _multiplicity)


@challenge.wrong("same interval")
def the_prior(theta, events):
    low, high = np.quantile(theta[:, 0], [0.16, 0.84])
    return lambda one: (low, high)


@challenge.wrong("nuisance a")
def wrong_column(theta, events):
    return _answer(*_fitted(theta, events, _means, target=1), _means)


@challenge.wrong("value and its error")
def value_then_error(theta, events):
    line, error = _fitted(theta, events, _means)
    return lambda one: (line.predict(_means(one[None]))[0], error)


@challenge.wrong("ends exchanged")
def swapped(theta, events):
    measure = straight_line(theta, events)
    return lambda one: measure(one)[::-1]


@challenge.wrong("no width")
def points(theta, events):
    line, _ = _fitted(theta, events, _means)
    return lambda one: (line.predict(_means(one[None]))[0],) * 2


@challenge.wrong("two numbers")
def only_the_value(theta, events):
    line, _ = _fitted(theta, events, _means)
    return lambda one: line.predict(_means(one[None]))[0]


@challenge.wrong("return a function")
def trained_line(theta, events):
    return _fitted(theta, events, _means)[0]


@challenge.wrong("around zero")
def only_errors(theta, events):
    _, error = _fitted(theta, events, _means)
    return lambda one: (-error * one[0, 1], error * one[0, 1])


@challenge.wrong("alpha_s is 0.100 to 0.145")
def in_percent(theta, events):
    measure = straight_line(theta, events)
    return lambda one: tuple(100 * end for end in measure(one))


@challenge.wrong("too narrow")
def statistical_error_only(theta, events):
    line, _ = _fitted(theta, events, _means)
    unit = np.abs(line.coef_)

    def measure(one):
        centre = line.predict(_means(one[None]))[0]
        error = np.sqrt(np.sum((unit * one.std(axis=0)) ** 2) / len(one)) / 4
        return centre - error, centre + error

    return measure


@challenge.wrong("NaN")
def division_by_zero(theta, events):
    measure = straight_line(theta, events)
    return lambda one: tuple(np.array(measure(one)) * np.nan)
