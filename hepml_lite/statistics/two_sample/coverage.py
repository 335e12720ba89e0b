"""Do draws from a posterior, or any conditional density, cover the true values as they promise?

All three tests get S draws for each of N true values, as `density.sample(S, conditions)` gives
them. If truths and draws have one distribution, the rank of a truth among its draws is uniform on
0, 1, ..., S.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chisquare, kstest

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval, checked_level, efficiency_interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

FEWEST_IN_BIN = 5  # ranks expected in a bin, for the chi-square distribution to hold


@dataclass(frozen=True)
class RankTest:
    """Ranks of true values among draws, with a test of their uniformity.

    Attributes:
        ranks: (N, D) whole numbers from 0 to n_draws.
        n_draws: S.
        p_values: (D,) of a chi-square test of uniform ranks, one for each parameter: multiply the
            smallest by D before it convinces.
    """

    ranks: np.ndarray
    n_draws: int
    p_values: np.ndarray


@dataclass(frozen=True)
class RegionTest:
    """How often regions of a credibility hold the truth, with a test.

    Attributes:
        levels: (L,) credibilities from 0 to 1.
        coverage: (L,) share of the true values inside; equal to `levels` for an exact posterior.
        p_value: of a Kolmogorov-Smirnov test of the same.
    """

    levels: np.ndarray
    coverage: np.ndarray
    p_value: float


def interval_coverage(
    draws: ArrayLike, truths: ArrayLike, level: float = 0.68, rng: Seed = 0
) -> list[Interval]:
    """Share of the true values inside the central interval of their draws, for each parameter.

    Args:
        draws: (S, N, D), S draws for each of N truths.
        truths: (N, D); (N,) is one parameter.
        level: credibility of the intervals.
        rng: generator or seed: rank and number of draws are whole numbers, and a truth at the edge
            of an interval is inside with the chance that makes the coverage exact.

    Returns:
        D shares, with their binomial intervals (68 %).

    Raises:
        ValueError: shapes that do not agree, NaN, or a level outside (0, 1).
    """
    draw, truth = _checked(draws, truths)
    generator = checked_rng(rng)
    quantiles = _quantiles(_ranks(draw, truth, generator), len(draw), generator)
    inside = np.abs(quantiles - 0.5) <= checked_level(level) / 2
    counts = inside.sum(0).tolist()
    return [efficiency_interval(count, len(truth)) for count in counts]


def simulation_based_calibration(
    draws: ArrayLike, truths: ArrayLike, n_bins: int = 10, rng: Seed = 0
) -> RankTest:
    """Ranks of the true values among their draws, for each parameter (arXiv:1804.06788).

    A histogram of ranks that rises to both ends: the draws are too narrow; a slope: they are
    shifted. Truths must come from the prior, and draws must be independent: thin Markov chains.

    Args:
        draws: (S, N, D), S draws for each of N truths.
        truths: (N, D); (N,) is one parameter.
        n_bins: of the test.
        rng: generator or seed that orders equal values.

    Raises:
        ValueError: shapes that do not agree, NaN, or fewer than five truths for each bin.
    """
    draw, truth = _checked(draws, truths)
    n_bins = checked_count("n_bins", n_bins, 2)
    n_ranks = len(draw) + 1
    if n_bins > n_ranks or len(truth) < FEWEST_IN_BIN * n_bins:
        raise ValueError(
            f"n_bins is {n_bins} for {len(truth)} truths with {len(draw)} draws each: at least "
            f"{FEWEST_IN_BIN} truths are needed for each bin, and n_bins - 1 draws; use fewer bins"
        )
    ranks = _ranks(draw, truth, checked_rng(rng))
    bin_of_rank = np.arange(n_ranks) * n_bins // n_ranks
    expected = np.bincount(bin_of_rank) * len(truth) / n_ranks
    p_values = [
        chisquare(np.bincount(bin_of_rank[column], minlength=n_bins), expected).pvalue
        for column in ranks.T
    ]
    return RankTest(ranks, len(draw), np.array(p_values))


def tarp(
    draws: ArrayLike,
    truths: ArrayLike,
    references: ArrayLike | None = None,
    rng: Seed = 0,
    n_levels: int = 50,
) -> RegionTest:
    """Coverage of balls around random points: a test of the whole posterior (arXiv:2302.03026).

    The ball around a reference point that just reaches the truth holds a share of the draws. These
    shares are uniform for an exact posterior, and, with references that depend on the data, for no
    other. References that ignore the data cannot tell a posterior from the prior.

    Args:
        draws: (S, N, D), S draws for each of N truths.
        truths: (N, D); (N,) is one parameter.
        references: (N, D), chosen without the truths; None: uniform in the box of all truths.
        rng: generator or seed of the references.
        n_levels: of credibility.

    Raises:
        ValueError: shapes that do not agree, NaN, or a parameter that is the same in all truths.
    """
    draw, truth = _checked(draws, truths)
    generator = checked_rng(rng)
    low, high = truth.min(0), truth.max(0)
    if (low == high).any():
        raise ValueError("a parameter is the same in all truths: remove it, it needs no test")
    if references is None:
        reference = generator.uniform(low, high, size=truth.shape)
    else:
        reference = checked_finite("references", references)
        if reference.ndim == 1:
            reference = reference[:, None]
    if reference.shape != truth.shape:
        raise ValueError(
            f"references have shape {reference.shape} and truths {truth.shape}: give one point for "
            "each truth"
        )
    scale = high - low
    of_truth = np.linalg.norm((truth - reference) / scale, axis=-1)
    of_draws = np.linalg.norm((draw - reference) / scale, axis=-1)
    ranks = _ranks(of_draws[..., None], of_truth[:, None], generator)
    shares = _quantiles(ranks, len(draw), generator)[:, 0]
    levels = np.linspace(0, 1, checked_count("n_levels", n_levels, 2))
    coverage = np.searchsorted(np.sort(shares), levels, side="right") / len(shares)
    return RegionTest(levels, coverage, float(kstest(shares, "uniform").pvalue))


def _checked(draws: ArrayLike, truths: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Draws (S, N, D) and truths (N, D)."""
    truth = checked_finite("truths", truths)
    draw = checked_finite("draws", draws)
    if truth.ndim == 1 and draw.ndim == 2:
        truth = truth[:, None]
        draw = draw[..., None]
    if draw.ndim != 3 or draw.shape[1:] != truth.shape or not draw.size:
        raise ValueError(
            f"draws have shape {draw.shape} and truths {truth.shape}: give (draws, truths, "
            "parameters) and (truths, parameters), as density.sample(draws, conditions) does"
        )
    return draw, truth


def _ranks(draws: np.ndarray, truths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How many draws lie below the truth, (N, D); equal ones are ordered at random."""
    below = (draws < truths).sum(0)
    equal = (draws == truths).sum(0)
    return below + rng.integers(0, equal + 1)


def _quantiles(ranks: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers that are uniform on (0, 1) where ranks are uniform on 0, ..., n_draws."""
    return (ranks + rng.random(ranks.shape)) / (n_draws + 1)
