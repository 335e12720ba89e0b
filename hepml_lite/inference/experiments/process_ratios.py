"""A mixture of processes: one ensemble of ratios for each process, to a common reference.

The density of a measurement is a sum over processes, p(x | mu) ~ mu s p_s(x) + Σ_k b_k p_k(x). One
classifier for each process learns r_k = p_k / p_ref, where the reference has events of all of them.
The sum then needs no training for other strengths, or for other cross sections, and a bad ratio is
found process by process: the reference with the weights r_k must look like the process (closure;
ATLAS, arXiv:2412.01600). The errors of several ratios add up in p_s / p_b, which makes it too
certain; a line through its logarithm, fitted to the reference out of fold, corrects that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression

from hepml_lite.densities.classifiers import Model
from hepml_lite.densities.ratio import DensityRatio, fit_ratio
from hepml_lite.densities.rows import checked_table
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_number, checked_rng
from hepml_lite.statistics.two_sample.classifier_test import (
    ClassifierTest,
    classifier_two_sample_test,
)


@dataclass(frozen=True)
class ProcessRatios:
    """Ratios of all processes to one reference.

    Attributes:
        ratios: by the name of the process.
        expected: events of each process, at mu = 1 for the signal.
        signal: the name of the signal.
        reference: events of all processes (N, D), on which the ratios were trained out of fold.
        slope: of log p_s / p_b in the logarithm of the combined ratios.
        shift: added to it.
    """

    ratios: Mapping[str, DensityRatio]
    expected: Mapping[str, float]
    signal: str
    reference: np.ndarray
    slope: float = 1.0
    shift: float = 0.0

    def signal_to_background(self, x: ArrayLike) -> np.ndarray:
        """p_s / p_b (N,) of events (N, D) that no classifier saw."""
        rows = checked_table("x", x)
        logs = {name: ratio.log_ratio(rows) for name, ratio in self.ratios.items()}
        return np.exp(self.slope * _combined(logs, self.expected, self.signal) + self.shift)

    def closure(self, process: str, events: ArrayLike, rng: Seed = 0) -> ClassifierTest:
        """Does the reweighted reference look like other events (M, D) of the process?

        The weights of the reference are out of fold. An area under the curve of 1/2 is closure.
        """
        weights = self.ratios[process].denominator.weights
        other = checked_table("events", events)
        return classifier_two_sample_test(other, self.reference, rng, weights_b=weights)


def fit(
    processes: Mapping[str, ArrayLike],
    expected: Mapping[str, float],
    signal: str,
    *,
    n_reference: int = 5000,
    n_ensemble: int = 4,
    model: Model = "trees",
    rng: Seed = 0,
) -> ProcessRatios:
    """Learn the ratio of each process to a reference of all of them.

    Args:
        processes: simulated events (N_k, D) by name. A part of each becomes the reference, in
            equal shares, and is not in the numerator.
        expected: events of each process.
        signal: the name of the signal.
        n_reference: events of the reference from each process.
        n_ensemble: classifiers whose log ratios are averaged.
        model: of `densities.fit_ratio`.
        rng: generator or seed.

    Raises:
        ValueError: other names in `expected`, no such signal, or too few events of a process.
    """
    if set(processes) != set(expected) or signal not in processes or len(processes) < 2:
        raise ValueError(
            f"processes are {sorted(processes)}, expected {sorted(expected)} and the signal is "
            f"{signal!r}: give the same names, with the signal and at least one background"
        )
    size = checked_count("n_reference", n_reference, 100)
    generator = checked_rng(rng)
    reference = []
    numerators = {}
    for name, events in processes.items():
        checked_number(f"expected[{name!r}]", expected[name], 0, np.inf, "()", "100.0")
        rows = checked_table(name, events)
        if len(rows) <= size:
            raise ValueError(f"{name} has {len(rows)} events: give more than n_reference={size}")
        reference.append(rows[:size])
        numerators[name] = rows[size:]
    mixed = np.concatenate(reference)
    ratios = {
        name: fit_ratio(rows, mixed, model=model, n_ensemble=n_ensemble, rng=generator)
        for name, rows in numerators.items()
    }
    origin = np.repeat(list(processes), size)
    slope, shift = _calibrated(ratios, expected, signal, origin)
    return ProcessRatios(ratios, dict(expected), signal, mixed, slope, shift)


def _combined(
    logs: Mapping[str, np.ndarray], expected: Mapping[str, float], signal: str
) -> np.ndarray:
    """log p_s / p_b (N,) from the log ratios of all processes to the reference (N,)."""
    numbers = {name: number for name, number in expected.items() if name != signal}
    background = np.sum([n * np.exp(logs[name]) for name, n in numbers.items()], axis=0)
    return logs[signal] + np.log(sum(numbers.values())) - np.log(background)


def _calibrated(
    ratios: Mapping[str, DensityRatio],
    expected: Mapping[str, float],
    signal: str,
    origin: np.ndarray,
) -> tuple[float, float]:
    """Slope and shift of log p_s / p_b: a logistic regression of signal against the backgrounds.

    Args:
        ratios: by process; their log ratios of the reference are out of fold.
        expected: events of each process.
        signal: the name of the signal.
        origin: the process of each event of the reference (N,).
    """
    logs = {name: ratio.denominator.log_ratio for name, ratio in ratios.items()}
    combined = _combined(logs, expected, signal)
    total = sum(number for name, number in expected.items() if name != signal)
    share = {name: number / total for name, number in expected.items()} | {signal: 1.0}
    weights = np.array([share[name] for name in origin.tolist()])
    line = LogisticRegression().fit(combined[:, None], origin == signal, sample_weight=weights)
    return float(line.coef_[0, 0]), float(line.intercept_[0])
