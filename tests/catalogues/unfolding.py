"""Typical answers to the exercises on unfolding."""

import numpy as np

from hepml_lite.course.catalogue import Catalogue

response = Catalogue("4.1")


@response.right
def with_new_axis(counts, truth):
    return counts / truth[None, :]


@response.right
def column_by_column(counts, truth):
    return np.stack([counts[:, j] / truth[j] for j in range(len(truth))], axis=1)


@response.wrong("missed events are forgotten")
def without_misses(counts, truth):
    return counts / counts.sum(axis=0)


@response.wrong(r"P\(true \| measured\)")
def posterior(counts, truth):
    return counts / counts.sum(axis=1, keepdims=True)


@response.wrong("matrix is transposed")
def transposed(counts, truth):
    return (counts / truth).T


@response.wrong("transposed before the division")
def transposed_first(counts, truth):
    return counts.T / truth


@response.wrong("truth belongs to the columns")
def wrong_axis(counts, truth):
    return counts / truth[:, None]


@response.wrong("joint probability")
def joint(counts, truth):
    return counts / counts.sum()


@response.wrong("sum of the truth")
def one_sum(counts, truth):
    return counts / truth.sum()


@response.wrong("still counts")
def not_normalised(counts, truth):
    return counts


@response.wrong("upside down")
def inverse(counts, truth):
    return truth / counts


@response.wrong("efficiency, one number")
def efficiency_only(counts, truth):
    return counts.sum(axis=0) / truth


bayes = Catalogue("4.2")


@bayes.right
def in_two_steps(measured, response, prior):
    posterior = response * prior / (response @ prior)[:, None]
    return (posterior * measured[:, None]).sum(axis=0) / response.sum(axis=0)


@bayes.wrong("in a list")
def with_loops(measured, response, prior):
    unfolded = []
    for j in range(len(prior)):
        shares = response[:, j] * prior[j] / (response @ prior)
        unfolded.append(sum(shares * measured) / sum(response[:, j]))
    return unfolded


def _posterior(response, prior):
    return response * prior / (response @ prior)[:, None]


@bayes.wrong("missed events are forgotten")
def no_efficiency(measured, response, prior):
    return measured @ _posterior(response, prior)


@bayes.wrong("multiplies by the efficiency")
def times_efficiency(measured, response, prior):
    return measured @ _posterior(response, prior) * response.sum(axis=0)


@bayes.wrong("multiply it with the prior")
def factor_only(measured, response, prior):
    return response.T @ (measured / (response @ prior)) / response.sum(axis=0)


@bayes.wrong("sum of a row is not an efficiency")
def sums_of_rows(measured, response, prior):
    return measured @ _posterior(response, prior) / response.sum(axis=1)


@bayes.wrong("must be transposed here")
def not_transposed(measured, response, prior):
    return prior / response.sum(axis=0) * (response @ (measured / (response @ prior)))


@bayes.wrong("without a transposition")
def transposed_expectation(measured, response, prior):
    return prior / response.sum(axis=0) * (response.T @ (measured / (response.T @ prior)))


@bayes.wrong("ratio is upside down")
def ratio_inverted(measured, response, prior):
    return prior / response.sum(axis=0) * (response.T @ ((response @ prior) / measured))


@bayes.wrong("prior is missing")
def no_prior(measured, response, prior):
    return response.T @ measured / response.sum(axis=0)


@bayes.wrong("inversion of section 2")
def solved(measured, response, prior):
    return np.linalg.solve(response, measured)


@bayes.wrong("normalised to one")
def unit_sum(measured, response, prior):
    unfolded = measured @ _posterior(response, prior) / response.sum(axis=0)
    return unfolded / unfolded.sum()


ratio = Catalogue("4.3")


@ratio.right
def by_logarithms(probability, n_numerator, n_denominator):
    logit = np.log(probability) - np.log1p(-probability)
    return np.exp(logit + np.log(n_denominator) - np.log(n_numerator))


@ratio.wrong("in a list")
def as_a_list(probability, n_numerator, n_denominator):
    return [f / (1 - f) * n_denominator / n_numerator for f in probability]


@ratio.wrong("these are the odds")
def odds(probability, n_numerator, n_denominator):
    return probability / (1 - probability)


@ratio.wrong("sizes is upside down")
def sizes_swapped(probability, n_numerator, n_denominator):
    return probability / (1 - probability) * n_numerator / n_denominator


@ratio.wrong("output f itself")
def output(probability, n_numerator, n_denominator):
    return probability


@ratio.wrong("not the odds")
def output_scaled(probability, n_numerator, n_denominator):
    return probability * n_denominator / n_numerator


@ratio.wrong("odds are upside down")
def odds_inverted(probability, n_numerator, n_denominator):
    return (1 - probability) / probability * n_denominator / n_numerator


@ratio.wrong("this is the inverse")
def ratio_inverse(probability, n_numerator, n_denominator):
    return (1 - probability) / probability * n_numerator / n_denominator


@ratio.wrong("logarithm of the odds")
def logit(probability, n_numerator, n_denominator):
    return np.log(probability / (1 - probability))


@ratio.wrong("mean of one")
def mean_of_one(probability, n_numerator, n_denominator):
    weights = probability / (1 - probability)
    return weights / weights.mean()


@ratio.wrong("sign is wrong")
def plus(probability, n_numerator, n_denominator):
    return probability / (1 + probability) * n_denominator / n_numerator


distance = Catalogue("4.4")


@distance.right
def with_nansum(first, second):
    p = first / first.sum()
    q = second / second.sum()
    return np.nansum((p - q) ** 2 / (p + q)) / 2


@distance.right
def by_loop(first, second):
    p = first / first.sum()
    q = second / second.sum()
    return sum((a - b) ** 2 / (a + b) for a, b in zip(p, q, strict=True) if a + b) / 2


def _filled(first, second):
    there = first + second > 0
    return first[there] / first.sum(), second[there] / second.sum()


@distance.wrong("factor ½ is missing: with it")
def no_half(first, second):
    p, q = _filled(first, second)
    return np.sum((p - q) ** 2 / (p + q))


@distance.wrong("half of it")
def quarter(first, second):
    p, q = _filled(first, second)
    return np.sum((p - q) ** 2 / (p + q)) / 4


@distance.wrong("not normalised: the number")
def raw_counts(first, second):
    return np.nansum((first - second) ** 2 / (first + second)) / 2


@distance.wrong("not normalised, and")
def raw_without_half(first, second):
    return np.nansum((first - second) ** 2 / (first + second))


@distance.wrong("empty bins")
def empty_bins(first, second):
    p = first / first.sum()
    q = second / second.sum()
    return np.sum((p - q) ** 2 / (p + q)) / 2


@distance.wrong("mean over bins")
def mean_for_sum(first, second):
    p, q = _filled(first, second)
    return np.mean((p - q) ** 2 / (p + q)) / 2


@distance.wrong("total variation")
def total_variation(first, second):
    p, q = _filled(first, second)
    return np.abs(p - q).sum() / 2


@distance.wrong(r"division by p \+ q")
def no_division(first, second):
    p, q = _filled(first, second)
    return np.sum((p - q) ** 2) / 2


@distance.wrong("square root")
def root(first, second):
    p, q = _filled(first, second)
    return np.sqrt(np.sum((p - q) ** 2 / (p + q)) / 2)


@distance.wrong("must be squared")
def not_squared(first, second):
    p, q = _filled(first, second)
    return np.sum(np.abs(p - q) / (p + q)) / 2
