"""Checks of the unfolding tutorial: response, Bayes' theorem, density ratio, discriminator."""

import numpy as np

from hepml_lite.checks import exercise
from hepml_lite.checks.comparison import compare


def response(counts: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """P(measured in bin i | true in bin j), (M, T), from counts (M, T) and all true events (T,)."""
    return counts / truth


@exercise("4.1", reference=response)
def _(answer, reference, **context):
    counts = np.array([[40.0, 6.0, 2.0], [9.0, 60.0, 12.0], [1.0, 14.0, 66.0]])
    truth = np.array([80.0, 100.0, 90.0])
    found_true = counts.sum(axis=0)
    found_measured = counts.sum(axis=1, keepdims=True)
    right = reference(counts, truth)
    mistakes = (
        (counts / found_true, "each column sums to one: the missed events are forgotten. Divide by "
         "all true events; a column then sums to the efficiency"),
        (counts / found_measured, "the rows sum to one: this is P(true | measured), which knows "
         "the simulated truth. A response is P(measured | true)"),
        (right.T, "the matrix is transposed: rows are measured bins, columns are true bins"),
        (counts.T / truth, "the matrix is transposed before the division: each row, not each "
         "column, must be divided by the same number of true events"),
        (counts / truth[:, None], "this divides row i by the truth of bin i: the truth belongs to "
         "the columns"),
        (counts / counts.sum(), "this is the joint probability of true and measured: divide each "
         "column by its own number of true events"),
        (counts / truth.sum(), "all columns are divided by the sum of the truth: divide each by "
         "its own number of true events"),
        (counts, "these are still counts: a response holds probabilities"),
        (truth / counts, "this is upside down: a probability is at most one"),
        (found_true / truth, "this is the efficiency, one number a true bin: the response also "
         "says where the event went"),
        (counts * truth, "this multiplies by the number of true events: divide by it"),
    )  # fmt: skip
    compare(answer(counts.copy(), truth.copy()), right, mistakes, "probabilities (M, T)")
    return "each column sums to the efficiency of its true bin."


def bayes_step(measured: np.ndarray, matrix: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """One iteration of Bayes' theorem: (M,), (M, T), (T,) → (T,)."""
    expected = matrix @ prior
    return prior / matrix.sum(axis=0) * (matrix.T @ (measured / expected))


@exercise("4.2", reference=bayes_step)
def _(answer, reference, **context):
    matrix = np.array([[0.6, 0.15, 0.05], [0.2, 0.5, 0.2], [0.1, 0.2, 0.65]])
    prior = np.array([90.0, 130.0, 70.0])
    measured = np.array([60.0, 110.0, 120.0])
    efficiency = matrix.sum(axis=0)
    right = reference(measured, matrix, prior)
    folded = matrix @ prior
    mistakes = (
        (right * efficiency, "the missed events are forgotten: divide by the efficiency, the sum "
         "of each column of the response"),
        (right * efficiency**2, "this multiplies by the efficiency: missed events are added by a "
         "division"),
        (right / prior, "this is the factor by which the prior changes: multiply it with the "
         "prior"),
        (prior * (matrix.T @ (measured / folded)) / matrix.sum(axis=1), "the sum of a row is not "
         "an efficiency: sum over the measured bins, axis=0"),
        (prior / efficiency * (matrix @ (measured / folded)), "sum over the measured bins: the "
         "response must be transposed here"),
        (prior / efficiency * (matrix.T @ (measured / (matrix.T @ prior))), "the expected "
         "measurement is response @ prior, without a transposition"),
        (prior / efficiency * (matrix.T @ (folded / measured)), "the ratio is upside down: where "
         "more is measured than expected, the truth must grow"),
        (matrix.T @ measured / efficiency, "the prior is missing: this shares out each measured "
         "event without Bayes' theorem"),
        (np.linalg.solve(matrix, measured), "this is the inversion of section 2, not Bayes' "
         "theorem"),
        (folded, "this is the expected measurement, the denominator of Bayes' theorem"),
        (right / right.sum(), "this is normalised to one: keep the number of events"),
        (right * prior, "the prior enters squared"),
    )  # fmt: skip
    found = answer(measured.copy(), matrix.copy(), prior.copy())
    compare(found, right, mistakes, "a spectrum (T,)")
    return "every measured event has been shared out among the true bins."


def ratio_from_classifier(
    probability: np.ndarray, n_numerator: float, n_denominator: float
) -> np.ndarray:
    """Density ratio of unit integrals from the output f = P(numerator | x), (N,)."""
    return probability / (1 - probability) * n_denominator / n_numerator


@exercise("4.3", reference=ratio_from_classifier)
def _(answer, reference, **context):
    probability = np.array([0.1, 0.35, 0.5, 0.8, 0.95])
    numerator, denominator = 2000.0, 5000.0
    odds = probability / (1 - probability)
    right = reference(probability, numerator, denominator)
    share = denominator / numerator
    mistakes = (
        (odds, "these are the odds: the classifier saw samples of different sizes, so divide the "
         "odds by the ratio of their numbers"),
        (odds / share, "the ratio of the sizes is upside down: a large numerator sample makes the "
         "odds large without any physics"),
        (probability, "this is the output f itself: a ratio of densities is f/(1-f)"),
        (probability * share, "this is f, not the odds f/(1-f)"),
        (share / odds, "the odds are upside down: this is (1-f)/f"),
        (1 / right, "this is the inverse: denominator over numerator"),
        (np.log(odds), "this is the logarithm of the odds"),
        (np.log(right), "this is the logarithm of the ratio: exponentiate it"),
        (odds / odds.mean(), "normalising to a mean of one works only if the mean is taken over "
         "the denominator's events: use the known sizes of both samples"),
        (odds * share**2, "the ratio of the sizes enters squared"),
        (probability / (1 + probability) * share, "the sign is wrong: the odds are f/(1-f)"),
    )  # fmt: skip
    found = answer(probability.copy(), numerator, denominator)
    compare(found, right, mistakes, "one ratio an event, (N,)")
    return "a classifier that cannot tell the samples apart gives a ratio of one."


def discriminator(first: np.ndarray, second: np.ndarray) -> float:
    """½ Σ (p − q)² / (p + q) of two histograms (B,), normalised here; 0 if equal, at most 1."""
    p = first / first.sum()
    q = second / second.sum()
    filled = p + q > 0
    return float(0.5 * np.sum((p - q)[filled] ** 2 / (p + q)[filled]))


@exercise("4.4", reference=discriminator)
def _(answer, reference, **context):
    first = np.array([10.0, 40.0, 30.0, 0.0, 20.0])
    second = np.array([30.0, 60.0, 90.0, 0.0, 10.0])
    right = reference(first, second)
    p, q = first / first.sum(), second / second.sum()
    p, q = p[p + q > 0], q[p + q > 0]
    a, b = first[first + second > 0], second[first + second > 0]
    raw = ((a - b) ** 2 / (a + b)).sum()
    mistakes = (
        (2 * right, "the factor ½ is missing: with it, histograms without overlap have the "
         "distance one"),
        (right / 2, "this is half of it: the factor ½ enters once"),
        (raw / 2, "the histograms are not normalised: the number of events counts here"),
        (raw, "the histograms are not normalised, and the factor ½ is missing"),
        (np.nan, "empty bins give 0/0: leave out the bins where both are zero"),
        (np.mean((p - q) ** 2 / (p + q)) / 2, "this is a mean over bins: take the sum"),
        (0.5 * np.abs(p - q).sum(), "this is the total variation: square the differences and "
         "divide by the sum"),
        (0.5 * ((p - q) ** 2).sum(), "the division by p + q is missing"),
        (np.sqrt(right), "this is the square root of it"),
        (0.5 * (np.abs(p - q) / (p + q)).sum(), "the difference must be squared"),
        (1e3 * right, "the factor of 1000 belongs to the table, not to the definition"),
    )  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        found = answer(first.copy(), second.copy())
    compare(found, np.array(right), [(np.array(m), why) for m, why in mistakes], "one number")
    return "equal shapes have the distance 0, shapes without overlap 1."
