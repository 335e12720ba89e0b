"""What generated events are worth: the exact quantile error, and error bars of a generator.

Cut the truth into Q cells of equal probability. A sample with the share s_j in cell j has the error

    E = 1/Q sum_j (s_j - 1/Q)^2,    and <E> = (1 - 1/Q) / (Q n)   for n events of the truth.

So a generated sample is worth as many true events as have its error: (1 - 1/Q) / (Q E). More than
the training sample means that the generator amplifies: it knew something that the events do not say
(A. Butter et al., "GANplifying event samples", arXiv:2008.06545). However many events are
generated, the worth stays finite: the error of the training is in all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import (
    checked_edges,
    checked_finite,
    checked_not_negative,
)
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

Sampler = Callable[[int, np.random.Generator], np.ndarray]  # n → values (n,)
MakeGenerator = Callable[[np.ndarray, np.random.Generator], Sampler]  # training values (N,)


def shares_of_cells(values: ArrayLike, inner_edges: ArrayLike) -> np.ndarray:
    """Share of the values (N,) in each of the Q cells between Q - 1 rising edges, (Q,).

    Raises:
        ValueError: no value, NaN or infinite ones, or edges that do not rise.
    """
    numbers = checked_finite("values", values, n_axes=1)
    if not len(numbers):
        raise ValueError("values is empty: give at least one event")
    edges = checked_finite("inner_edges", inner_edges, n_axes=1)
    if not len(edges) or (np.diff(edges) <= 0).any():
        raise ValueError(f"inner_edges {edges} do not rise: give Q - 1 quantiles of the truth")
    cells = np.searchsorted(edges, numbers)
    return np.bincount(cells, minlength=len(edges) + 1) / len(numbers)


def quantile_error(shares: ArrayLike) -> float:
    """E = 1/Q sum_j (s_j - 1/Q)^2 of shares (Q,) in cells of equal true probability.

    Raises:
        ValueError: fewer than two cells, or shares that are negative or do not sum to one.
    """
    given = checked_not_negative("shares", shares)
    if given.ndim != 1 or len(given) < 2 or abs(given.sum() - 1) > 1e-6:
        raise ValueError(
            f"shares of shape {given.shape} sum to {given.sum():.4g}: give those of two or more "
            "cells, which sum to 1; divide counts by their sum"
        )
    return float(np.mean((given - 1 / len(given)) ** 2))


def expected_error(n_events: ArrayLike, n_cells: int) -> np.ndarray:
    """The mean E of samples of n true events, (1 - 1/Q) / (Q n)."""
    n_cells = checked_count("n_cells", n_cells, 2)
    return (1 - 1 / n_cells) / (n_cells * np.asarray(n_events, float))


def equivalent_size(error: ArrayLike, n_cells: int) -> np.ndarray:
    """The number of true events whose mean E is this one, the inverse of `expected_error`."""
    n_cells = checked_count("n_cells", n_cells, 2)
    return (1 - 1 / n_cells) / (n_cells * np.asarray(error, float))


@dataclass(frozen=True)
class AmplificationCurve:
    """How the worth of a generated sample grows with its size.

    Attributes:
        n_training: true events of each training.
        n_cells: Q.
        n_generated: sizes (S,).
        errors: E of each repetition and size, (R, S).
        training_errors: E of each training sample itself, (R,).
    """

    n_training: int
    n_cells: int
    n_generated: np.ndarray
    errors: np.ndarray
    training_errors: np.ndarray

    @property
    def factor(self) -> np.ndarray:
        """Worth over the size of the training sample, (S,): above 1 the generator amplifies."""
        return equivalent_size(self.errors.mean(0), self.n_cells) / self.n_training

    @property
    def factor_error(self) -> np.ndarray:
        """Its standard error from the repetitions, (S,)."""
        n_repeats = len(self.errors)
        relative = self.errors.std(0, ddof=1) / np.sqrt(n_repeats) / self.errors.mean(0)
        return self.factor * relative


def amplification_curve(
    draw_truth: Sampler,
    inner_edges: ArrayLike,
    make_generator: MakeGenerator,
    n_training: int,
    n_generated: Sequence[int],
    n_repeats: int = 10,
    rng: Seed = 0,
) -> AmplificationCurve:
    """Train a generator on n true events, again and again, and measure what it is worth.

    Args:
        draw_truth: true values.
        inner_edges: Q - 1 quantiles of the truth, as from `exact.CamelBack.quantiles`.
        make_generator: trains on values (n,) and returns a sampler.
        n_training: events of a training.
        n_generated: sizes of generated samples.
        n_repeats: trainings, each on other events.
        rng: generator or seed.

    Raises:
        ValueError: counts below 1, fewer than two repetitions, no size, or bad edges.
    """
    n_training = checked_count("n_training", n_training)
    n_repeats = checked_count("n_repeats", n_repeats, 2, "the error comes from their spread")
    sizes = [checked_count("n_generated", n) for n in n_generated]
    if not sizes:
        raise ValueError("n_generated is empty: give at least one size, such as [100, 1000]")
    generator = checked_rng(rng)
    errors, of_training = [], []
    for _ in range(n_repeats):
        training = draw_truth(n_training, generator)
        sample = make_generator(training, generator)
        drawn = [shares_of_cells(sample(n, generator), inner_edges) for n in sizes]
        errors.append([quantile_error(shares) for shares in drawn])
        of_training.append(quantile_error(shares_of_cells(training, inner_edges)))
    n_cells = len(np.asarray(inner_edges)) + 1
    return AmplificationCurve(
        n_training, n_cells, np.array(sizes), np.array(errors), np.array(of_training)
    )


@dataclass(frozen=True)
class EnsembleHistogram:
    """A generated histogram with the error that several trainings show.

    Attributes:
        edges: (B + 1,).
        shares: of each training in each bin, (M, B).
        n_generated: events of each training.
    """

    edges: np.ndarray
    shares: np.ndarray
    n_generated: int

    @property
    def mean(self) -> np.ndarray:
        """Mean share of the trainings, (B,)."""
        return self.shares.mean(0)

    @property
    def error(self) -> np.ndarray:
        """Spread of the trainings, the error of one of them, (B,)."""
        return self.shares.std(0, ddof=1)

    @property
    def poisson_error(self) -> np.ndarray:
        """What counting generated events alone would claim for one training, (B,)."""
        return np.sqrt(self.mean * (1 - self.mean) / self.n_generated)

    def pulls(self, truth: ArrayLike, member: int = 0) -> np.ndarray:
        """(share - truth) / error of one training, (B,), with the errors of the ensemble.

        Args:
            truth: share of each bin, (B,).
            member: number of the training.
        """
        return (self.shares[member] - checked_finite("truth", truth)) / self.error

    def poisson_pulls(self, truth: ArrayLike, member: int = 0) -> np.ndarray:
        """The same with the errors that counting alone would claim, (B,)."""
        return (self.shares[member] - checked_finite("truth", truth)) / self.poisson_error


def ensemble_histogram(samples: Sequence[ArrayLike], edges: ArrayLike) -> EnsembleHistogram:
    """The histogram of an ensemble: samples (n,) of several trainings, all of one size.

    Train each on its own resample of the events: then the spread contains the error of the
    training sample, and not only that of the optimiser.

    Args:
        samples: of two trainings or more; the shares are of all events, also those outside.
        edges: (B + 1,), rising.

    Raises:
        ValueError: fewer than two samples, samples of different sizes, or edges that do not rise.
    """
    bins = checked_edges("edges", edges)
    values = [checked_finite("samples", sample, n_axes=1) for sample in samples]
    sizes = {len(sample) for sample in values}
    if len(values) < 2 or len(sizes) != 1:
        raise ValueError(
            f"{len(values)} samples of sizes {sorted(sizes)}: give two or more, all of one size"
        )
    n_generated = checked_count("events of a sample", sizes.pop())
    shares = np.array([np.histogram(sample, bins)[0] for sample in values]) / n_generated
    return EnsembleHistogram(bins, shares, n_generated)
