"""Expected sensitivity: what a search would find if there were a signal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from hepml_lite.anomaly_detection.search.bump_hunt import BackgroundFit, smallest_p_of_toys
from hepml_lite.anomaly_detection.search.windows import Scan, Windows
from hepml_lite.statistics.data_checks import checked_finite, checked_not_negative
from hepml_lite.statistics.intervals import Interval, central_interval, efficiency_interval
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng


@dataclass(frozen=True)
class Sensitivity:
    """Of a bump hunt to one number of signal events.

    Attributes:
        n_signal: expected signal events in the spectrum.
        local_significance: median over spectra, with the central 68 %.
        global_significance: the same; at most what the number of toys can show.
        power: share of spectra whose global p-value is below `size`, with its interval.
        size: of the test.
    """

    n_signal: float
    local_significance: Interval
    global_significance: Interval
    power: Interval
    size: float


def expected_sensitivity(
    background: ArrayLike,
    signal_shape: ArrayLike,
    n_signals: ArrayLike,
    *,
    widths: tuple[int, int] = (2, 6),
    refit: BackgroundFit | None = None,
    size: float = 0.05,
    n_spectra: int = 500,
    n_toys: int = 10_000,
    rng: Seed = 0,
) -> list[Sensitivity]:
    """Inject signals of several sizes into spectra of the background, and hunt for them.

    Args:
        background: expected counts (B,).
        signal_shape: share of the signal in each bin, (B,); it may sum to less than one.
        n_signals: expected numbers of signal events, (S,).
        widths: smallest and largest width of a window in bins.
        refit: estimates the background of spectra (T, B), see `bump_hunt`.
        size: of the test for the power.
        n_spectra: with signal, of each size.
        n_toys: without signal, for the global p-values.
        rng: generator or seed.

    Raises:
        ValueError: shapes that differ, or negative numbers.
    """
    expected = checked_not_negative("background", checked_finite("background", background, 1))
    shape = checked_not_negative("signal_shape", signal_shape)
    if shape.shape != expected.shape:
        raise ValueError(
            f"signal_shape has shape {shape.shape} and background {expected.shape}: give both in "
            "the same bins"
        )
    checked_number("size", size, 0, 1, "()", "0.05")
    n = checked_count("n_spectra", n_spectra, 10, "a median and a band need some")
    generator = checked_rng(rng)
    scan = Scan(Windows(expected.shape, widths))
    null = np.sort(
        smallest_p_of_toys(
            scan, expected, expected, refit, checked_count("n_toys", n_toys), rng=generator
        )
    )
    found = []
    for n_signal in np.atleast_1d(checked_not_negative("n_signals", n_signals)):
        source = expected + n_signal * shape
        local_p = smallest_p_of_toys(scan, source, expected, refit, n, rng=generator)
        global_p = (np.searchsorted(null, local_p, side="right") + 1) / (len(null) + 1)
        found.append(
            Sensitivity(
                float(n_signal),
                _median(norm.isf(local_p)),
                _median(norm.isf(global_p)),
                efficiency_interval(int((global_p <= size).sum()), n),
                size,
            )
        )
    return found


def _median(values: np.ndarray) -> Interval:
    low, high = central_interval(values)
    return Interval(float(np.median(values)), float(low), float(high))
