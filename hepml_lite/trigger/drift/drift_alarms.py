"""Has the rate changed? A sequential test that adds up small deviations: CUSUM.

A monitor counts how many crossings each interval of time has kept. A limit on single counts finds
large jumps and misses slow drifts. The cumulative sum of E. S. Page (Biometrika 41 (1954) 100),

    S_t = max(0, S_{t-1} + z_t - k),  alarm if S_t > h,

adds up standardised deviations z_t and forgets as long as they stay below the reference k. The
price of an alarm system is how often it cries wolf: the average run length (ARL) is the mean
number of intervals until an alarm. Its integral equation (Page, eq. 1) is solved here by Gaussian
quadrature; D. Siegmund (*Sequential Analysis*, Springer 1985) gives a formula for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng

SIEGMUND = 1.166  # 2 * 0.583, by how much a random walk overshoots its two limits
SIEGMUND_SHIFT = 3.0  # the largest, either way; he takes small ones, and e^x must stay finite
N_NODES = 64  # of the quadrature
LARGEST_LIMIT = 50.0
LARGEST_RUN_LENGTH = 1e9  # that a limit is computed for
LARGEST_CONDITION = 1e14  # of the equation: beyond it no digit of the answer is right


def average_run_length(shift: float, limit: float, reference: float = 0.5) -> float:
    """Mean number of intervals until the alarm, for z ~ N(shift, 1).

    L(s) = 1 + L(0) P(s + z - k <= 0) + integral over 0 < y <= h of L(y) p(y - s + k) is solved on
    the nodes of a Gauss-Legendre quadrature; the answer is L(0). It is inf from about 10^14
    intervals on, which is more than can be computed.

    Args:
        shift: of the mean, in standard deviations.
        limit: h > 0.
        reference: k >= 0, half of the shift that one wants to find.

    Raises:
        ValueError: for a limit that is not positive, or a negative reference.
    """
    checked_number("limit", limit, 0, LARGEST_LIMIT, "(]", "5.0")
    checked_number("reference", reference, 0, np.inf, "[)", "0.5")
    checked_number("shift", shift, example="1.0")
    node, weight = np.polynomial.legendre.leggauss(N_NODES)
    y = limit * (node + 1) / 2
    weight = weight * limit / 2
    start = np.append(0.0, y)  # L at 0 and at the nodes
    to_zero = norm.cdf(reference - shift - start)
    to_node = weight * norm.pdf(y - start[:, None] + reference - shift)
    moves = np.column_stack([to_zero, to_node])
    stays = np.eye(len(start)) - moves
    if np.linalg.cond(stays) > LARGEST_CONDITION:
        return np.inf
    return float(np.linalg.solve(stays, np.ones(len(start)))[0])


def siegmund_run_length(shift: float, limit: float, reference: float = 0.5) -> float:
    """Siegmund's approximation: (e^{-2 d b} + 2 d b - 1) / (2 d^2), d = shift - k, b = h + 1.166.

    Raises:
        ValueError: as `average_run_length`.
    """
    checked_number("limit", limit, 0, LARGEST_LIMIT, "(]", "5.0")
    moved = checked_number("shift", shift, -SIEGMUND_SHIFT, SIEGMUND_SHIFT, example="1.0")
    drift = moved - checked_number("reference", reference, 0, SIEGMUND_SHIFT, "[]", "0.5")
    wide = limit + SIEGMUND
    if abs(drift) < 1e-6:
        return wide**2
    return float((np.exp(-2 * drift * wide) + 2 * drift * wide - 1) / (2 * drift**2))


def limit_for(run_length: float, reference: float = 0.5) -> float:
    """The limit h whose mean number of intervals between false alarms is `run_length`.

    Raises:
        ValueError: for a run length that no limit below 50 has.
    """
    checked_number("run_length", run_length, 2, LARGEST_RUN_LENGTH, "(]", "1000")
    edges = (1e-3, 3.0)
    while average_run_length(0.0, edges[1], reference) < run_length:
        edges = (edges[1], 1.5 * edges[1])
        if edges[1] > LARGEST_LIMIT:
            raise ValueError(f"run_length {run_length:g}: ask for less, or raise the reference")

    def excess(limit: float) -> float:
        return average_run_length(0.0, limit, reference) - run_length

    if excess(edges[0]) > 0:
        raise ValueError(f"run_length {run_length:g} is below that of any limit: ask for more")
    return float(brentq(excess, *edges))


@dataclass(frozen=True)
class Cusum:
    """Two cumulative sums, one for a rise and one for a fall.

    Attributes:
        limit: h.
        reference: k.

    Raises:
        ValueError: for a limit that is not positive, or a negative reference.
    """

    limit: float
    reference: float = 0.5

    def __post_init__(self) -> None:
        checked_number("limit", self.limit, 0, np.inf, "()", "5.0")
        checked_number("reference", self.reference, 0, np.inf, "[)", "0.5")

    @classmethod
    def with_false_alarms(cls, run_length: float, reference: float = 0.5) -> "Cusum":
        """Both sums together raise a false alarm every `run_length` intervals on average.

        Each of the two has twice this run length.
        """
        return cls(limit_for(2 * run_length, reference), reference)

    def sums(self, z: ArrayLike) -> np.ndarray:
        """Both sums (2, ..., T) of standardised deviations z (..., T): rise and fall.

        They start at zero and go on after an alarm.
        """
        deviations = np.atleast_1d(checked_finite("z", z, fewest=1))
        signed = np.stack([deviations, -deviations]) - self.reference
        total = np.zeros(signed.shape[:-1])
        found = np.empty(signed.shape)
        for time in range(signed.shape[-1]):
            total = np.maximum(0, total + signed[..., time])
            found[..., time] = total
        return found

    def first_alarm(self, z: ArrayLike) -> np.ndarray:
        """Number of intervals up to the first alarm, (...,) of z (..., T); 0 without an alarm."""
        above = (self.sums(z) > self.limit).any(axis=0)
        return np.where(above.any(axis=-1), above.argmax(axis=-1) + 1, 0)


def deviations(counts: ArrayLike, expected: ArrayLike) -> np.ndarray:
    """z = 2 (sqrt(n + 3/8) - sqrt(expected + 1/8)) of Poisson counts, nearly N(0, 1) from 10 on.

    The root makes the width independent of the mean, and nearly removes the skewness that would
    add false alarms on the high side (F. J. Anscombe, Biometrika 35 (1948) 246).

    Raises:
        ValueError: for counts that are negative, expectations that are not positive, or shapes
            that differ.
    """
    numbers = checked_finite("counts", counts, fewest=1)
    means = checked_finite("expected", expected, fewest=1)
    if means.ndim and means.shape not in (numbers.shape, numbers.shape[-1:]):
        raise ValueError(
            f"counts {numbers.shape} and expected {means.shape}: give one expectation for each "
            "count, for each interval (T,), or one for all"
        )
    if (numbers < 0).any() or (means <= 0).any():
        raise ValueError(
            f"counts from {numbers.min():g}, expected from {means.min():g}: counts are not "
            "negative, and their expectations are above 0"
        )
    return 2 * (np.sqrt(numbers + 0.375) - np.sqrt(means + 0.125))


def simulated_run_length(
    cusum: Cusum, shift: float, n_runs: int, rng: Seed, longest: int = 20_000
) -> tuple[float, float]:
    """Mean run length of simulated runs with z ~ N(shift, 1), and its statistical error.

    Args:
        cusum: the alarm, with both of its sums.
        shift: of the mean.
        n_runs: runs.
        rng: source of randomness, or its seed.
        longest: runs without an alarm until then count with this length.
    """
    if not isinstance(cusum, Cusum):
        raise TypeError(f"cusum is {type(cusum).__name__}: give Cusum(limit=5.0)")
    n_runs, longest = checked_count("n_runs", n_runs), checked_count("longest", longest)
    checked_number("shift", shift, example="1.0")
    generator = checked_rng(rng)
    length = np.full(n_runs, longest)
    total = np.zeros((2, n_runs))
    running = np.arange(n_runs)
    for time in range(1, longest + 1):
        z = generator.normal(shift, 1, len(running))
        total = np.maximum(0, total + np.stack([z, -z]) - cusum.reference)
        alarm = (total > cusum.limit).any(axis=0)
        length[running[alarm]] = time
        running, total = running[~alarm], total[:, ~alarm]
        if not len(running):
            break
    return float(length.mean()), float(length.std() / np.sqrt(n_runs))
