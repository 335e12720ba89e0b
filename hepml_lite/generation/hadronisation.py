"""Hadronisation in small: fit a generator to events whose latent break-ups are not seen.

A string of energy one breaks again and again: each hadron takes a share z of what is left, drawn
from a fragmentation function f(z), until too little is left. Events show hadrons, not the order in
which they came out of the string. Adversarial fits of such models: J. Chan et al., "HADML",
arXiv:2305.17169; by weights of events: C. Bierlich et al., "HOMER", arXiv:2410.06342.

Here it is expectation maximisation. A classifier of data against simulated events gives each
simulated event a weight; its break-ups, which the simulation knows, take this weight; their
weighted histogram is the next f. It is iterative unfolding (D'Agostini, NIM A 362 (1995) 487) of
what no detector measures.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.densities import fit_ratio
from hepml_lite.statistics.data_checks import checked_finite, checked_not_negative
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

SMALLEST_LEFT = 0.02  # of the energy: below it the string ends in a last hadron
MOST_BREAKS = 200
OBSERVABLES = ("multiplicity", "hardest", "second", "sum of squares", "mean logarithm")


class Strings(NamedTuple):
    """Simulated events.

    Attributes:
        hadrons: shares of the energy in falling order, (N, H); zero where there is none.
        breaks: the latent z in the order of the break-ups, (N, H); NaN where there is none.
    """

    hadrons: np.ndarray
    breaks: np.ndarray


@dataclass
class Fragmentation:
    """f(z) as a histogram with equal bins in (0, 1).

    Attributes:
        probabilities: of the bins, (B,), of sum one.

    Raises:
        ValueError: fewer than two bins, negative probabilities, or a sum of zero.
    """

    probabilities: np.ndarray

    def __post_init__(self) -> None:
        given = checked_not_negative("probabilities", self.probabilities)
        if given.ndim != 1 or len(given) < 2 or given.sum() == 0:
            raise ValueError(
                f"probabilities has shape {given.shape} and sum {given.sum()}: give two or more "
                "bins with a positive sum"
            )
        self.probabilities = given / given.sum()

    @property
    def edges(self) -> np.ndarray:
        """Edges of the bins, (B + 1,)."""
        return np.linspace(0, 1, len(self.probabilities) + 1)

    def simulate(self, n: int, rng: Seed = 0) -> Strings:
        """n events."""
        n = checked_count("n", n)
        generator = checked_rng(rng)
        left = np.ones(n)
        hadrons: list[np.ndarray] = []
        breaks: list[np.ndarray] = []
        while (left > SMALLEST_LEFT).any() and len(breaks) < MOST_BREAKS:
            goes_on = left > SMALLEST_LEFT
            z = self._drawn(n, generator)
            hadrons.append(np.where(goes_on, z * left, 0.0))
            breaks.append(np.where(goes_on, z, np.nan))
            left = np.where(goes_on, (1 - z) * left, left)
        hadrons.append(left)  # the last one takes the rest
        return Strings(-np.sort(-np.array(hadrons).T, axis=1), np.array(breaks).T)

    def _drawn(self, n: int, rng: np.random.Generator) -> np.ndarray:
        n_bins = len(self.probabilities)
        return (rng.choice(n_bins, n, p=self.probabilities) + rng.random(n)) / n_bins


def observables(hadrons: ArrayLike) -> np.ndarray:
    """What a detector sees of hadrons (N, H) of energy one, (N, 5), see `OBSERVABLES`."""
    shares = checked_finite("hadrons", hadrons, n_axes=2)
    number = (shares > 0).sum(axis=1)
    logs = np.log(np.where(shares > 0, shares, 1.0)).sum(axis=1) / np.maximum(number, 1)
    ordered = -np.sort(-shares, axis=1)
    return np.column_stack([number, ordered[:, :2], (shares**2).sum(axis=1), logs])


@dataclass
class FragmentationFit:
    """Fits f(z) to observables of events.

    Attributes:
        start: the first f(z).
        n_iterations: simulations and classifiers, one after the other.
        n_events: of each simulation.
        history: f(z) after each iteration, after `fit`; the first one is the start.
    """

    start: Fragmentation = field(default_factory=lambda: Fragmentation(np.ones(20)))
    n_iterations: int = 8
    n_events: int = 10_000
    history: list[Fragmentation] = field(default_factory=list, init=False, repr=False)

    def fit(self, data: ArrayLike, *, rng: Seed = 0) -> Self:
        """Learn from the observables of data (M, 5).

        Raises:
            ValueError: another number of observables, or NaN.
        """
        seen = checked_finite("data", data, n_axes=2)
        if seen.shape[1] != len(OBSERVABLES):
            raise ValueError(
                f"data has {seen.shape[1]} columns: give the {len(OBSERVABLES)} of `observables`"
            )
        generator = checked_rng(rng)
        self.history = [self.start]
        for _ in range(checked_count("n_iterations", self.n_iterations)):
            events = self.history[-1].simulate(self.n_events, generator)
            ratio = fit_ratio(
                seen, observables(events.hadrons), model="trees", folds=2, rng=generator
            )
            self.history.append(self._weighted(events, ratio.denominator.weights))
        return self

    @property
    def found(self) -> Fragmentation:
        """f(z) after the last iteration.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if not self.history:
            raise RuntimeError("this FragmentationFit has not been fitted: call fit first")
        return self.history[-1]

    def _weighted(self, events: Strings, weights: np.ndarray) -> Fragmentation:
        """The histogram of all break-ups, each with the weight of its event."""
        happened = np.isfinite(events.breaks)
        of_break = np.broadcast_to(weights[:, None], events.breaks.shape)[happened]
        heights, _ = np.histogram(events.breaks[happened], self.start.edges, weights=of_break)
        return Fragmentation(heights)
