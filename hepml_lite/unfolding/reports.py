"""What is reported of every unfolding: closed gap, closure, coverage and the bottom-line test.

The distance between distributions is the triangular discriminator with its factor ½ and its
floor, `hepml_lite.statistics.two_sample.triangular_distance`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from hepml_lite.statistics.data_checks import as_floats, checked_finite
from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng
from hepml_lite.statistics.two_sample import triangular_distance
from hepml_lite.unfolding.binned.inputs import checked_covariance, checked_response
from hepml_lite.unfolding.binned.inversion import inverse_root

LARGEST_NEGATIVE = 1e-9  # variance, against the largest: rounding makes such
SMALLEST_GAP = 5.0  # in floors: a smaller gap is too near to chance for a share of it


@dataclass(frozen=True)
class ClosedGap:
    """How much of the distance from simulation to nature an unfolding has closed.

    Attributes:
        before: triangular discriminator of the simulation and nature.
        after: of the unfolded simulation and nature.
        floor: what two samples of one distribution would have.
        share: (before − after) / (before − floor), with its bootstrap error; None where the gap
            is below five floors. 1 is closed, a negative share has made it worse.
    """

    before: float
    after: float
    floor: float
    share: Interval | None

    def __str__(self) -> str:
        numbers = f"{1e3 * self.before:.3g}e-3 -> {1e3 * self.after:.3g}e-3"
        closed = f"closed: {self.share}" if self.share else "gap too small to tell"
        return f"{numbers} (floor {1e3 * self.floor:.3g}e-3), {closed}"


def closed_gap(
    simulated: ArrayLike,
    prior_weights: ArrayLike | None,
    unfolded_weights: ArrayLike,
    nature: ArrayLike,
    edges: ArrayLike,
    n_bootstrap: int = 200,
    rng: Seed = 0,
    generated: ArrayLike | None = None,
) -> ClosedGap:
    """The share of the gap in one observable that is closed.

    Args:
        simulated: (N,) true values of the simulated events.
        prior_weights: (N,) generator weights; None: one for each.
        unfolded_weights: (N,), or (K,) of generated events.
        nature: (M,) true values of nature.
        edges: (B + 1,); values outside count in the first and in the last bin.
        n_bootstrap: resamples of both samples, for the error. The weights of an event stay as
            they are, so the error is that of the test samples; that of the unfolding comes from
            several trainings.
        rng: generator or seed.
        generated: (K,) values of unfolded events that are not the simulated ones; None: the
            unfolding gives weights to the simulated events.

    Raises:
        ValueError: as `triangular_distance`.
    """
    true = checked_finite("simulated", simulated, 1)
    of_nature = checked_finite("nature", nature, 1)
    prior = np.ones(len(true)) if prior_weights is None else as_floats("prior", prior_weights)
    weights = as_floats("unfolded_weights", unfolded_weights)
    unfolded = true if generated is None else as_floats("generated", generated)
    before = triangular_distance(true, of_nature, edges, prior)
    after = triangular_distance(unfolded, of_nature, edges, weights)
    share = None
    if before.value > SMALLEST_GAP * before.floor:
        generator = checked_rng(rng)
        shares = []
        for _ in range(checked_count("n_bootstrap", n_bootstrap, 2, "an error needs resamples")):
            rows = generator.integers(len(true), size=len(true))
            others = of_nature[generator.integers(len(of_nature), size=len(of_nature))]
            old = triangular_distance(true[rows], others, edges, prior[rows]).value
            if generated is not None:
                rows = generator.integers(len(unfolded), size=len(unfolded))
            new = triangular_distance(unfolded[rows], others, edges, weights[rows]).value
            shares.append((old - new) / (old - before.floor))
        closed = (before.value - after.value) / (before.value - before.floor)
        share = Interval.symmetric(closed, float(np.std(shares, ddof=1)))
    return ClosedGap(before.value, after.value, after.floor, share)


@dataclass(frozen=True)
class ChiSquared:
    """A χ² with its number of degrees of freedom."""

    value: float
    n_degrees: int

    @property
    def p_value(self) -> float:
        """Chance of a χ² as large or larger."""
        return float(chi2.sf(self.value, self.n_degrees))


def chi_squared(spectrum: ArrayLike, expected: ArrayLike, covariance: ArrayLike) -> ChiSquared:
    """(x − y)ᵀ V⁻¹ (x − y), in the directions in which V has a variance.

    A bin without variance, as an empty one, does not count.

    Args:
        spectrum: x (B,).
        expected: y (B,).
        covariance: V (B, B).

    Raises:
        ValueError: shapes that differ, numbers that are not finite, or a matrix that is no
            covariance: not symmetric, with a negative variance in some direction, or zero.
    """
    x = checked_finite("spectrum", spectrum, 1, fewest=1)
    y = checked_finite("expected", expected, 1)
    if x.shape != y.shape:
        raise ValueError(
            f"spectrum has {len(x)} bins and expected has {len(y)}: give the same bins"
        )
    difference = x - y
    given = checked_finite("covariance", covariance, n_axes=2)  # None is no covariance here
    matrix = checked_covariance(given, difference)
    variances = np.linalg.eigvalsh(matrix)
    if variances[-1] <= 0 or variances[0] < -LARGEST_NEGATIVE * variances[-1]:
        raise ValueError(
            f"covariance has variances from {variances[0]:.3g} to {variances[-1]:.3g} along its "
            "axes: none of a covariance is negative, and one is positive; np.diag(errors**2) makes "
            "one of independent errors"
        )
    root = inverse_root(matrix)
    pull = root @ difference
    return ChiSquared(float(pull @ pull), int(root.any(axis=1).sum()))


@dataclass(frozen=True)
class BottomLine:
    """Two models told apart by the measured and by the unfolded spectrum.

    Attributes:
        measured: χ² between both folded models, with the errors of the data.
        unfolded: χ² between both true models, with the errors of the unfolded spectrum.
    """

    measured: ChiSquared
    unfolded: ChiSquared

    @property
    def passed(self) -> bool:
        """Whether unfolding has added no sensitivity: it cannot add information."""
        return self.unfolded.value <= self.measured.value * (1 + 1e-9)


def bottom_line_test(
    model: ArrayLike,
    other_model: ArrayLike,
    response: ArrayLike,
    measured_covariance: ArrayLike,
    unfolded_covariance: ArrayLike,
) -> BottomLine:
    """Whether the unfolded spectrum claims to separate two models better than the data do.

    Regularised errors can be too small: they leave the bias out. R. Cousins, S. May, Y. Sun,
    arXiv:1607.07038.

    Args:
        model: true spectrum (T,).
        other_model: (T,).
        response: (M, T), P(measured in bin i | true in bin j).
        measured_covariance: (M, M).
        unfolded_covariance: (T, T).

    Raises:
        ValueError: shapes that differ, numbers that are not finite, a response of counts, or as
            `chi_squared`.
    """
    matrix = checked_response(response)
    one = checked_finite("model", model, n_axes=1)
    other = checked_finite("other_model", other_model, n_axes=1)
    if not len(one) == len(other) == matrix.shape[1]:
        raise ValueError(
            f"models have {len(one)} and {len(other)} bins, the response {matrix.shape[1]} columns"
        )
    return BottomLine(
        chi_squared(matrix @ one, matrix @ other, measured_covariance),
        chi_squared(one, other, unfolded_covariance),
    )


@dataclass(frozen=True)
class Coverage:
    """How often the intervals of pseudo-experiments hold the truth.

    Attributes:
        bins: share of the experiments whose interval holds the truth, for each of the B bins.
        mean: over bins; its error is from the spread over experiments, for bins are correlated.
        bias: (B,), mean of the pulls (unfolded − truth) / error.
        level: what was promised.
    """

    bins: list[Interval]
    mean: Interval
    bias: np.ndarray
    level: float


def coverage(
    unfolded: ArrayLike, errors: ArrayLike, truth: ArrayLike, n_sigma: float = 1.0
) -> Coverage:
    """Coverage of unfolded ± n_sigma · error over pseudo-experiments.

    Args:
        unfolded: (E, B), spectra of E pseudo-experiments.
        errors: (E, B), positive.
        truth: (B,), from which the experiments were drawn.
        n_sigma: half width of the intervals.

    Raises:
        ValueError: shapes that do not fit, fewer than two experiments, or errors that are not
            positive.
    """
    spectra = checked_finite("unfolded", unfolded, n_axes=2)
    widths = checked_finite("errors", errors, n_axes=2)
    expected = checked_finite("truth", truth, n_axes=1)
    factor = checked_number("n_sigma", n_sigma, 0, np.inf, "()", "1.0")
    if widths.shape != spectra.shape or len(expected) != spectra.shape[1] or len(spectra) < 2:
        raise ValueError(
            f"unfolded, errors and truth have shapes {spectra.shape}, {widths.shape} and "
            f"{expected.shape}: give (experiments, bins) twice, of two or more experiments, and "
            "(bins,)"
        )
    if widths.min() <= 0:
        raise ValueError(f"the smallest error is {widths.min():g}: errors are positive")
    pulls = (spectra - expected) / widths
    inside = np.abs(pulls) <= factor
    number = len(inside)
    bins = [efficiency_interval(int(passed), number) for passed in inside.sum(axis=0)]
    of_experiments = inside.mean(axis=1)
    error = of_experiments.std(ddof=1) / np.sqrt(number)
    return Coverage(
        bins=bins,
        mean=Interval.symmetric(float(of_experiments.mean()), float(error)),
        bias=pulls.mean(axis=0),
        level=float(chi2.cdf(factor**2, 1)),
    )
