"""Two selections compared fairly: which one passes less background at equal signal efficiency?

Both are measured on the same jets, so most of their fluctuations are shared and cancel. With n
background jets passing the cut, m the network and a both, the ratio of their numbers has

    Var ln(n/m) = 1/n + 1/m - 2a/(nm),

McNemar's paired comparison (Psychometrika 12 (1947) 153) written as a relative error. The signal
sample adds a second error. The network's threshold lies where as many signal jets pass as pass the
cut, and another sample would move it.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.statistics.data_checks import checked_scores
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.settings_checks import checked_count
from hepml_lite.statistics.thresholds import threshold_at
from hepml_lite.statistics.working_point import WorkingPoint, checked_selection, working_point


class Comparison(NamedTuple):
    """A cut and a network at the same signal efficiency."""

    threshold: float  # the network's, for as many signal jets as pass the cut
    cut: WorkingPoint
    network: WorkingPoint
    gain: Interval  # eps_B of the cut over eps_B of the network, 68 %
    sigmas: float  # ln(gain) over its error: negative where the cut is better; NaN if unknown


def matched_threshold(labels: ArrayLike, scores: ArrayLike, passed_signal: int) -> float:
    """Threshold that `passed_signal` signal jets reach, score >= threshold; inf for none.

    Raises:
        ValueError: if there are fewer signal jets, or as `checked_scores`.
    """
    label, score = checked_scores(labels, scores)
    signal = score[label == 1]
    passed_signal = checked_count("passed_signal", passed_signal, fewest=0)
    if not 0 <= passed_signal <= len(signal):
        raise ValueError(f"{passed_signal} of {len(signal)} signal jets cannot pass")
    if passed_signal == 0:
        return math.inf
    return threshold_at(signal, passed_signal / len(signal))


def compare_at_equal_efficiency(
    labels: ArrayLike, selected: ArrayLike, scores: ArrayLike
) -> Comparison:
    """Compare the cut `selected` (N,) bool with the network's `scores` (N,) on the same jets.

    The interval comes from one test sample and one training: another training adds its own spread.

    Raises:
        ValueError: as `working_point` and `checked_scores`.
    """
    label, score = checked_scores(labels, scores)
    chosen = checked_selection(selected, label)
    cut = working_point(label, chosen)
    threshold = matched_threshold(label, score, cut.passed_signal)
    accepted = score >= threshold
    network = working_point(label, accepted)
    n, m = cut.passed_background, network.passed_background
    if not (n and m):
        value = math.nan if n == m else n / m if m else math.inf
        return Comparison(threshold, cut, network, Interval(value, 0.0, math.inf), math.nan)
    both = int((label[chosen & accepted] == 0).sum())
    from_background = math.sqrt(max(1 / n + 1 / m - 2 * both / (n * m), 0.0))
    error = math.hypot(from_background, _from_signal(label, score, chosen, accepted, network))
    gain = Interval(n / m, n / m * math.exp(-error), n / m * math.exp(error))
    return Comparison(threshold, cut, network, gain, math.log(n / m) / error if error else 0.0)


def _from_signal(
    labels: np.ndarray,
    scores: np.ndarray,
    selected: np.ndarray,
    accepted: np.ndarray,
    network: WorkingPoint,
) -> float:
    """Error of ln(eps_B of the network) from the signal sample, which sets the threshold.

    The number of signal jets in one selection but not in the other fluctuates by its square root,
    at least by one jet. The thresholds move up and down by that many signal jets. The error is half
    the change of ln(eps_B) between them.
    """
    moved = max(round(math.sqrt((labels[selected != accepted] == 1).sum())), 1)
    numbers = []
    for passed in (network.passed_signal - moved, network.passed_signal + moved):
        t = matched_threshold(labels, scores, min(max(passed, 1), network.n_signal))
        numbers.append(max(int((scores[labels == 0] >= t).sum()), 1))
    return math.log(numbers[1] / numbers[0]) / 2
