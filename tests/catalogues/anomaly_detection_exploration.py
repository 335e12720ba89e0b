"""Typical answers to the exercises of the exploration of anomaly detection."""

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.stats import chi2, chi2_contingency, ks_2samp, kstest, mannwhitneyu, norm, poisson
from sklearn.ensemble import RandomForestClassifier

from hepml_lite.course.catalogue import Catalogue

flat = Catalogue("5.5")


def common(passed, total):
    efficiency = passed.sum() / total.sum()
    return efficiency, total * efficiency, total * efficiency * (1 - efficiency)


@flat.right
def from_a_table_of_contingency(passed, total):
    found = chi2_contingency(np.stack([passed, total - passed]), correction=False)
    return found.statistic / found.dof


@flat.right
def of_those_that_fail(passed, total):
    failed = total - passed
    share = failed.sum() / total.sum()
    variance = total * share * (1 - share)
    return float(((failed - total * share) ** 2 / variance).sum() / (len(total) - 1))


@flat.right
def own_error_of_each_bin(passed, total):
    _, expected, _ = common(passed, total)
    share = passed / total
    return np.sum((passed - expected) ** 2 / (total * share * (1 - share))) / (len(total) - 1)


@flat.right
def with_a_tensor(passed, total):
    passed = torch.tensor(passed)
    total = torch.tensor(total)
    efficiency = passed.sum() / total.sum()
    pulls = (passed / total - efficiency) / torch.sqrt(efficiency * (1 - efficiency) / total)
    return (pulls**2).sum() / (len(total) - 1)


@flat.wrong("divide by the degrees of freedom")
def not_reduced(passed, total):
    _, expected, variance = common(passed, total)
    return np.sum((passed - expected) ** 2 / variance)


@flat.wrong("costs one degree of freedom")
def divided_by_the_bins(passed, total):
    _, expected, variance = common(passed, total)
    return np.mean((passed - expected) ** 2 / variance)


@flat.wrong("binomial")
def poisson_error(passed, total):
    _, expected, _ = common(passed, total)
    return np.sum((passed - expected) ** 2 / expected) / (len(total) - 1)


@flat.wrong("by the variance")
def standard_deviation_for_variance(passed, total):
    _, expected, variance = common(passed, total)
    return np.sum((passed - expected) ** 2 / np.sqrt(variance)) / (len(total) - 1)


@flat.wrong("absolute pulls")
def not_squared(passed, total):
    _, expected, variance = common(passed, total)
    return np.sum(abs(passed - expected) / np.sqrt(variance)) / (len(total) - 1)


@flat.wrong("cancel")
def signed(passed, total):
    _, expected, variance = common(passed, total)
    return np.sum((passed - expected) / np.sqrt(variance)) / (len(total) - 1)


@flat.wrong("same weight to a bin of 16")
def mean_of_efficiencies(passed, total):
    mean = (passed / total).mean()
    variance = total * mean * (1 - mean)
    return np.sum((passed - total * mean) ** 2 / variance) / (len(total) - 1)


@flat.wrong("Compare efficiencies")
def equal_counts(passed, total):
    return np.sum((passed - passed.mean()) ** 2 / passed.mean()) / (len(total) - 1)


@flat.wrong("p-value of the χ²")
def probability(passed, total):
    _, expected, variance = common(passed, total)
    return chi2.sf(np.sum((passed - expected) ** 2 / variance), len(total) - 1)


@flat.wrong("upside down")
def inverse(passed, total):
    _, expected, variance = common(passed, total)
    return (len(total) - 1) / np.sum((passed - expected) ** 2 / variance)


@flat.wrong("errors are missing")
def spread_of_efficiencies(passed, total):
    efficiency, _, _ = common(passed, total)
    return np.sum((passed / total - efficiency) ** 2) / (len(total) - 1)


@flat.wrong("that of an efficiency")
def variance_of_the_number(passed, total):
    efficiency, _, variance = common(passed, total)
    return np.sum((passed / total - efficiency) ** 2 / variance) / (len(total) - 1)


@flat.wrong("shape is")
def one_for_each_bin(passed, total):
    _, expected, variance = common(passed, total)
    return (passed - expected) ** 2 / variance


@flat.right
def own_errors_and_weighted_mean(passed, total):
    share = passed / total
    weights = total / (share * (1 - share))
    mean = np.average(share, weights=weights)
    return np.sum(weights * (share - mean) ** 2) / (len(total) - 1)


@flat.wrong("is not this number")
def poisson_error_of_the_data(passed, total):
    _, expected, _ = common(passed, total)
    return np.sum((passed - expected) ** 2 / passed) / (len(total) - 1)


@flat.wrong("square of the variance")
def variance_squared(passed, total):
    _, expected, variance = common(passed, total)
    return np.sum(((passed - expected) / variance) ** 2) / (len(total) - 1)


@flat.wrong("mean of the pulls off")
def variance_of_the_pulls(passed, total):
    _, expected, variance = common(passed, total)
    return np.var((passed - expected) / np.sqrt(variance), ddof=1)


@flat.wrong("not of the events")
def divided_by_the_events(passed, total):
    _, expected, variance = common(passed, total)
    return np.sum((passed - expected) ** 2 / variance) / (total.sum() - 1)


@flat.wrong("worst bin")
def worst_bin(passed, total):
    _, expected, variance = common(passed, total)
    return np.max((passed - expected) ** 2 / variance)


@flat.wrong("return their ratio")
def both_parts(passed, total):
    _, expected, variance = common(passed, total)
    return np.sum((passed - expected) ** 2 / variance), len(total) - 1


test = Catalogue("5.6")


def counted(data, reference, n=6):
    edges = [np.quantile(reference[:, k], np.linspace(0, 1, n + 1)[1:-1]) for k in (0, 1)]
    found = []
    for rows in (data, reference):
        cell = n * np.digitize(rows[:, 0], edges[0]) + np.digitize(rows[:, 1], edges[1])
        found.append(np.bincount(cell, minlength=n * n))
    return found


def two_samples(data, reference, n=6):
    seen, expected = counted(data, reference, n)
    ratio = np.sqrt(len(reference) / len(data))
    return np.sum((ratio * seen - expected / ratio) ** 2 / (seen + expected)), n * n - 1


@test.right
def coarser_cells(data, reference, rng):
    return chi2.sf(*two_samples(data, reference))


@test.right
def table_of_contingency(data, reference, rng):
    return torch.tensor(chi2_contingency(np.stack(counted(data, reference, 8))).pvalue)


@test.right
def best_cell_with_all_cells_counted(data, reference, rng):
    seen, expected = counted(data, reference, 7)
    share = len(data) / (len(data) + len(reference))
    both = seen + expected
    z = (seen - both * share) / np.sqrt(both * share * (1 - share))
    return 1 - (1 - norm.sf(z.max())) ** len(seen)


@test.wrong("Is this the test statistic")
def statistic(data, reference, rng):
    return two_samples(data, reference)[0]


@test.wrong("this is 1 − p")
def wrong_tail(data, reference, rng):
    return chi2.cdf(*two_samples(data, reference))


@test.wrong("fluctuations of the reference")
def reference_without_errors(data, reference, rng):
    seen, expected = counted(data, reference, 8)
    scaled = expected * len(data) / len(reference)
    return chi2.sf(np.sum((seen - scaled) ** 2 / scaled), len(seen) - 1)


@test.wrong("look-elsewhere")
def smallest_of_all_cells(data, reference, rng):
    seen, expected = counted(data, reference, 5)
    share = len(data) / (len(data) + len(reference))
    both = seen + expected
    z = (seen - both * share) / np.sqrt(both * share * (1 - share))
    return norm.sf(z).min()


@test.wrong("divided by a number")
def half_of_it(data, reference, rng):
    return chi2.sf(*two_samples(data, reference, 8)) / 2


@test.wrong("look-elsewhere")
def the_better_of_two_features(data, reference, rng):
    return min(ks_2samp(data[:, k], reference[:, k]).pvalue for k in (0, 1))


@test.wrong("standard deviations")
def sigmas(data, reference, rng):
    value, n = two_samples(data, reference)
    return norm.isf(chi2.sf(value, n))


@test.wrong("logarithm")
def logarithm(data, reference, rng):
    return chi2.logsf(*two_samples(data, reference))


@test.wrong("decision, true or false")
def decision(data, reference, rng):
    return chi2.sf(*two_samples(data, reference)) < 0.05


@test.wrong("decisions, 0 or 1")
def decision_as_a_number(data, reference, rng):
    return float(chi2.sf(*two_samples(data, reference)) >= 0.3)


@test.wrong("same p-value")
def constant(data, reference, rng):
    return 0.5


@test.wrong("does not depend on the features")
def number_of_events(data, reference, rng):
    return poisson.sf(len(data) - 1, len(reference) / 4)


@test.wrong("does not depend on the features")
def a_random_number(data, reference, rng):
    return rng.uniform()


@test.wrong("Only one of the two features")
def median_of_one_feature(data, reference, rng):
    return mannwhitneyu(data[:, 0], reference[:, 0], alternative="less").pvalue


@test.wrong("one for each event or bin")
def one_for_each_cell(data, reference, rng):
    seen, expected = counted(data, reference, 8)
    return poisson.sf(seen - 1, expected / 4)


@test.wrong("pair of statistic and p-value")
def both_numbers(data, reference, rng):
    value, n = two_samples(data, reference)
    return value, chi2.sf(value, n)


@test.wrong("trained on")
def forest_that_judges_its_own_events(data, reference, rng):
    rows = np.concatenate([data, reference])
    label = np.repeat([1, 0], [len(data), len(reference)])
    forest = RandomForestClassifier(5, max_depth=8, random_state=0).fit(rows, label)
    score = forest.predict_proba(rows)[:, 1]
    return ks_2samp(score[label == 1], score[label == 0]).pvalue


@test.wrong("near 1")
def too_many_degrees_of_freedom(data, reference, rng):
    value, n = two_samples(data, reference)
    return chi2.sf(value, 3 * n)


@test.wrong("averages and the tails")
def distance_of_the_furthest_event(data, reference, rng):
    largest = np.linalg.norm(reference, axis=1)
    far = np.linalg.norm(data, axis=1)
    return kstest(far[far > 2.5], largest[largest > 2.5]).pvalue


@test.wrong("not finite")
def divided_by_empty_cells(data, reference, rng):
    edges = np.linspace(-8, 8, 17)
    seen = np.histogram2d(*data.T, (edges, edges))[0]
    expected = np.histogram2d(*reference.T, (edges, edges))[0] * len(data) / len(reference)
    with np.errstate(all="ignore"):
        return chi2.sf(np.sum((seen - expected) ** 2 / expected), seen.size - 1)


@test.wrong("Is this the test statistic")
def mean_distance(data, reference, rng):
    return cdist(data[:200], reference[:500]).mean()
