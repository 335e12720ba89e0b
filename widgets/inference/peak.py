"""A peak over a background: the fraction of signal by many methods, beside the exact answer.

The slope of the background is a nuisance: nature's slope is drawn from a Gaussian prior of a chosen
relative width. Data are counts in a hundred bins, so fine that nothing is lost. Every method that
adds up events is a table of log p(bin | fraction, slope); the sum over events is a product with
the counts. The answers of methods that see sets of events are stored.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2

from hepml_lite.exact import SignalMixture
from hepml_lite.inference.classical.nuisances import Curve
from widgets.inference.stored import stored_results

EXACT = "exact likelihood"
HISTOGRAM = "histogram, 10 bins"
COUNTING = "counting in a window"
RATIO = "ratio, 30 000 events"
SMALL_RATIO = "ratio, 3000 events"
FLOW = "posterior flow"
ABC = "ABC"
OF_TABLES = (EXACT, HISTOGRAM, COUNTING, RATIO, SMALL_RATIO)
OF_SETS = (FLOW, ABC)
METHODS = (*OF_TABLES, *OF_SETS)

N_BINS = 100
MIXTURE = SignalMixture()
EDGES = np.linspace(0, MIXTURE.end, N_BINS + 1)
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2
FRACTIONS = np.linspace(0, MIXTURE.largest_fraction, 51)
CHANGES = np.linspace(-0.5, 0.5, 11)  # of the slope, relative
WINDOW = (4.0, 6.0)
N_COARSE = 10  # bins of the histogram

TRUE_FRACTIONS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4)
EVENTS = (10, 30, 100, 300, 1000)
WIDTHS = (0.0, 0.1, 0.2)
N_DATA_SETS = 10
N_EXPERIMENTS = 400  # for the coverage
LEVELS = np.linspace(0, 1, 41)
MARGINALISED = "marginalised"
PROFILED = "profiled"
TREATMENTS = (MARGINALISED, PROFILED)
SETTINGS = tuple(
    (assumed, true) for true in WIDTHS for assumed in dict.fromkeys((true, 0.0))
)  # widths of the slope's prior: in the fit, and in nature


class Data(NamedTuple):
    """One data set.

    Attributes:
        counts: events in the fine bins (100,).
        fraction: of signal in nature.
        change: of nature's slope.
    """

    counts: np.ndarray
    fraction: float
    change: float


class Coverage(NamedTuple):
    """How often intervals hold the truth, over experiments with fractions of the prior.

    Attributes:
        inside: share (41,) at each of `LEVELS`.
        at_68: share at 68 %.
        half_width: of the 68 % interval, mean over the experiments.
    """

    inside: np.ndarray
    at_68: float
    half_width: float


def chances(fraction: np.ndarray, change: np.ndarray) -> np.ndarray:
    """P(bin | fraction, change of the slope), (..., 100)."""
    slope = MIXTURE.slope * (1 + np.asarray(change))[..., None]
    upper = np.exp(-EDGES[:-1] / slope)
    lower = np.exp(-EDGES[1:] / slope)
    background = (upper - lower) / (1 - np.exp(-MIXTURE.end / slope))
    share = np.asarray(fraction)[..., None]
    return share * _signal() + (1 - share) * background


@lru_cache(maxsize=1)
def _signal() -> np.ndarray:
    everything = np.array([[1.0]])
    log_p = MIXTURE.log_likelihood(everything, CENTRES[:, None])
    density = np.exp(log_p)
    return density / density.sum()


@lru_cache(maxsize=len(OF_TABLES))
def table(method: str) -> np.ndarray:
    """log p(bin | fraction, slope) (51, 11, 100), but for what depends on the bin alone."""
    stored = stored_results()
    if method == RATIO:
        return stored["ratio"].astype(float)
    if method == SMALL_RATIO:
        return stored["small_ratio"].astype(float)
    fraction, change = np.meshgrid(FRACTIONS, CHANGES, indexing="ij")
    chance = chances(fraction, change)
    if method == HISTOGRAM:
        chance = _merged(chance, np.arange(N_BINS) * N_COARSE // N_BINS)
    if method == COUNTING:
        chance = _merged(chance, ((WINDOW[0] < CENTRES) & (WINDOW[1] > CENTRES)).astype(int))
    return np.log(chance)


def _merged(chance: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The chance of the group of each bin, (..., 100)."""
    is_of_group = group[:, None] == np.unique(group)
    return (chance @ is_of_group)[..., group]


def log_prior(width: float) -> np.ndarray:
    """Of the changes of the slope (11,); a width of zero fixes the slope."""
    if width == 0:
        return np.where(np.isclose(CHANGES, 0), 0.0, -np.inf)
    return -((CHANGES / width) ** 2) / 2


def data(fraction: float, n_events: int, width: float, number: int) -> Data:
    """A data set; the number is its seed."""
    places = (TRUE_FRACTIONS.index(fraction), EVENTS.index(n_events), WIDTHS.index(width))
    rng = np.random.default_rng([number, *places])
    change = drawn_changes(1, width, rng)
    chance = chances(np.array([fraction]), change)[0]
    return Data(rng.multinomial(n_events, chance), fraction, float(change[0]))


@lru_cache(maxsize=len(EVENTS) * len(WIDTHS))
def experiments(n_events: int, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Fractions of the prior (400,), and the counts (400, 100) of an experiment with each."""
    rng = np.random.default_rng([77, EVENTS.index(n_events), WIDTHS.index(width)])
    fraction = MIXTURE.prior.sample(N_EXPERIMENTS, rng)[:, 0]
    change = drawn_changes(N_EXPERIMENTS, width, rng)
    return fraction, rng.multinomial(n_events, chances(fraction, change))


def drawn_changes(n: int, width: float, rng: np.random.Generator) -> np.ndarray:
    """Changes of the slope (n,) of the prior, on its grid's range."""
    return np.clip(width * rng.normal(size=n), CHANGES[0], CHANGES[-1])


def log_likelihoods(method: str, counts: np.ndarray, width: float) -> np.ndarray:
    """Log likelihood and prior of the slope, (E, 51, 11), of E data sets (E, 100)."""
    values = table(method).reshape(-1, N_BINS)
    summed = (counts @ values.T).reshape(len(counts), len(FRACTIONS), len(CHANGES))
    return summed + log_prior(width)


def reduced(tables: np.ndarray, treatment: str) -> np.ndarray:
    """Log likelihoods of the fraction (E, 51), of maximum zero."""
    curves = tables.max(2) if treatment == PROFILED else logsumexp(tables, axis=2)
    return curves - curves.max(1, keepdims=True)


def curve(method: str, one: Data, assumed: float, treatment: str, place: tuple) -> Curve:
    """The curve of one data set.

    Args:
        method: one of `METHODS`.
        one: the data.
        assumed: width of the slope's prior in the fit.
        treatment: of the slope; methods of `OF_SETS` have marginalised it.
        place: of the data set in the stored answers: setting, fraction, events, data set.
    """
    if method in OF_SETS:
        log_l = stored_results()[_name(method)][place].astype(float)
        return Curve(FRACTIONS, log_l - log_l.max())
    log_l = reduced(log_likelihoods(method, one.counts[None], assumed), treatment)
    return Curve(FRACTIONS, log_l[0])


def coverage(method: str, n_events: int, assumed: float, true: float, treatment: str) -> Coverage:
    """Stored coverage of the intervals of the fraction.

    Args:
        method, assumed, treatment: as for `curve`.
        n_events: of each experiment.
        true: width of the slope's prior in nature.
    """
    stored = stored_results()
    place: tuple[int, ...] = (SETTINGS.index((assumed, true)), EVENTS.index(n_events))
    name = _name(method)
    if method in OF_TABLES:
        name = "tables"
        place = (OF_TABLES.index(method), TREATMENTS.index(treatment), *place)
    level = stored[f"{name}_level"][place].astype(float)
    inside = np.searchsorted(np.sort(level), LEVELS, side="right") / len(level)
    width = float(stored[f"{name}_width"][place])
    return Coverage(inside, float((level <= 0.68).mean()), width)


def levels(
    method: str, n_events: int, assumed: float, true: float, treatment: str
) -> tuple[np.ndarray, float]:
    """The levels (400,) at which intervals reach the truth, and their mean half width.

    Args:
        method: one of `OF_TABLES`.
        n_events, assumed, true, treatment: as for `coverage`.
    """
    fraction, counts = experiments(n_events, true)
    curves = reduced(log_likelihoods(method, counts, assumed), treatment)
    if treatment == PROFILED:
        log_l = [np.interp(f, FRACTIONS, one) for f, one in zip(fraction, curves, strict=True)]
        level = chi2.cdf(-2 * np.array(log_l), 1)
    else:
        level = 2 * np.abs(quantiles(curves, fraction) - 0.5)
    return level, half_width(curves)


def half_width(log_likelihoods: np.ndarray) -> float:
    """Mean over the posteriors (E, 51) of half their central 68 % interval."""
    summed = _summed(log_likelihoods)
    ends = [np.interp([0.16, 0.84], one, FRACTIONS) for one in summed]
    return float(np.mean(np.diff(ends)) / 2)


def quantiles(log_likelihoods: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """The share of each posterior (E, 51) with a flat prior that is below a fraction (E,)."""
    summed = _summed(log_likelihoods)
    found = [np.interp(f, FRACTIONS, one) for f, one in zip(fraction, summed, strict=True)]
    return np.array(found)


def _summed(log_likelihoods: np.ndarray) -> np.ndarray:
    """Cumulative distributions (E, 51) on the grid of fractions."""
    density = np.exp(log_likelihoods)
    areas = np.cumsum((density[:, 1:] + density[:, :-1]) / 2, axis=1)
    return np.column_stack([np.zeros(len(areas)), areas / areas[:, -1:]])


def _name(method: str) -> str:
    return "flow" if method == FLOW else "abc"
