"""Posteriors that are wrong in a known way, and what each check says of them.

Two parameters are uniform from -1 to 1, and measured with Gaussian noise: the exact posterior is a
Gaussian that is cut off at the ends. A third feature is zero in all simulations, as a dead channel.
An estimate of the posterior has a bias and a width, and one of these failures:

| failure | what happened |
|---|---|
| none | nothing but bias and width |
| leakage | a part of the draws is outside the prior |
| outlier scaling | outliers set the scale of the second feature, and the network does not see it |
| constant feature | the dead channel is alive in the data, and moves the first parameter |
| prior edge | the true value is beyond the end of the prior |
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri
from scipy.stats import norm

from hepml_lite.inference.calibration import data_model_checks, judges
from hepml_lite.inference.posterior import sampling
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

FAILURES = ("none", "leakage", "outlier scaling", "constant feature", "prior edge")
NOISE = 0.3  # of both features
END = 1.0  # of the prior, on both sides
BLIND = 30.0  # noise of a feature that is not seen
PUSH = 3.0  # of the living channel, in units of the noise
OBSERVED = {"constant feature": (0.4, -0.1, 1.0), "prior edge": (2.0, -0.1, 0.0)}
USUAL = (0.4, -0.1, 0.0)
FOUND = 0.0027  # p-value of three standard deviations
FEWEST_EFFECTIVE = 0.5  # share of the draws that importance weights should leave


@dataclass(frozen=True)
class FailingPosterior:
    """An estimate of the posterior.

    Attributes:
        failure: one of `FAILURES`.
        bias: of both parameters, in standard deviations of the noise.
        width: over the right one.

    Raises:
        ValueError: another failure, or a width that is not positive.
    """

    failure: str = "none"
    bias: float = 0.0
    width: float = 1.0

    def __post_init__(self) -> None:
        if self.failure not in FAILURES:
            raise ValueError(f"failure is {self.failure!r}: give one of {', '.join(FAILURES)}")
        checked_number("bias", self.bias, example="0.5")
        checked_number("width", self.width, 0, np.inf, "()", "0.5")

    @property
    def observed(self) -> np.ndarray:
        """The data at hand (3,)."""
        return np.array(OBSERVED.get(self.failure, USUAL))

    def sample(self, n: int, x: ArrayLike, rng: Seed = 0) -> np.ndarray:
        """Draw (n, N, 2) at N observations (N, 3); (n, 2) at one."""
        rows = _checked_features(x)
        centre, width = self._gaussian(rows)
        low, high = ndtr((self._ends - centre) / width)
        size = (checked_count("n", n), *centre.shape)
        share = low + (high - low) * checked_rng(rng).random(size)
        drawn = centre + width * ndtri(np.clip(share, 1e-15, 1 - 1e-15))
        if np.isfinite(self._ends).all():
            drawn = np.clip(drawn, *self._ends)
        return drawn if np.ndim(x) > 1 else drawn[:, 0]

    def log_prob(self, theta: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Log density (...) of points (..., 2) at the observations (..., 3)."""
        points = checked_finite("theta", theta)
        if points.shape[-1:] != (2,):
            raise ValueError(f"theta has shape {points.shape}: give points (..., 2)")
        centre, width = self._gaussian(_checked_features(x))
        log_p = norm.logpdf(points, centre, width)
        low, high = log_ndtr((self._ends - centre) / width)
        log_inside = logsumexp([high, low], axis=0, b=[[[1.0]], [[-1.0]]])
        inside = (points >= self._ends[0]) & (points <= self._ends[1])
        return np.where(inside, log_p - log_inside, -np.inf).sum(-1)

    @property
    def _ends(self) -> np.ndarray:
        """Of the estimate, (2, 1, 1)."""
        end = np.inf if self.failure == "leakage" else END
        return np.array([-end, end])[:, None, None]

    def _gaussian(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centre and width (N, 2) of the estimate before it is cut."""
        centre = x[:, :2] + self.bias * NOISE
        width = np.full_like(centre, self.width * NOISE)
        if self.failure == "outlier scaling":
            width[:, 1] = BLIND
        if self.failure == "constant feature":
            centre[:, 0] += PUSH * NOISE * x[:, 2]
        return centre, width


EXACT = FailingPosterior()


def simulate(n: int, rng: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw n points (n, 2) of the prior, and an observation (n, 3) of each."""
    generator = checked_rng(rng)
    theta = generator.uniform(-END, END, (checked_count("n", n), 2))
    return theta, measured(theta, generator)


def measured(theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One observation (N, 3) of each point (N, 2); the third number is zero."""
    noisy = theta + NOISE * rng.normal(size=theta.shape)
    return np.column_stack([noisy, np.zeros(len(theta))])


class Finding(NamedTuple):
    """What one check says.

    Attributes:
        check: its name, as in `chooser.CHECKS`.
        says: its number, in words.
        found: whether it finds a fault.
    """

    check: str
    says: str
    found: bool


@dataclass(frozen=True)
class Judged:
    """All checks that take milliseconds.

    Attributes:
        ranks: simulation-based calibration, with ranks (N, 2).
        expected: expected coverage.
        tarp: with random references.
        tarp_of_data: with references that depend on the data.
        findings: of all checks.
    """

    ranks: judges.RankTest
    expected: judges.RegionTest
    tarp: judges.RegionTest
    tarp_of_data: judges.RegionTest
    findings: tuple[Finding, ...]


def judge(
    estimate: FailingPosterior, n_observations: int = 400, n_draws: int = 100, rng: Seed = 0
) -> Judged:
    """Apply the checks.

    Args:
        estimate: of the posterior.
        n_observations: simulated, for the checks that average over the prior.
        n_draws: at each of them.
        rng: generator or seed.

    Raises:
        ValueError: fewer observations than a histogram of ranks needs.
    """
    generator = checked_rng(rng)
    theta, x = simulate(n_observations, generator)
    draws = estimate.sample(n_draws, x, generator)
    ranks = judges.simulation_based_calibration(draws, theta, rng=generator)
    finite = np.finfo(float).min / 4  # log_prob is -inf outside the prior
    of_draws = np.maximum(estimate.log_prob(draws, x), finite)
    of_truths = np.maximum(estimate.log_prob(theta, x), finite)
    expected = judges.expected_coverage(of_draws, of_truths, generator)
    tarp = judges.tarp(draws, theta, rng=generator)
    references = x[:, :2] + NOISE * generator.normal(size=theta.shape)
    tarp_of_data = judges.tarp(draws, theta, references, rng=generator)
    covered = judges.coverage(draws, theta, rng=generator)
    findings = (
        _of_p_value("simulation-based calibration", 2 * ranks.p_values.min()),
        _of_coverage(covered),
        _of_p_value("expected coverage", expected.p_value),
        _of_p_value("TARP, random references", tarp.p_value),
        _of_p_value("TARP, references near the data", tarp_of_data.p_value),
        *_at_the_observation(estimate, x, generator),
    )
    return Judged(ranks, expected, tarp, tarp_of_data, findings)


def _at_the_observation(
    estimate: FailingPosterior, x: np.ndarray, rng: np.random.Generator
) -> list[Finding]:
    """The checks that look at the data at hand."""
    observed = estimate.observed
    drawn = estimate.sample(1000, observed, rng)
    exact = EXACT.log_prob(drawn, observed)
    of_estimate = estimate.log_prob(drawn, observed)
    weights = sampling.weighted(drawn, exact, of_estimate)
    share = weights.effective_size / len(drawn)
    predicted = data_model_checks.predictive_check(measured(drawn, rng)[:, :2], observed[:2])
    varies = x.std(0) > 0
    far = data_model_checks.is_simulated(x[:, varies], observed[varies])
    is_new = bool((observed[~varies] != x[0, ~varies]).any())
    says = "a constant feature differs" if is_new else _in_words(far.p_value)
    inside = float((np.abs(drawn) <= END).all(1).mean())
    return [
        Finding("draws within the prior", f"{100 * inside:.0f} %", inside < 0.99),
        Finding(
            "importance weights",
            f"{100 * share:.0f} % remain",
            bool(share < FEWEST_EFFECTIVE),
        ),
        _of_p_value("posterior predictive check", predicted.p_value, 0.01),
        Finding("misspecification", says, is_new or far.p_value < 0.01),
    ]


def _of_p_value(check: str, p_value: float, found: float = FOUND) -> Finding:
    return Finding(check, _in_words(min(p_value, 1.0)), bool(p_value < found))


def _in_words(p_value: float) -> str:
    return f"p = {p_value:.2g}" if p_value >= 1e-4 else "p < 0.0001"


def _of_coverage(covered: list[Interval]) -> Finding:
    """The 68 % interval that is farthest from its level."""
    pulls = [abs(each.value - 0.68) / max(each.error, 1e-3) for each in covered]
    worst = covered[int(np.argmax(pulls))]
    return Finding("coverage of intervals", f"{100 * worst.value:.0f} % of 68 %", max(pulls) > 3)


def _checked_features(x: ArrayLike) -> np.ndarray:
    """Observations (N, 3)."""
    rows = np.atleast_2d(checked_finite("x", x))
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise ValueError(f"x has shape {np.shape(x)}: give observations (N, 3)")
    return rows
