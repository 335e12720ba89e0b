"""Check of the exploration of anomaly detection: is a cut flat in the mass?"""

import numpy as np
from scipy.stats import chi2

from hepml_lite.checks import exercise
from hepml_lite.checks.comparison import compare

PASSED = np.array([60.0, 90.0, 40.0, 24.0, 8.0, 6.0])  # of exercise 5.5
TOTAL = np.array([2000.0, 1200.0, 400.0, 120.0, 25.0, 16.0])


def reduced_chi_squared(passed: np.ndarray, total: np.ndarray) -> float:
    """χ² per degree of freedom of the efficiencies in bins against the common one."""
    efficiency = passed.sum() / total.sum()
    expected = total * efficiency
    variance = total * efficiency * (1 - efficiency)
    chi_squared = np.sum((passed - expected) ** 2 / variance)
    return float(chi_squared / (len(total) - 1))


@exercise("5.5", reference=reduced_chi_squared)
def _(answer, reference, **context):
    passed = PASSED.copy()
    total = TOTAL.copy()
    n_bins = len(total)
    share = passed / total
    efficiency = passed.sum() / total.sum()
    expected = total * efficiency
    variance = total * efficiency * (1 - efficiency)
    squared = (passed - expected) ** 2
    right = reference(passed, total)
    chi_squared = right * (n_bins - 1)
    own = total * share * (1 - share)
    mean = share.mean()
    unweighted = np.sum((passed - total * mean) ** 2 / (total * mean * (1 - mean)))
    as_counts = np.sum((passed - passed.mean()) ** 2 / passed.mean())
    mistakes = (
        (chi_squared, "this is χ²: divide by the degrees of freedom"),
        (chi_squared / n_bins, "divide by B − 1: the common efficiency is taken from the data, "
         "which costs one degree of freedom"),
        (chi_squared / (n_bins - 2), "one number is taken from the data, the common efficiency: "
         "there are B − 1 degrees of freedom"),
        (np.sum(squared / expected) / (n_bins - 1), "the variance of a number that passes is not "
         "n ε but n ε (1 − ε): it is binomial, as the total is known"),
        (np.sum(squared / np.sqrt(variance)) / (n_bins - 1), "this divides by the standard "
         "deviation: divide the square of the difference by the variance"),
        (np.sum(np.abs(passed - expected) / np.sqrt(variance)) / (n_bins - 1), "these are absolute "
         "pulls: square each of them before the sum"),
        (np.sum((passed - expected) / np.sqrt(variance)) / (n_bins - 1), "pulls of both signs "
         "cancel in the sum: square each of them first"),
        (unweighted / (n_bins - 1), "the mean of the efficiencies gives the same "
         "weight to a bin of 16 events as to one of 2000: the common efficiency is all that "
         "pass over all events"),
        (as_counts / (n_bins - 1), "this asks whether the numbers that pass are equal: the "
         "spectrum falls, so they are not. Compare efficiencies"),
        (chi2.sf(chi_squared, n_bins - 1), "this is the p-value of the χ²: return χ²/ndf"),
        (np.sqrt(right), "this is the root of χ²/ndf"),
        (1 / right, "this is upside down: degrees of freedom over χ²"),
        (np.sum((share - efficiency) ** 2) / (n_bins - 1), "the errors are missing: divide each "
         "squared difference by its variance, ε (1 − ε) / n for efficiencies"),
        (np.sum((share - efficiency) ** 2 / variance) / (n_bins - 1), "the variance is that of a "
         "number, n ε (1 − ε); that of an efficiency is ε (1 − ε) / n"),
        (np.sum(squared / passed) / (n_bins - 1), "the variance of a number that passes is not "
         "this number but n ε (1 − ε): it is binomial, as the total is known"),
        (np.sum(squared / total) / (n_bins - 1), "this divides by the total: the variance of the "
         "number that passes is n ε (1 − ε)"),
        (np.sum(squared / variance**2) / (n_bins - 1), "this divides by the square of the "
         "variance: divide the square of the difference by the variance"),
        (np.sum(squared) / (n_bins - 1), "the errors are missing: divide each squared difference "
         "by its variance, n ε (1 − ε)"),
        (np.sum(squared) / np.sum(variance) / (n_bins - 1), "this sums first and divides then: "
         "divide each squared difference by the variance of its own bin"),
        (chi_squared / (total.sum() - 1), "the degrees of freedom are those of the bins, B − 1, "
         "not of the events"),
        (chi_squared / (n_bins + 1), "the common efficiency costs one degree of freedom: there "
         "are B − 1, not B + 1"),
        (np.var((passed - expected) / np.sqrt(variance), ddof=1), "this takes the mean of the "
         "pulls off: χ² is the sum of their squares around zero"),
        (np.std((passed - expected) / np.sqrt(variance)), "this is the spread of the pulls: "
         "χ²/ndf is the sum of their squares over B − 1"),
        (np.max(squared / variance), "this is the worst bin: sum over all of them"),
        (np.sum((share - efficiency) ** 2 / (efficiency * (1 - efficiency))) / (n_bins - 1),
         "the number of events is missing in the variance: that of an efficiency is ε (1 − ε) / n"),
        (np.sum(squared / own), "this is χ²: divide by the degrees of freedom"),
        (np.sum(squared / own) / n_bins, "divide by B − 1: the common efficiency is taken from the "
         "data, which costs one degree of freedom"),
        ((chi_squared, n_bins - 1), "these are χ² and the degrees of freedom: return their ratio"),
    )  # fmt: skip
    weighted_mean = np.average(share, weights=total**2 / own)  # minimises the χ² of own errors
    own_errors = [
        np.sum((passed - total * common) ** 2 / own) / (n_bins - 1)
        for common in (efficiency, weighted_mean)
    ]
    found = answer(passed.copy(), total.copy())
    if np.ndim(found) == 0 and np.isclose(float(found), own_errors, rtol=1e-6).any():
        return "right with the error of each bin; the common one is the safer for few events."
    compare(found, right, [(np.array(m), why) for m, why in mistakes], "one number")
    return "a cut that does not sculpt has a χ²/ndf near 1."
