"""Checks of the inference tutorial: paths, a ratio of samples, coverage, a profile, alpha_s."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from hepml_lite.checks import exercise
from hepml_lite.checks.comparison import compare


def add_row(chance: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Chances (K + 1,) after a row of nails, from those before it (K,) and to go left (K,)."""
    return np.append(chance * left, 0.0) + np.append(0.0, chance * (1 - left))


@exercise("6.1", reference=add_row)
def _(answer, reference, **context):
    chance = np.array([0.2, 0.5, 0.3])
    left = np.array([0.7, 0.4, 0.1])
    right = reference(chance, left)
    moves = chance * (1 - left)
    shift = np.append(0.0, moves)
    mistakes = (
        (right[::-1], "the boxes are in the reverse order: box k holds balls that went right k "
         "times"),
        (np.append(moves, 0.0) + np.append(0.0, chance * left), "left and right are exchanged: a "
         "ball that goes left stays in box k, one that goes right moves to k + 1"),
        (np.append(chance * left, 0.0), "the balls that go right are lost"),
        (shift, "the balls that go left are lost"),
        (chance, "one row of nails adds one box: nothing has moved here"),
        (chance * left + np.roll(moves, 1), "np.roll brings the balls of the last box back to the "
         "first: one row of nails adds one box"),
        ((np.append(chance, 0.0) + np.append(0.0, chance)) / 2, "this is a fair coin at each nail: "
         "use the chances in left"),
        (np.append(chance, 0.0) + np.append(0.0, chance), "this adds paths without their chances: "
         "multiply each by the chance of its step"),
        (np.append(left, 0.0) + np.append(0.0, 1 - left), "the chance to be in a box at all is "
         "forgotten: multiply it with the chance of the step"),
        (np.append(chance * left, 0.0) - shift, "paths that end in the same box add up: a minus "
         "sign is wrong"),
        (np.append(chance * left, 0.0) + np.append(0.0, chance), "the balls that go left are "
         "counted twice: multiply those that go right by 1 - left"),
        (np.cumsum(right), "these are sums over the boxes up to k: return "
         "the chance of each box"),
        (reference(left, chance), "the arguments are swapped: first the chances, then left"),
        (np.append(chance, 0.0), "a ball that goes right moves to the next box: here all stay"),
        (np.append(0.0, chance), "a ball that goes left stays in its box: here all move"),
        (reference(chance, np.full(len(left), left.mean())), "each box has its own chance to go "
         "left: do not average them"),
        (right / 2, "the chances sum to one half: there is nothing to average here"),
        (np.log(right), "this is the logarithm of it"),
    )  # fmt: skip
    compare(answer(chance.copy(), left.copy()), right, mistakes, "one chance more, (K + 1,)")
    return "two ways lead to each box, and their chances add up."


def log_ratio_of_sample(probability: np.ndarray) -> float:
    """Log of the likelihood ratio of a sample, from f = P(numerator | x) of its events (N,)."""
    return float(np.sum(np.log(probability / (1 - probability))))


@exercise("6.2", reference=log_ratio_of_sample)
def _(answer, reference, **context):
    probability = np.array([0.3, 0.6, 0.8, 0.55, 0.9])
    odds = probability / (1 - probability)
    right = reference(probability)
    mean = probability.mean()
    mistakes = (
        (np.log(odds), "this is one number for each event: independent events multiply, so their "
         "logarithms add up"),
        (np.cumsum(np.log(odds)), "this is a running sum: only its last number is asked for"),
        (np.log(odds).mean(), "this is the mean over events: with more events the data must say "
         "more, so take the sum"),
        (np.log(probability).sum(), "this is the sum of log f: the ratio is f/(1-f)"),
        (np.log(odds.sum()), "this is the logarithm of a sum: likelihoods of independent events "
         "multiply"),
        (np.log(odds.mean()), "this is the logarithm of a mean: likelihoods of independent events "
         "multiply"),
        (odds.sum(), "this is the sum of the ratios: add their logarithms"),
        (odds.prod(), "this is the ratio itself, not its logarithm; with a thousand events it "
         "would overflow"),
        (-right, "this is the inverse: the denominator over the numerator"),
        (2 * right, "the factor 2 belongs to a test statistic, 2 log L, not to log L"),
        (-2 * right, "this is -2 log of the ratio: leave out the factor -2"),
        (right / np.log(10), "this is a logarithm to the base 10"),
        (right / np.log(2), "this is a logarithm to the base 2"),
        (len(odds) * np.log(mean / (1 - mean)), "the mean of f is taken before the logarithm: "
         "calculate the odds of each event"),
        (np.log(mean / (1 - mean)), "the mean of f is taken before the logarithm: calculate the "
         "odds of each event"),
        (np.log(1 - probability).sum(), "this is the sum of log(1-f): the ratio is f/(1-f)"),
        (np.log(probability / (1 + probability)).sum(), "the sign is wrong: the odds are f/(1-f)"),
        (np.log(odds).prod(), "this is the product of the logarithms: they add up"),
        (right / 2, "there is a factor 1/2 too much: the logarithms are added, and that is all"),
        (right / len(odds) ** 0.5, "nothing is divided by the root of N: the logarithms add up"),
        (np.abs(np.log(odds)).sum(), "the sign of each logarithm matters: an event with f below "
         "1/2 speaks against"),
        (np.log(probability).sum() / np.log(1 - probability).sum(), "the logarithm of a ratio is a "
         "difference of logarithms, not their ratio"),
        ((np.log(probability) / np.log(1 - probability)).sum(), "the logarithm of a ratio is a "
         "difference of logarithms, not their ratio"),
        (np.log(probability.prod() / (1 - probability.prod())), "the product of f is taken first: "
         "calculate the odds of each event"),
        ((probability * np.log(odds)).sum(), "this is weighted with f: each event counts once"),
        (np.median(np.log(odds)), "this is the median over events: take the sum"),
        (probability.sum(), "this is the sum of f: a ratio of densities is f/(1-f)"),
    )  # fmt: skip
    compare(answer(probability.copy()), np.array(right), mistakes, "one number")
    return "the logarithm of a product of ratios, one factor for each event."


def coverage(draws: np.ndarray, truths: np.ndarray, level: float) -> float:
    """Share of truths (N,) in the central interval of their draws (S, N)."""
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return float(np.mean((low <= truths) & (truths <= high)))


@exercise("6.3", reference=coverage)
def _(answer, reference, **context):
    n = 200  # truths, and draws of each: the wrong axis then gives no error of its own
    level = 0.6
    draws, truths = _observations(n, level)
    right = reference(draws, truths, level)
    tail = (1 - level) / 2

    def inside(low, high):
        return np.mean((low <= truths) & (truths <= high))

    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    is_inside = (low <= truths) & (truths <= high)
    mean = draws.mean(0)
    error = draws.std(0)
    middle = np.median(draws, axis=0)
    z = norm.ppf((1 + level) / 2)
    mistakes = (
        (is_inside, "this is one answer for each truth: return their mean, a share"),
        (1 - right, "this is the share outside: the interval shall hold the truth"),
        (is_inside.sum(), "this is a number of truths: divide by how many there are"),
        (100 * right, "this is in percent: return a share between 0 and 1"),
        (inside(*np.quantile(draws, [1 - level, level], 0)), "each tail holds 1 - level here: it "
         "is half of this, (1 - level)/2"),
        (np.mean(truths <= np.quantile(draws, level, 0)), "this is an upper limit: a central "
         "interval leaves out two tails of equal size"),
        (np.mean(truths >= np.quantile(draws, 1 - level, 0)), "this is a lower limit: a central "
         "interval leaves out two tails of equal size"),
        (inside(mean - error, mean + error), "this is mean ± standard deviation, which is 68 % of "
         "a Gaussian only and ignores the level: use quantiles of the draws"),
        (inside(high, low), "this is zero, or nearly: are low and high exchanged, was a share "
         "given to np.percentile, which counts from 0 to 100, or is this no mean over the truths?"),
        (inside(*np.percentile(draws, [tail, 1 - tail], 0)), "next to nothing is between these "
         "ends: np.percentile counts from 0 to 100, use np.quantile"),
        (inside(*np.quantile(draws, [tail, 1 - tail], 1)), "the quantiles are taken along the "
         "wrong axis: draws are the rows, axis=0"),
        (inside(*np.quantile(draws, [tail, 1 - tail])), "this is one interval for all "
         "observations: each has its own, axis=0"),
        (np.mean((low <= draws) & (draws <= high)), "this is the share of the draws, which is the "
         "level by construction: ask for the truths"),
        ((high - low).mean(), "this is the mean width of the intervals: ask whether the truths "
         "are inside"),
        (inside(*np.quantile(draws, [0.16, 0.84], 0)), "this is the interval of 68 % whatever the "
         "level is: calculate the tails from it"),
        (inside(mean - z * error, mean + z * error), "this is the interval of a Gaussian, mean ± z "
         "standard deviations: the draws are skew, so use their quantiles"),
        (inside(middle - z * error, middle + z * error), "this is the interval of a Gaussian "
         "around the median: the draws are skew, so use their quantiles"),
        (inside(mean - level * error, mean + level * error), "the level is used as a number of "
         "standard deviations: use quantiles of the draws"),
        (inside(draws.min(0), draws.max(0)), "this is the whole range of the draws: leave out both "
         "tails"),
        (inside(*np.quantile(draws, [level / 2, 1 - level / 2], 0)), "the tails hold the level "
         "here: both together hold 1 - level"),
        (right - level, "this is the distance to the level: return the share itself"),
        (np.mean(draws < truths), "this is the mean rank: ask whether a truth is in its interval"),
        (inside(*_shortest(draws, level)), "this is the shortest interval: the central one leaves "
         "out two tails of equal size"),
        (np.mean((low <= truths) | (truths <= high)), "this needs both: above the lower and below "
         "the upper end"),
    )  # fmt: skip
    found = answer(draws.copy(), truths.copy(), level)
    compare(found, np.array(right), mistakes, "one share", rtol=0, atol=0.6 / n)
    return "for an honest posterior this share is the level, at every level."


def _shortest(draws: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends (N,) of the shortest intervals with this share of the draws (S, N)."""
    ordered = np.sort(draws, axis=0)
    n_inside = int(level * len(draws))
    widths = ordered[n_inside:] - ordered[:-n_inside]
    first = widths.argmin(0)
    column = np.arange(draws.shape[1])
    return ordered[first, column], ordered[first + n_inside, column]


def _observations(n: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Draws (n, n) and truths (n,), none of them so close to an end that conventions differ."""
    rng = np.random.default_rng(4)
    centre = rng.normal(0, 3, 2 * n)
    draws = centre + rng.exponential(1, (n, 2 * n))
    truths = centre + rng.exponential(1.5, 2 * n)
    below = (draws < truths).mean(0)
    is_clear = np.abs(np.abs(below - 0.5) - level / 2) > 3 / n
    chosen = np.flatnonzero(is_clear)[:n]
    return draws[:, chosen], truths[chosen]


def profile_interval(values: np.ndarray, table: np.ndarray) -> tuple[float, float]:
    """Ends of the values (M,) whose log L (M, K), with the best nuisance, is the best - 1/2."""
    profile = table.max(axis=1)
    inside = values[profile >= profile.max() - 0.5]
    return float(inside.min()), float(inside.max())


@exercise("6.4", reference=profile_interval)
def _(answer, reference, **context):
    n = 201  # values, and of the nuisance: the wrong axis then gives no error of its own
    values = np.linspace(0, 4, n)
    nuisance = np.linspace(-2, 4, n)
    v, k = np.meshgrid(values, nuisance, indexing="ij")
    standard = k / (0.3 + 0.5 * v)  # the nuisance may be larger where v is larger
    distance = 1.5 * np.log((v + 0.5) / 2.1)  # skew: the best value is not in the middle
    table = 7.3 - 0.5 * ((distance - 0.4 * standard) / 0.2) ** 2 - 0.5 * standard**2
    right = reference(values, table)
    mistakes = _mistakes_of_interval(values, table)
    found = answer(values.copy(), table.copy())
    numbers = np.array(found) if isinstance(found, (tuple, list)) else found
    step = values[1] - values[0]
    compare(numbers, np.array(right), mistakes, "two ends, (low, high)", rtol=0, atol=1.01 * step)
    return "the nuisance is free to help every value as much as it can: this makes it wider."


def _quantiles(values, curve):
    """Ends of the central 68 % of exp(curve)."""
    share = np.cumsum(np.exp(curve - curve.max()))
    return np.interp([0.16, 0.84], share / share[-1], values)


def _mistakes_of_interval(values, table):
    """What typical mistakes give, with what to say about them."""
    profile = table.max(1)
    averaged = logsumexp(table, axis=1)

    def within(curve, drop=0.5, at=None):
        inside = values[curve >= (curve.max() if at is None else at) - drop]
        return np.array([inside.min(), inside.max()]) if len(inside) else np.full(2, np.nan)

    right = within(profile)
    best = values[profile.argmax()]
    of_best = table[:, table.max(0).argmax()]
    index = np.flatnonzero(profile >= profile.max() - 0.5)
    return (
        (right[::-1], "the ends are exchanged: return (low, high)"),
        (within(of_best), "the nuisance is fixed at its best value: let it be best for each value "
         "of the parameter, table.max(axis=1)"),
        (within(table[:, len(values) // 2]), "the nuisance is fixed at the middle of its range: "
         "let it be best for each value of the parameter, table.max(axis=1)"),
        (within(averaged), "this is marginalised, the mean of L over the nuisance: profiling takes "
         "the maximum"),
        (within(profile, 1.0), "the drop is 1: 2 log L falls by 1 at 68 %, hence log L by 1/2"),
        (within(profile, 2.0), "the drop is 2, for about 95 %: at 68 % log L falls by 1/2"),
        (within(profile, 1.92), "the drop is 1.92, for 95 %: at 68 % log L falls by 1/2"),
        (_quantiles(values, averaged), "these are quantiles of the marginal: profiling takes the "
         "maximum over the nuisance, and the interval ends where log L falls by 1/2"),
        (within(profile, 0.25), "the drop is 1/4: at 68 % log L falls by 1/2"),
        (within(profile, np.log(2)), "this is where L falls to one half: at 68 % log L falls by "
         "1/2, hence L to 0.61"),
        (within(table.max(0)), "this is the profile of the nuisance: the maximum must be taken "
         "over the columns, axis=1"),
        (within(table.sum(1)), "this adds the logarithms over the nuisance: take their maximum"),
        (within(table.mean(1)), "this is the mean of the logarithms: take their maximum"),
        (within(table.min(1)), "this is the worst nuisance for each value: take the best, max"),
        (within(profile, at=0.0), "log L is compared with zero: first subtract its maximum"),
        (np.array([values[0], values[-1]]), "this is the whole range: compare with the maximum of "
         "log L minus 1/2"),
        (np.array([index[0], index[-1]]), "these are places in the array: return the values there"),
        (best + np.array([-0.5, 0.5]) * (right[1] - right[0]), "this is the best value ± half the "
         "width, but the curve is skew: return the ends themselves"),
        (within(profile, 1.15), "the drop is 1.15, for two parameters together: for one of them "
         "log L falls by 1/2"),
        (_quantiles(values, profile), "these are quantiles of the profile, as if it were a "
         "probability: return where log L falls by 1/2"),
        (within(np.median(table, 1)), "this is the median over the nuisance: take the maximum"),
        (within(table[:, 0]), "the nuisance is fixed at its first value: take the maximum"),
        (within(np.exp(profile)), "the drop of 1/2 is one of log L, not of L"),
        (np.array([best, (right[1] - right[0]) / 2]), "this is the best value and an error: return "
         "both ends"),
        (right - best, "these are distances to the best value: return the ends themselves"),
        (np.exp(right), "this is the exponential of the ends: return the values themselves"),
    )  # fmt: skip
