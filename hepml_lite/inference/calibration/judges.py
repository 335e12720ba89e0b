"""The judge of an inference: coverage, ranks, balls around random points, a classifier test.

Most are the tests of `hepml_lite.statistics.two_sample`, under the names
that papers on inference use. Draws are (S, N, D): S draws for each of N simulated observations,
whose true parameters (N, D) came from the prior.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> c2st(rng.normal(size=(500, 2)), rng.normal(3, 1, size=(500, 2)), rng=0).value > 0.95
True
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import kstest

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng
from hepml_lite.statistics.two_sample.classifier_test import (
    ClassifierTest,
    classifier_two_sample_test,
)
from hepml_lite.statistics.two_sample.coverage import (
    RankTest,
    RegionTest,
    interval_coverage,
    simulation_based_calibration,
    tarp,
)
from hepml_lite.statistics.two_sample.samples import effective_sample_size

__all__ = [
    "ClassifierTest",
    "RankTest",
    "RegionTest",
    "c2st",
    "coverage",
    "effective_sample_size",
    "expected_coverage",
    "simulation_based_calibration",
    "tarp",
]

coverage = interval_coverage


def c2st(samples_a: ArrayLike, samples_b: ArrayLike, rng: Seed = 0) -> ClassifierTest:
    """The classifier two-sample test of sbibm (arXiv:2101.04653): accuracy 1/2 for equal samples.

    Args:
        samples_a: (N, D), the reference, such as draws of the exact posterior.
        samples_b: (M, D), the draws to judge.
        rng: generator or seed.

    Returns:
        `value` is the accuracy, 1/2 to 1; it also has the area under the ROC curve with its error.

    Raises:
        ValueError: samples that do not fit together, NaN, or fewer than twenty rows.
    """
    return classifier_two_sample_test(samples_a, samples_b, rng)


def expected_coverage(
    log_prob_of_draws: ArrayLike,
    log_prob_of_truths: ArrayLike,
    rng: Seed = 0,
    n_levels: int = 50,
) -> RegionTest:
    """Share of the truths inside the region of highest density, for each credibility.

    The region of credibility c holds the draws of highest density that make up a share c. The truth
    is inside where fewer than c of the draws are denser (arXiv:2110.06581, algorithm 1).

    Args:
        log_prob_of_draws: (S, N), log of the estimated posterior at S draws for N observations.
        log_prob_of_truths: (N,), the same at the true parameters.
        rng: generator or seed that orders equal values.
        n_levels: of credibility.

    Raises:
        ValueError: shapes that do not agree, or NaN.
    """
    of_truth = checked_finite("log_prob_of_truths", log_prob_of_truths, n_axes=1)
    of_draws = checked_finite("log_prob_of_draws", log_prob_of_draws, n_axes=2)
    n_draws, n_truths = of_draws.shape
    if n_truths != len(of_truth) or not of_draws.size:
        raise ValueError(
            f"log_prob_of_draws has shape {of_draws.shape} for {len(of_truth)} truths: give "
            "(draws, truths), as log_prob of sample(n, x) in the same order"
        )
    generator = checked_rng(rng)
    denser = (of_draws > of_truth).sum(0)
    equal = (of_draws == of_truth).sum(0)
    ranks = denser + generator.integers(0, equal + 1)
    shares = (ranks + generator.random(n_truths)) / (n_draws + 1)
    levels = np.linspace(0, 1, checked_count("n_levels", n_levels, 2))
    inside = np.searchsorted(np.sort(shares), levels, side="right") / n_truths
    return RegionTest(levels, inside, float(kstest(shares, "uniform").pvalue))
