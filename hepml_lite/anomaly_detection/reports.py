"""What is reported of every search: improvement with its floor, flatness, and runs without signal.

Two papers cut the curve of the significance improvement at different background efficiencies, so
that their maxima do not compare (arXiv:2109.00546 at 1.8e-5, arXiv:2309.13111 where the relative
error of the background is 20 %). A report here always says where it was cut, and what a perfect
classifier would have got there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, kstest

from hepml_lite.statistics.data_checks import (
    as_array,
    checked_edges,
    checked_finite,
    checked_labels,
)
from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.metrics import significance_improvement_curve
from hepml_lite.statistics.settings_checks import checked_number

FEWEST_EXPECTED = 5.0  # selected and rejected events in a bin, for a χ²
FEWEST_SEEDS = 2
ROUNDING = 1e-9  # 1 / 0.2² is not quite 25


@dataclass(frozen=True)
class Improvement:
    """The significance improvement of a score on labelled test events.

    Attributes:
        signal_efficiency: (T,) of the trusted thresholds, from tight to loose.
        improvement: ε_S / √ε_B at them, (T,).
        background_error: the largest relative error of the background that is trusted.
        smallest_background_efficiency: where the curve is cut for that.
    """

    signal_efficiency: np.ndarray
    improvement: np.ndarray
    background_error: float
    smallest_background_efficiency: float

    @property
    def largest(self) -> float:
        """The maximum over the thresholds. No cut gives 1; noise alone gives a little more."""
        return float(self.improvement.max())

    @property
    def at_signal_efficiency(self) -> float:
        """Where the maximum is."""
        return float(self.signal_efficiency[self.improvement.argmax()])

    @property
    def largest_possible(self) -> float:
        """What a perfect score would get on this sample: 1 / √(smallest background efficiency)."""
        return float(1 / np.sqrt(self.smallest_background_efficiency))

    def __str__(self) -> str:
        return (
            f"max SIC {self.largest:.3g} at signal efficiency {self.at_signal_efficiency:.2g}; "
            f"background known to {self.background_error:.0%} or better, so that its efficiency is "
            f"at least {self.smallest_background_efficiency:.2g} and the SIC at most "
            f"{self.largest_possible:.3g} on this sample"
        )


def improvement(
    labels: ArrayLike, scores: ArrayLike, max_relative_background_error: float = 0.2
) -> Improvement:
    """The significance improvement curve with the floor of the sample.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,).
        max_relative_background_error: thresholds with fewer background events are not trusted.

    Raises:
        ValueError: labels or scores that cannot be used, or too few background events.
    """
    bound = max_relative_background_error
    efficiency, values = significance_improvement_curve(labels, scores, bound)
    n_background = int((checked_labels(labels) == 0).sum())
    n_fewest = np.floor(1 / bound**2 + ROUNDING) + 1  # the fewest with an error below the bound
    return Improvement(efficiency, values, bound, float(n_fewest / n_background))


@dataclass(frozen=True)
class Flatness:
    """Whether a selection takes the same share of events at every mass.

    Attributes:
        efficiency: in all bins together.
        efficiencies: of the bins that count, (B,).
        chi_squared: of these efficiencies against the common one.
        degrees_of_freedom: bins less one.
    """

    efficiency: float
    efficiencies: np.ndarray
    chi_squared: float
    degrees_of_freedom: int

    @property
    def reduced(self) -> float:
        """χ² per degree of freedom: one if the selection does not sculpt the spectrum."""
        return self.chi_squared / self.degrees_of_freedom

    @property
    def p_value(self) -> float:
        """Of the χ²."""
        return float(chi2.sf(self.chi_squared, self.degrees_of_freedom))

    def __str__(self) -> str:
        return (
            f"χ²/ndf = {self.chi_squared:.1f}/{self.degrees_of_freedom} = {self.reduced:.2f} "
            f"(p = {self.p_value:.2g}) at efficiency {self.efficiency:.3g}"
        )


def flatness(mass: ArrayLike, selected: ArrayLike, edges: ArrayLike) -> Flatness:
    """χ² of the efficiency of a selection in bins of the mass against a constant.

    Bins with fewer than five selected or rejected events expected do not count.

    Args:
        mass: (N,) of background events, as those of the sidebands.
        selected: (N,) bool.
        edges: (B + 1,).

    Raises:
        ValueError: shapes that differ, a selection of all or of nothing, or fewer than two bins
            with enough events.
    """
    masses = checked_finite("mass", mass, n_axes=1)
    chosen = as_array("selected", selected)
    if chosen.dtype != bool or chosen.shape != masses.shape:
        raise ValueError(
            f"selected is {chosen.dtype} {chosen.shape} for {len(masses)} masses: give one bool an "
            "event, as scores >= threshold"
        )
    bins = checked_edges("edges", edges)
    total = np.histogram(masses, bins)[0]
    passed = np.histogram(masses[chosen], bins)[0]
    if not 0 < passed.sum() < total.sum():
        raise ValueError(
            f"{passed.sum()} of {total.sum()} events in the bins are selected: some must be, and "
            "some not"
        )
    efficiency = passed.sum() / total.sum()
    used = total * min(efficiency, 1 - efficiency) >= FEWEST_EXPECTED
    if used.sum() < 2:
        raise ValueError(
            f"{used.sum()} bins have {FEWEST_EXPECTED:g} selected and rejected events expected: "
            "give wider bins, or a looser selection"
        )
    n = total[used]
    k = passed[used]
    common = k.sum() / n.sum()
    chi_squared = np.sum((k - n * common) ** 2 / (n * common * (1 - common)))
    return Flatness(float(efficiency), k / n, float(chi_squared), int(used.sum()) - 1)


@dataclass(frozen=True)
class PairedDifference:
    """Two methods on the same seeds.

    Attributes:
        first: name.
        second: name.
        difference: mean of first minus second over the seeds, with its standard error.
    """

    first: str
    second: str
    difference: Interval

    @property
    def deviations(self) -> float:
        """The difference in standard errors."""
        return self.difference.value / self.difference.error if self.difference.error else 0.0

    def __str__(self) -> str:
        if abs(self.deviations) < 2:
            return f"{self.first} and {self.second} cannot be told apart: {self.difference}"
        better, worse = (self.first, self.second)
        if self.deviations < 0:
            better, worse = worse, better
        return f"{better} beats {worse}: {self.first} - {self.second} = {self.difference}"


def paired_differences(values: Mapping[str, ArrayLike], against: str) -> list[PairedDifference]:
    """Each method minus one of them, on the same seeds.

    Args:
        values: of each method, (S,), the seeds in the same order.
        against: the method with which the others are compared.

    Raises:
        ValueError: an unknown method, other numbers of seeds, or fewer than two.
    """
    if against not in values:
        raise ValueError(f"against is {against!r}: choose one of {', '.join(values)}")
    reference = checked_finite(against, values[against], n_axes=1)
    if len(reference) < FEWEST_SEEDS:
        raise ValueError(f"{len(reference)} seeds have no spread: run {FEWEST_SEEDS} or more")
    found = []
    for name, numbers in values.items():
        if name == against:
            continue
        own = checked_finite(name, numbers, n_axes=1)
        if own.shape != reference.shape:
            raise ValueError(
                f"{name} has {len(own)} seeds and {against} has {len(reference)}: pairs need the "
                "same seeds"
            )
        difference = own - reference
        error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
        found.append(
            PairedDifference(name, against, Interval.symmetric(float(difference.mean()), error))
        )
    return found


@dataclass(frozen=True)
class WithoutSignal:
    """Global p-values of searches where there is nothing to find.

    Attributes:
        p_values: (R,).
        uniformity: p-value of the Kolmogorov-Smirnov test against a uniform distribution.
        false_positives: share of p-values below `size`, with its 68 % Wilson interval.
        size: of the test.
    """

    p_values: np.ndarray
    uniformity: float
    false_positives: Interval
    size: float

    def __str__(self) -> str:
        return (
            f"{len(self.p_values)} runs without signal: {self.false_positives} below "
            f"{self.size:g}, uniformity p = {self.uniformity:.2g}"
        )


def without_signal(p_values: ArrayLike, size: float = 0.05) -> WithoutSignal:
    """Whether the p-values of runs without signal are what they claim to be.

    Raises:
        ValueError: no p-values, or numbers outside [0, 1].
    """
    p = checked_finite("p_values", p_values, n_axes=1)
    if not len(p) or p.min() < 0 or p.max() > 1:
        raise ValueError("p_values are missing or outside [0, 1]: give global p-values of runs")
    checked_number("size", size, 0, 1, "()", "0.05")
    false_positives = efficiency_interval(int((p <= size).sum()), len(p))
    return WithoutSignal(p, float(kstest(p, "uniform").pvalue), false_positives, size)
