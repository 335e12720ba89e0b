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
from hepml_lite.statistics.settings_checks import checked_count, checked_number

SIEGMUND = 1.166  # 2 * 0.583, by how much a random walk overshoots its two limits
N_NODES = 64  # of the quadrature
LARGEST_LIMIT = 50.0


def average_run_length(shift: float, limit: float, reference: float = 0.5) -> float:
    """Mean number of intervals until the alarm, for z ~ N(shift, 1).

    L(s) = 1 + L(0) P(s + z - k <= 0) + integral over 0 < y <= h of L(y) p(y - s + k) is solved on
    the nodes of a Gauss-Legendre quadrature; the answer is L(0).

    Args:
        shift: of the mean, in standard deviations.
        limit: h > 0.
        reference: k >= 0, half of the shift that one wants to find.

    Raises:
        ValueError: for a limit that is not positive, or a negative reference.
    """
    checked_number("limit", limit, 0, LARGEST_LIMIT, "(]", "5.0")
    checked_number("reference", reference, 0, np.inf, "[)", "0.5")
    node, weight = np.polynomial.legendre.leggauss(N_NODES)
    y = limit * (node + 1) / 2
    weight = weight * limit / 2
    start = np.append(0.0, y)  # L at 0 and at the nodes
    to_zero = norm.cdf(reference - shift - start)
    to_node = weight * norm.pdf(y - start[:, None] + reference - shift)
    moves = np.column_stack([to_zero, to_node])
    return float(np.linalg.solve(np.eye(len(start)) - moves, np.ones(len(start)))[0])


def siegmund_run_length(shift: float, limit: float, reference: float = 0.5) -> float:
    """Siegmund's approximation: (e^{-2 d b} + 2 d b - 1) / (2 d^2), d = shift - k, b = h + 1.166.

    Raises:
        ValueError: as `average_run_length`.
    """
    checked_number("limit", limit, 0, LARGEST_LIMIT, "(]", "5.0")
    drift = shift - checked_number("reference", reference, 0, np.inf, "[)", "0.5")
    wide = limit + SIEGMUND
    if abs(drift) < 1e-6:
        return wide**2
    return float((np.exp(-2 * drift * wide) + 2 * drift * wide - 1) / (2 * drift**2))


def limit_for(run_length: float, reference: float = 0.5) -> float:
    """The limit h whose mean number of intervals between false alarms is `run_length`.

    Raises:
        ValueError: for a run length that no limit below 50 has.
    """
    checked_number("run_length", run_length, 2, np.inf, "(]", "1000")
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
    """

    limit: float
    reference: float = 0.5

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
        deviations = np.atleast_1d(checked_finite("z", z))
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
        ValueError: for counts that are negative, or expectations that are not positive.
    """
    numbers = checked_finite("counts", counts)
    means = checked_finite("expected", expected)
    if (numbers < 0).any() or (means <= 0).any():
        raise ValueError(
            f"counts from {numbers.min():g}, expected from {means.min():g}: counts are not "
            "negative, and their expectations are above 0"
        )
    return 2 * (np.sqrt(numbers + 0.375) - np.sqrt(means + 0.125))


def simulated_run_length(
    cusum: Cusum, shift: float, n_runs: int, rng: np.random.Generator, longest: int = 20_000
) -> tuple[float, float]:
    """Mean run length of simulated runs with z ~ N(shift, 1), and its statistical error.

    Args:
        cusum: the alarm, with both of its sums.
        shift: of the mean.
        n_runs: runs.
        rng: source of randomness.
        longest: runs without an alarm until then count with this length.
    """
    checked_count("n_runs", n_runs)
    length = np.full(n_runs, longest)
    total = np.zeros((2, n_runs))
    running = np.arange(n_runs)
    for time in range(1, longest + 1):
        z = rng.normal(shift, 1, len(running))
        total = np.maximum(0, total + np.stack([z, -z]) - cusum.reference)
        alarm = (total > cusum.limit).any(axis=0)
        length[running[alarm]] = time
        running, total = running[~alarm], total[:, ~alarm]
        if not len(running):
            break
    return float(length.mean()), float(length.std() / np.sqrt(n_runs))
