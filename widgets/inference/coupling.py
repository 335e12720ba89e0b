"""The strong coupling from sets of hadronic Z decays, by several summaries of the events.

The Lund parameter a of the fragmentation is a nuisance. Another measurement of it, of a chosen
width, is a part of the data. All summaries have the likelihood of their means; the means of the
test sets are stored.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2

from hepml_lite.inference import hadronic_z
from hepml_lite.inference.classical.nuisances import Curve, marginalised, profiled
from hepml_lite.inference.sets.likelihood_of_means import LikelihoodOfMeans
from widgets.inference.peak import LEVELS, MARGINALISED, PROFILED, Coverage
from widgets.inference.stored import stored_results

LEARNED = "learned features"
SHAPES = "means of five shapes"
THRUST = "histogram of 1 − T"
MULTIPLICITY = "mean multiplicity"
FLOW = "posterior flow"
SUMMARIES = (LEARNED, SHAPES, THRUST, MULTIPLICITY)
METHODS = (*SUMMARIES, FLOW)
SHORT = {LEARNED: "learned", SHAPES: "shapes", THRUST: "thrust", MULTIPLICITY: "multiplicity"}

EVENTS = (25, 50, 100, 200, 400)
FLAT = "uniform, 0.4 to 1"
WIDTHS = {"± 0.01": 0.01, "± 0.05": 0.05, "± 0.1": 0.1, "± 0.2": 0.2, FLAT: np.inf}
N_CHOICES = 10  # test sets near the wanted value
LOW, HIGH = hadronic_z.PRIOR.low, hadronic_z.PRIOR.high
ALPHA = np.linspace(LOW[0], HIGH[0], 91)
OF_FLOW = ALPHA[::2]  # where the flow's density is stored
NUISANCE = np.linspace(LOW[1], HIGH[1], 41)
THRUST_EDGES = np.linspace(0, 0.3, 11)  # of the histogram that is fitted; the last bin is open
SHOWN = {
    "multiplicity": np.linspace(2, 50, 25),
    "one_minus_thrust": np.linspace(0, 0.4, 26),
}  # edges of the histograms that are shown
PARTS = ("centre", "width", "mean", "covariance", "unit")


class TestSet(NamedTuple):
    """One set of events of the test split.

    Attributes:
        row: its number.
        alpha_s: true.
        a_lund: true.
        measured_a: by the other measurement.
    """

    row: int
    alpha_s: float
    a_lund: float
    measured_a: float


@lru_cache(maxsize=len(SUMMARIES))
def likelihood(method: str) -> LikelihoodOfMeans:
    """Of the means of a summary."""
    stored = stored_results()
    return LikelihoodOfMeans(*(stored[f"{SHORT[method]}_{part}"] for part in PARTS))


def chosen(alpha_s: float, number: int, width: str) -> TestSet:
    """The test set whose coupling is the nearest but `number` - 1 to a value."""
    theta = stored_results()["theta"].astype(float)
    row = int(np.argsort(np.abs(theta[:, 0] - alpha_s))[number - 1])
    measured = measured_a(theta[:, 1], width)[row]
    return TestSet(row, float(theta[row, 0]), float(theta[row, 1]), float(measured))


def measured_a(a_lund: np.ndarray, width: str) -> np.ndarray:
    """What the other measurement says of the nuisance of each test set (S,)."""
    if width == FLAT:
        return a_lund  # there is none
    return a_lund + WIDTHS[width] * np.random.default_rng(5).normal(size=len(a_lund))


def table(method: str, row: int, n_events: int) -> np.ndarray:
    """Log likelihood (91, 41) of a test set, on the grid of coupling and nuisance."""
    means = stored_results()[f"{SHORT[method]}_means"][EVENTS.index(n_events), row]
    return tables(likelihood(method), means.astype(float)[None], n_events)[0]


def tables(of_means: LikelihoodOfMeans, means: np.ndarray, n_events: int) -> np.ndarray:
    """Log likelihoods (S, 91, 41) of means (S, K)."""
    points = np.stack(np.meshgrid(ALPHA, NUISANCE, indexing="ij"), -1).reshape(-1, 2)
    log_l = of_means.log_likelihood(points, means, n_events)
    return log_l.reshape(len(means), len(ALPHA), len(NUISANCE))


def log_prior(measured_a: float, width: str) -> np.ndarray:
    """Of the nuisance (41,), by its own measurement."""
    return -(((NUISANCE - measured_a) / WIDTHS[width]) ** 2) / 2


def reduced(log_l: np.ndarray, measured_a: float, width: str, treatment: str) -> Curve:
    """The curve of the coupling from a table (91, 41)."""
    reduce = profiled if treatment == PROFILED else marginalised
    return reduce(ALPHA, log_l, log_prior(measured_a, width))


def curve(method: str, one: TestSet, n_events: int, width: str, treatment: str) -> Curve:
    """The curve of the coupling of one test set.

    Raises:
        ValueError: the posterior flow is stored for another setting; the message says for which.
    """
    if method == FLOW:
        _require_flat(width)
        log_p = stored_results()["flow_alpha"][EVENTS.index(n_events), one.row].astype(float)
        return Curve(OF_FLOW, log_p - log_p.max())
    return reduced(table(method, one.row, n_events), one.measured_a, width, treatment)


def coverage(method: str, n_events: int, width: str, treatment: str) -> Coverage:
    """Coverage of the intervals of the coupling over the test sets.

    Raises:
        ValueError: as `curve`.
    """
    stored = stored_results()
    if method == FLOW:
        _require_flat(width)
        level = stored["flow_alpha_level"][EVENTS.index(n_events)].astype(float)
        width_of_68 = float(stored["flow_alpha_width"][EVENTS.index(n_events)])
    else:
        place = _place(method, n_events, width, treatment)
        level = stored["level"][place].astype(float)
        width_of_68 = float(stored["half_width"][place])
    inside = np.searchsorted(np.sort(level), LEVELS, side="right") / len(level)
    return Coverage(inside, float((level <= 0.68).mean()), width_of_68)


def half_widths(method: str, width: str, treatment: str) -> np.ndarray:
    """Mean half width of the 68 % interval for each of `EVENTS`, (5,).

    Raises:
        ValueError: as `curve`.
    """
    if method == FLOW:
        _require_flat(width)
        return stored_results()["flow_alpha_width"]
    return stored_results()["half_width"][SUMMARIES.index(method), :, *_settings(width, treatment)]


def level_of_truth(curve_of_one: Curve, truth: float, treatment: str) -> float:
    """The level at which the interval reaches the true value."""
    if treatment == MARGINALISED:
        return 2 * abs(hadronic_z.quantile_of(curve_of_one, truth) - 0.5)
    log_l = np.interp(truth, curve_of_one.values, curve_of_one.log_likelihood)
    return float(chi2.cdf(-2 * log_l, 1))


def _require_flat(width: str) -> None:
    if width != FLAT:
        raise ValueError(
            f"the flow was trained without another measurement of a: choose the nuisance {FLAT}"
        )


def _place(method: str, n_events: int, width: str, treatment: str) -> tuple[int, ...]:
    return SUMMARIES.index(method), EVENTS.index(n_events), *_settings(width, treatment)


def _settings(width: str, treatment: str) -> tuple[int, int]:
    return list(WIDTHS).index(width), (MARGINALISED, PROFILED).index(treatment)
