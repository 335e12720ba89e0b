"""The columns of the six figures of "Find the bump", from the counts of a stored search."""

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.stats import gamma

from hepml_lite.anomaly_detection.reports import Flatness, flatness
from hepml_lite.anomaly_detection.search.spectrum_fit import SpectrumFit
from hepml_lite.exact import GaussianResonance
from widgets.anomaly_detection.spectra import SMALLEST_P
from widgets.anomaly_detection.stored import (
    BACKGROUND_EFFICIENCIES,
    KEPT,
    N_BINS,
    SCORE_EDGES,
    Mass,
    Search,
)

CENTRES = np.arange(N_BINS) + 0.5  # the axes of the mass count bins
TICKS = range(0, N_BINS + 1, 5)  # edges of bins with a label
SMALLEST_SHARE = 1e-4  # events over the highest bin, of a logarithmic axis
IMPROVEMENT = (0.3, 30.0)
PULL = (-6.0, 6.0)
P_VALUE = (1e-9, 2.0)
EFFICIENCY = (0.0, 3.0)  # over its mean
LEVEL = 0.68
FEWEST = 5  # events of a bin whose efficiency is drawn

Columns = dict[str, Any]


def label_columns(mass: Mass) -> Columns:
    """The labels of the ticks of the axes that count bins; the last one has the unit."""
    values = mass.edges[list(TICKS)]
    unit = mass.unit
    if unit == "GeV":
        values = values / 1000
        unit = "TeV"
    text = [f"{value:.4g}" for value in values]
    text[-1] = f"{text[-1]} {unit}".strip()
    return {"text": text}


def region_columns(mass: Mass) -> Columns:
    """The region of the signal, in bins."""
    bins = np.flatnonzero(mass.in_region)
    return {"left": [bins[0]], "right": [bins[-1] + 1]}


def score_columns(counts: np.ndarray) -> Columns:
    """A histogram of scores (H,) as shares of its events."""
    centres = (SCORE_EDGES[1:] + SCORE_EDGES[:-1]) / 2
    return {"x": centres, "y": np.maximum(counts / max(counts.sum(), 1), SMALLEST_SHARE)}


def cut_columns(search: Search, k: int) -> Columns:
    """The cut on the score; at the left edge where all events pass."""
    return {"x": [float(np.clip(search.cuts[k], SCORE_EDGES[0], SCORE_EDGES[-1]))]}


def curve_columns(search: Search) -> Columns:
    """The significance improvement of the test with its error, where the sample can be trusted."""
    trusted = floor_of(search) <= BACKGROUND_EFFICIENCIES
    background = BACKGROUND_EFFICIENCIES[trusted]
    signal = search.curve[trusted]
    value = signal / np.sqrt(background)
    error = value * _relative_error(signal, background, *search.test_events[::-1])
    return {
        "x": background,
        "y": np.clip(value, *IMPROVEMENT),
        "low": np.clip(value - error, *IMPROVEMENT),
        "high": np.clip(value + error, *IMPROVEMENT),
    }


def floor_of(search: Search) -> float:
    """The smallest background efficiency that is known to 20 %."""
    return search.largest_possible**-2


def floor_columns(search: Search) -> Columns:
    """Where the sample is too small, as a strip."""
    return {"left": [BACKGROUND_EFFICIENCIES[0]], "right": [floor_of(search)]}


@lru_cache(maxsize=1)
def exact_signal_efficiency() -> np.ndarray:
    """Of the likelihood ratio of the toy, at the background efficiencies of the file, (G,)."""
    found = GaussianResonance().efficiencies()
    return np.interp(BACKGROUND_EFFICIENCIES, found.background, found.signal)


def exact_columns(is_toy: bool) -> Columns:
    """The closed form of the toy; nothing for other samples."""
    if not is_toy:
        return {"x": [], "y": []}
    value = exact_signal_efficiency() / np.sqrt(BACKGROUND_EFFICIENCIES)
    return {"x": BACKGROUND_EFFICIENCIES, "y": value}


def perfect_columns() -> Columns:
    """A perfect score keeps all signal."""
    value = np.minimum(1 / np.sqrt(BACKGROUND_EFFICIENCIES), IMPROVEMENT[1])
    return {"x": BACKGROUND_EFFICIENCIES, "y": value}


def improvement_at(search: Search, k: int) -> tuple[float, float]:
    """Significance improvement of the test at a cut, and its error; infinite without background."""
    background, signal = search.passed[k] / search.test_events
    if background == 0:
        return np.inf, np.inf
    value = signal / np.sqrt(background)
    return value, value * _relative_error(signal, background, *search.test_events[::-1])


def point_columns(search: Search, k: int) -> Columns:
    """The cut on the curve; nothing where no background event of the test passes."""
    value, error = improvement_at(search, k)
    if not np.isfinite(value):
        return {"x": [], "y": [], "low": [], "high": []}
    background = search.passed[k, 0] / search.test_events[0]
    numbers = np.clip([value, value - error, value + error], *IMPROVEMENT)
    names = ("y", "low", "high")
    columns: Columns = {name: [number] for name, number in zip(names, numbers, strict=True)}
    return {"x": [max(background, BACKGROUND_EFFICIENCIES[0])], **columns}


def _relative_error(signal, background, n_signal: float, n_background: float):
    """Of εS / √εB, both binomial."""
    of_signal = (1 - signal) / np.maximum(signal * n_signal, 1)
    of_background = (1 - background) / np.maximum(background * n_background, 1) / 4
    return np.sqrt(of_signal + of_background)


def data_columns(counts: np.ndarray) -> Columns:
    """The spectrum (B,) over its highest bin, with Poisson intervals."""
    highest = max(counts.max(), 1)
    low = np.where(counts > 0, gamma.ppf((1 - LEVEL) / 2, np.maximum(counts, 1)), 0)
    high = gamma.ppf((1 + LEVEL) / 2, counts + 1)
    columns = {"y": counts, "low": low, "high": high}
    shares = {name: np.maximum(one / highest, SMALLEST_SHARE) for name, one in columns.items()}
    return {"x": CENTRES, **shares}


def signal_columns(search: Search, k: int, is_shown: bool) -> Columns:
    """The injected events that pass, over the highest bin of the data."""
    highest = max(search.counts[k].max(), 1)
    share = search.signal[k] / highest if is_shown else np.zeros(N_BINS)
    return {"x": CENTRES, "y": np.maximum(share, SMALLEST_SHARE)}


def fit_columns(fit: SpectrumFit | None) -> Columns:
    """The fitted background with its error, and the pulls; nothing without a fit."""
    if fit is None:
        return {name: [] for name in ("x", "y", "low", "high", "pull")}
    highest = max(fit.counts.max(), 1)
    pull = (fit.counts - fit.expected) / np.sqrt(np.maximum(fit.expected, 1e-9))
    shares = {
        "y": fit.expected,
        "low": fit.expected - fit.error,
        "high": fit.expected + fit.error,
    }
    clipped = {name: np.maximum(one / highest, SMALLEST_SHARE) for name, one in shares.items()}
    return {"x": CENTRES, **clipped, "pull": np.clip(pull, *PULL)}


def window_columns(search: Search, k: int, mass: Mass) -> Columns:
    """The window of the largest excess, in bins; nothing where there is no fit."""
    low, high = search.window[k]
    if not np.isfinite(low):
        return {"left": [], "right": []}
    width = mass.edges[1] - mass.edges[0]
    return {"left": [(low - mass.low) / width], "right": [(high - mass.low) / width]}


def p_columns(search: Search) -> Columns:
    """Local and global p-values at all cuts that have a fit."""
    there = np.isfinite(search.p_values[:, 0])
    local, of_all = search.p_values[there].T
    is_limit = of_all <= SMALLEST_P * (1 + 1e-6)
    return {
        "x": np.array(KEPT)[there],
        "local": np.clip(local, *P_VALUE),
        "global": np.clip(of_all, *P_VALUE),
        "marker": np.where(is_limit, "inverted_triangle", "square"),
    }


def chosen_columns(k: int) -> Columns:
    """A strip around the cut in the figure of p-values."""
    return {"left": [KEPT[k] / 1.2], "right": [KEPT[k] * 1.2]}


def efficiency_columns(search: Search, k: int) -> Columns:
    """Efficiency of the cut on background in each bin, over the mean, with binomial errors."""
    total = search.test_background[0]
    passed = search.test_background[k]
    there = (total > 0) & (passed >= FEWEST)
    names = ("x", "y", "low", "high")
    if not there.any():
        return {name: [] for name in names}
    mean = passed.sum() / total.sum()
    share = passed[there] / total[there]
    error = np.sqrt(share * (1 - share) / total[there])
    shown = [share / mean, (share - error) / mean, (share + error) / mean]
    clipped = [np.clip(one, *EFFICIENCY) for one in shown]
    return dict(zip(names, [CENTRES[there], *clipped], strict=True))


def sideband_flatness(search: Search, k: int, mass: Mass) -> Flatness | None:
    """Whether the cut keeps the same share of background in each bin beside the region.

    None where all events pass, or too few.
    """
    beside = ~mass.in_region
    centres = CENTRES[beside]
    passed = search.test_background[k][beside].astype(int)
    failed = search.test_background[0][beside].astype(int) - passed
    masses = np.concatenate([np.repeat(centres, passed), np.repeat(centres, failed)])
    selected = np.arange(len(masses)) < passed.sum()
    try:
        return flatness(masses, selected, np.arange(N_BINS + 1.0))
    except ValueError:
        return None
