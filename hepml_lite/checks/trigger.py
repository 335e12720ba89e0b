"""Checks of the trigger tutorial: rates, thresholds, divergence, fixed point, overflow."""

import numpy as np

from hepml_lite.checks import exercise
from hepml_lite.checks.comparison import compare


def rate(weight: np.ndarray, passed: np.ndarray) -> float:
    """Hz: the mean over all events of weight times passed; weight (N,) Hz, passed (N,) bool."""
    return float(np.mean(weight * passed))


@exercise("7.1", reference=rate)
def _(answer, reference, **context):
    weight = np.array([5e8, 1.4e7, 1.4e7, 5e5, 5e5, 2e4, 140.0, 40.0])
    passed = np.array([False, True, False, True, False, True, True, True])
    right = reference(weight, passed)
    kept = weight[passed]
    n = len(weight)
    mistakes = (
        (kept.sum(), "this is a sum: each weight already stands for the whole rate of its process, "
         "so take the mean over all events"),
        (kept.mean(), "this is the mean over the events that passed: divide by the number of all "
         "events, those that failed included"),
        (passed.mean(), "this is the share of the events: the processes are in the sample in "
         "arbitrary shares, only the weights know how often they happen"),
        (kept.sum() / weight.sum(), "this is the share of all crossings, without a unit: leave out "
         "the division by the sum of the weights"),
        (passed.mean() * weight.mean(), "this counts all events alike: multiply each event's own "
         "weight with its decision before the mean"),
        (passed.mean() * weight.sum(), "this counts all events alike: multiply each event's own "
         "weight with its decision, then take the mean"),
        (weight.mean(), "this is the rate of all crossings: the decision is missing"),
        (np.mean(weight * ~passed), "this is the rate of what is thrown away: the mask is "
         "inverted"),
        (right / 1000, "this is in kHz: give Hz"),
        (1000 * right, "this is too large by 1000: the weights are in Hz already"),
        (np.sqrt((kept**2).sum()) / n, "this is the statistical error of the rate"),
        (passed.sum(), "this is a number of events, not a rate"),
        (np.mean(weight**2 * passed), "the weights are squared: that belongs to the error"),
        (np.array([right]), "this is a list of one number: give the number itself"),
        (np.median(weight * passed), "this is a median: rates add up, medians do not"),
    )  # fmt: skip
    found = answer(weight.copy(), passed.copy())
    compare(found, np.array(right), [(np.array(m), why) for m, why in mistakes], "one number")
    return "with this mean, the rates of all processes together give the rate of all crossings."


def threshold(values: np.ndarray, weight: np.ndarray, budget: float) -> float:
    """The lowest of the values (N,) at which "value >= threshold" stays within a budget [Hz]."""
    falling = np.argsort(-values)
    grown = np.cumsum(weight[falling]) / len(values)
    return float(values[falling][grown <= budget][-1])


@exercise("7.2", reference=threshold)
def _(answer, reference, **context):
    values = np.array([12.0, 95.0, 33.0, 48.0, 61.0, 27.0, 70.0, 55.0, 20.0, 41.0])
    weight = np.array([4e6, 3.0, 2e3, 6e2, 90.0, 2e3, 40.0, 1e2, 2e5, 2e3])
    budget = 100.0
    right = reference(values, weight, budget)
    n = len(values)
    falling = np.argsort(-values)
    grown = np.cumsum(weight[falling])
    by_weight = np.argsort(-weight)
    place = int((grown / n <= budget).sum()) - 1
    rising = np.argsort(values)
    mistakes = (
        (values[falling][place + 1], "with this threshold the rate exceeds the budget: take the "
         "last value with which it stays within"),
        (values[falling][grown <= budget][-1], "the sum of the weights is not a rate: divide it by "
         "the number of all events"),
        (values[rising][np.cumsum(weight[rising]) / n <= budget][-1:].sum(), "the sum runs from "
         "the lowest value up: the trigger keeps the highest ones, so begin there"),
        (np.quantile(values, 1 - budget / weight.mean()), "a quantile counts all events alike: add "
         "up their weights"),
        (np.sort(values)[::-1][1], "this counts events: add up their weights, not their number"),
        (values.max(), "only the highest value passes: lower the threshold until the budget is "
         "used"),
        (values.min(), "every event passes: this is far above the budget"),
        (grown[place] / n, "this is the rate at the threshold: give the threshold itself"),
        (float(place), "this is a position in the sorted list: give the value that stands there"),
        (place + 1.0, "this is a number of events: give the value of the last of them"),
        (values[place], "this is the right position in the list that is not sorted: sort the "
         "values in the same order as their weights"),
        (values[falling][np.cumsum(weight) / n <= budget][-1:].sum(), "the weights are not sorted "
         "with the values: use one order for both"),
        (values[by_weight][np.cumsum(weight[by_weight]) / n <= budget][-1:].sum(), "the events are "
         "sorted by weight: sort by the value that the trigger cuts on"),
        (-right, "the sign of the sorting key is left in the answer"),
        (budget * right, "this multiplies by the budget: it only says where to stop"),
    )  # fmt: skip
    found = answer(values.copy(), weight.copy(), budget)
    compare(found, np.array(right), [(np.array(m), why) for m, why in mistakes], "one number")
    return "the rate is within the budget, and one event more would exceed it."


def divergence(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """KL of N(mean, sigma^2) from N(0, 1) in nats, (N,), of mean and ln sigma^2 (N, 8)."""
    return 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1)


@exercise("7.3", reference=divergence)
def _(answer, reference, **context):
    rng = np.random.default_rng(73)
    mean = rng.normal(0, 1.5, (6, 3))
    log_variance = rng.normal(-1, 0.8, (6, 3))
    right = reference(mean, log_variance)
    square, variance = mean**2, np.exp(log_variance)
    whole = square + variance - 1 - log_variance
    wrong_axis = 0.5 * whole.sum(axis=0)
    mistakes = (
        (2 * right, "the factor ½ is missing"),
        (right / 2, "the factor ½ is there twice"),
        (-right, "the sign is wrong: a divergence is not negative"),
        (0.5 * whole.mean(axis=1), "this is a mean over the latent variables: independent "
         "variables add their divergences"),
        (wrong_axis, "this adds up the events: add up the latent variables, axis=1"),
        (0.5 * whole, "one number a latent variable is left: add them up for each event"),
        (np.array(0.5 * whole.sum()), "this adds up everything: keep one number an event"),
        (0.5 * (square + variance - 1 + log_variance).sum(axis=1), "the logarithm has the wrong "
         "sign: a narrow posterior must cost"),
        (0.5 * (square + variance - log_variance).sum(axis=1), "the -1 is missing: for mean 0 and "
         "variance 1 the divergence is 0"),
        (0.5 * (square + variance + 1 - log_variance).sum(axis=1), "the 1 has the wrong sign: for "
         "mean 0 and variance 1 the divergence is 0"),
        (0.5 * (square + np.sqrt(variance) - 1 - log_variance).sum(axis=1), "this has sigma where "
         "sigma² belongs: exp(log_variance) is the variance already"),
        (0.5 * (square + variance**2 - 1 - log_variance).sum(axis=1), "the variance is squared: "
         "exp(log_variance) is sigma² already"),
        (0.5 * (square + variance - 1 - variance).sum(axis=1), "the logarithm is missing: subtract "
         "log_variance"),
        (0.5 * (square + log_variance - 1 - np.log(np.abs(log_variance))).sum(axis=1), "the second "
         "argument is the logarithm of the variance: take its exponential"),
        (0.5 * (np.abs(mean) + variance - 1 - log_variance).sum(axis=1), "the mean must be "
         "squared"),
        (0.5 * (mean + variance - 1 - log_variance).sum(axis=1), "the mean must be squared"),
        (square.sum(axis=1), "this is the score of the chip, the sum of the squared means"),
        ((square / variance).sum(axis=1), "this is R_z, the squared means over the variances"),
        (0.5 * (log_variance**2 + np.exp(mean) - 1 - mean).sum(axis=1), "the arguments are "
         "exchanged"),
        (right / np.log(2), "this is in bits: give nats"),
        (0.5 * (square + variance**2 - 1 - 2 * log_variance).sum(axis=1), "log_variance is ln "
         "sigma², not ln sigma: do not double it"),
        (0.5 * ((square + variance - log_variance).sum(axis=1) - 1), "the -1 stands inside the "
         "sum: once for each latent variable"),
        (np.sqrt(right), "no root is taken: a divergence is not a distance"),
        (0.5 * ((square + 1) / variance - 1 + log_variance).sum(axis=1), "this is the divergence "
         "of N(0, 1) from the posterior: exchange the two"),
    )  # fmt: skip
    compare(answer(mean.copy(), log_variance.copy()), right, mistakes, "one number an event, (N,)")
    return "it is zero for mean 0 and variance 1, and grows with every difference."


def as_fixed(x: np.ndarray, width: int, integer: int) -> np.ndarray:
    """Numbers x (N,) in ap_fixed<width, integer>: cut downwards, and wrapped."""
    step = 2.0 ** (integer - width)
    code = np.floor(x / step)
    half = 2.0 ** (width - 1)
    return ((code + half) % 2**width - half) * step


@exercise("7.4", reference=as_fixed)
def _(answer, reference, **context):
    x = np.array([8.99, 0.3, -0.3, 7.99, -8.01, 3.1416, -20.2, 17.0])
    width, integer = 10, 4
    right = reference(x, width, integer)
    step = 2.0 ** (integer - width)
    low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    code = np.floor(x / step)

    def wrapped(codes, bits=width):
        return (codes + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)

    mistakes = (
        (np.clip(code, low, high) * step, "this saturates: the default of ap_fixed is to wrap, the "
         "bits that do not fit are dropped"),
        (wrapped(np.rint(x / step)) * step, "this rounds to the nearest: the default of ap_fixed "
         "cuts the bits off"),
        (np.clip(np.rint(x / step), low, high) * step, "this rounds to the nearest and saturates: "
         "the default cuts and wraps"),
        (wrapped(np.trunc(x / step)) * step, "this cuts towards zero: in two's complement, dropped "
         "bits make a negative number smaller, so cut downwards"),
        (wrapped(np.ceil(x / step)) * step, "this rounds up: dropped bits round down"),
        (code * step, "nothing wraps here: a chip has no bits for 8.99 in this type"),
        (wrapped(code), "these are codes, whole numbers of steps: multiply them by the step"),
        ((code % 2**width) * step, "there are no negative numbers here: the first bit is the "
         "sign, so codes run from -2^(width-1) to 2^(width-1) - 1"),
        (wrapped(np.floor(x * 2.0**width), 2 * width) * 2.0**-width, "these are `width` bits after "
         "the point: of the `width` bits, `integer` stand before it"),
        (wrapped(np.floor(x * 2.0**integer)) * 2.0**-integer, "the step is wrong: `integer` bits "
         "stand before the point, width - integer after it"),
        (wrapped(np.floor(x / step), width + 1) * step, "the range is twice too large: `integer` "
         "counts the sign"),
        (wrapped(np.floor(2 * x / step), width + 1) * step / 2, "the step is twice too small: the "
         "sign bit counts as one of the bits before the point"),
        (wrapped(np.floor(x / step), width - 1) * step, "the range is half of the right one: the "
         "width counts all bits, the sign too"),
        ((wrapped(code) + 0.5) * step, "this is the middle between two steps: a chip has only the "
         "steps themselves"),
        (-right, "the sign is wrong"),
        ((np.fmod(code - low, 2**width) + low) * step, "fmod keeps the sign of what is far below "
         "the range: use %, which is never negative here"),
        (((code - low) % (2**width - 1) + low) * step, "one code is lost: there are 2^width codes, "
         "zero included"),
        (np.where((code < low) | (code > high), 0, code) * step, "this makes zero of what does not "
         "fit, as SAT_ZERO does: the default is to wrap"),
    )  # fmt: skip
    compare(answer(x.copy(), width, integer), right, mistakes, "one number each, (N,)")
    return f"8.99 becomes {right[0]:g}."


def overflow_share(sums: np.ndarray, width: int) -> float:
    """The share of whole numbers (N, n) that do not fit into `width` bits of two's complement."""
    low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    return float(np.mean((sums < low) | (sums > high)))


@exercise("7.5", reference=overflow_share)
def _(answer, reference, **context):
    sums = np.array([
        [-33.0, -32.0, 31.0], [32.0, 0.0, 63.0], [64.0, -5.0, -64.0], [100.0, -65.0, 12.0],
        [31.0, 40.0, 7.0], [15.0, 16.0, -16.0], [3.0, 2.0, 1.0], [-70.0, -90.0, -100.0],
        [-40.0, 33.0, 5.0], [17.0, 51.0, 50.0], [4.0, 6.0, 8.0], [9.0, 10.0, 11.0],
    ])  # fmt: skip
    width = 6
    right = reference(sums, width)
    low, high = -32, 31
    out = (sums < low) | (sums > high)
    mistakes = (
        (out.sum(), "this is a number of sums: give their share"),
        (1 - right, "this is the share that fits: the mask is inverted"),
        (out.any(axis=1).mean(), "this is the share of events with an overflow: count sums"),
        (np.mean((sums < -64) | (sums > 63)), "the sign needs a bit: `width` bits hold numbers up "
         "to 2^(width-1) - 1"),
        (np.mean((sums < -16) | (sums > 15)), "one bit too few: `width` counts the sign once"),
        (np.mean(sums > high), "negative sums overflow, too"),
        (np.mean(sums < low), "positive sums overflow, too"),
        (np.mean((sums < low) | (sums > high + 1)), "the largest number is 2^(width-1) - 1: there "
         "is one negative number more than positive ones"),
        (np.mean((sums <= low) | (sums >= high)), "both ends of the range still fit: use < and >"),
        (np.mean((sums <= low) | (sums > high)), "the lowest number, -2^(width-1), still fits"),
        (np.mean((sums < 0) | (sums > 63)), "an accumulator has a sign: half of its codes are "
         "negative"),
        (100 * right, "this is in percent: give the share"),
        (out.sum() / len(sums), "this is the number of overflows an event: divide by the number "
         "of all sums"),
        (out.mean(axis=0), "this is one share a node: take the mean over all sums of the layer"),
        (out.mean(axis=1), "this is one share an event: take the mean over all sums of the layer"),
        (float(out.any()), "this says whether there is an overflow: give the share"),
        (np.mean((sums < low) & (sums > high)), "no number is below the lowest and above the "
         "highest at once: use | (or)"),
    )  # fmt: skip
    found = answer(sums.copy(), width)
    compare(found, np.array(right), [(np.array(m), why) for m, why in mistakes], "one number")
    return "the layer with a share above zero is the one to widen."
