"""A density is not invariant under a change of variables: exact in one dimension.

With u = h(x), p_u(u) = p_x(x) / |h'(x)|. The score -log p changes by log |h'(x)|, which differs
from event to event, so that the ranking of events changes. A ratio of two densities does not
change: both get the same factor. In u = F(x), with F the distribution function of background, its
density is one everywhere, and the score ranks nothing. G. Kasieczka et al., "Anomaly detection
under coordinate transformations", arXiv:2209.06225.

Nothing here is trained, so nothing is a failure of a training.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import expon, norm
from scipy.stats.distributions import rv_frozen

from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.metrics import auc

N_QUANTILES = 20_000  # of each density: the AUC is exact to about one in this number
SAME = 1e-9  # of a log density: smaller differences are rounding, and count as a tie


@dataclass(frozen=True)
class Coordinate:
    """A variable u = h(x), by the slope of h.

    Attributes:
        name: for a figure.
        log_slope: log |h'(x)| of x (N,).
    """

    name: str
    log_slope: Callable[[np.ndarray], np.ndarray]


def lesson_background() -> rv_frozen:
    """A falling spectrum of masses [GeV]: exponential, of mean 80 GeV."""
    return expon(scale=80.0)


def lesson_signals() -> dict[str, rv_frozen]:
    """A light and a heavy resonance, by name [GeV]."""
    return {"light": norm(8.0, 1.0), "heavy": norm(173.0, 10.0)}


def lesson_coordinates(background: rv_frozen) -> list[Coordinate]:
    """m, ln m, m² and the rank of m in background."""
    return [
        Coordinate("m", np.zeros_like),
        Coordinate("ln m", lambda m: -np.log(m)),
        Coordinate("m²", lambda m: np.log(2 * m)),
        Coordinate("rank of m", background.logpdf),
    ]


def density_score(x: ArrayLike, background: rv_frozen, coordinate: Coordinate) -> np.ndarray:
    """-log p_u of background at events x (N,), in nats: the larger, the stranger."""
    events = checked_finite("x", x, n_axes=1)
    scores = coordinate.log_slope(events) - background.logpdf(events)
    return SAME * np.round(scores / SAME)


def ratio_score(
    x: ArrayLike, background: rv_frozen, signal: rv_frozen, coordinate: Coordinate
) -> np.ndarray:
    """log of the likelihood ratio of signal and background at events x (N,): the slope cancels."""
    events = checked_finite("x", x, n_axes=1)
    slope = coordinate.log_slope(events)
    scores = (signal.logpdf(events) - slope) - (background.logpdf(events) - slope)
    return SAME * np.round(scores / SAME)


def exact_auc(
    score: Callable[[np.ndarray], np.ndarray], background: rv_frozen, signal: rv_frozen
) -> float:
    """AUC of a score of x, from the quantiles of both densities instead of random events.

    Args:
        score: takes x (N,), gives (N,).
        background: density of background.
        signal: density of signal.
    """
    shares = (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES
    labels = np.repeat([0, 1], N_QUANTILES)
    x = np.concatenate([background.ppf(shares), signal.ppf(shares)])
    return auc(labels, score(x))
