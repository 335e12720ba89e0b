"""A selection at one working point: efficiencies, rejection and significance with errors."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import as_array, checked_finite, checked_labels
from hepml_lite.statistics.intervals import Interval, efficiency_interval
from hepml_lite.statistics.settings_checks import checked_number


class WorkingPoint(NamedTuple):
    """How many signal and background jets of a test sample pass a selection."""

    passed_signal: int
    n_signal: int
    passed_background: int
    n_background: int

    @property
    def signal_efficiency(self) -> Interval:
        """eps_S with its 68 % Wilson interval."""
        return efficiency_interval(self.passed_signal, self.n_signal)

    @property
    def background_efficiency(self) -> Interval:
        """eps_B with its 68 % Wilson interval."""
        return efficiency_interval(self.passed_background, self.n_background)

    @property
    def background_rejection(self) -> Interval:
        """1/eps_B with its 68 % interval; inf with a finite lower end if no background passes."""
        return self.background_efficiency.inverse()

    def significance(self, expected_signal: float, expected_background: float) -> Interval:
        """S/sqrt(B) for the numbers of jets expected before the selection.

        The interval holds the statistical errors of both efficiencies, in quadrature, but no
        error of the expected numbers and no systematic error. Value and upper end are inf if no
        background passes.

        Raises:
            ValueError: if a number of jets is not positive.
        """
        positive = (0, math.inf, "()")
        expected_signal = checked_number("expected_signal", expected_signal, *positive)
        expected_background = checked_number("expected_background", expected_background, *positive)
        signal, background = self.signal_efficiency, self.background_efficiency
        scale = expected_signal / math.sqrt(expected_background)
        if not background.value:
            return Interval(math.inf, scale * signal.low / math.sqrt(background.high), math.inf)
        value = scale * signal.value / math.sqrt(background.value)
        root = math.sqrt(background.value)
        of_signal = [scale * error / root for error in signal.errors]  # down, up
        # to first order sqrt(eps) has half the relative error of eps; more background is worse
        of_background = [value * error / background.value / 2 for error in background.errors[::-1]]
        down, up = map(math.hypot, of_signal, of_background)
        return Interval(value, max(value - down, 0.0), value + up)


def working_point(labels: ArrayLike, selected: ArrayLike) -> WorkingPoint:
    """Count the jets (N,) with label 1 (signal) and 0 (background) where `selected` (N,) is true.

    Raises:
        ValueError: labels other than 0 and 1, shapes that differ, or `selected` that is not
            boolean.
    """
    label = checked_labels(labels, fewest=0)
    chosen = checked_selection(selected, label)
    signal = int(label.sum())
    passed = int(chosen.sum())
    passed_signal = int(label[chosen].sum())
    return WorkingPoint(passed_signal, signal, passed - passed_signal, len(label) - signal)


def checked_selection(selected: ArrayLike, labels: np.ndarray) -> np.ndarray:
    """Which jets pass, (N,) bool, one for each of the labels (N,).

    Raises:
        ValueError: another type or shape.
    """
    chosen = as_array("selected", selected)
    if chosen.dtype != bool or chosen.shape != labels.shape:
        raise ValueError(
            f"selected is {chosen.dtype} {chosen.shape} for labels {labels.shape}: "
            "give one bool a jet, as scores >= threshold"
        )
    return chosen


def in_window(mass: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Jets (N,) with low <= mass <= high, the window in GeV.

    Raises:
        ValueError: if the window is not two ordered numbers, or a mass is NaN or infinite.
    """
    masses = checked_finite("mass", mass)
    if np.shape(window) != (2,) or not window[0] <= window[1]:  # also catches NaN
        raise ValueError(f"mass window is {window}: give (low, high) in GeV with low <= high")
    low, high = window
    return (masses >= low) & (masses <= high)
