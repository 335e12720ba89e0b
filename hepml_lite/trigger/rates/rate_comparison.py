"""Efficiencies of several scores at one rate in Hz, with intervals and paired differences.

Each score gets the threshold at which the background has the same rate. Both the threshold and the
efficiency depend on the events at hand, so background and signals are drawn again with replacement
many times (the bootstrap; B. Efron, Annals of Statistics 7 (1979) 1). All scores see the same drawn
events: the difference of two scores is then known better than each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.statistics.data_checks import checked_finite
from hepml_lite.statistics.intervals import Interval, central_interval
from hepml_lite.statistics.settings_checks import (
    Seed,
    checked_by_name,
    checked_count,
    checked_number,
    checked_rng,
)
from hepml_lite.trigger.quantities import checked_events
from hepml_lite.trigger.rates.rate_curve import RateCurve


@dataclass(frozen=True)
class RateComparison:
    """Efficiencies of S scores for K signals at one rate.

    Attributes:
        scores: S names.
        signals: K names.
        rate: Hz, of the background for each score.
        efficiency: (S, K).
        resampled: (B, S, K), the same of B drawn samples.
        effective: (S,) effective number of background events above each threshold.
    """

    scores: tuple[str, ...]
    signals: tuple[str, ...]
    rate: float
    efficiency: np.ndarray
    resampled: np.ndarray
    effective: np.ndarray

    def interval(self, score: str, signal: str) -> Interval:
        """The efficiency with its 68 % interval."""
        place = (self.scores.index(score), self.signals.index(signal))
        return _interval(self.efficiency[place], self.resampled[:, *place])

    def difference(self, score: str, other: str, signal: str) -> Interval:
        """Efficiency of one score minus that of another, on the same drawn events."""
        one, two, k = self.scores.index(score), self.scores.index(other), self.signals.index(signal)
        drawn = self.resampled[:, one, k] - self.resampled[:, two, k]
        return _interval(self.efficiency[one, k] - self.efficiency[two, k], drawn)

    def table(self) -> pd.DataFrame:
        """Per cent for each score and signal, and the effective background events it keeps."""
        rows = {}
        for score, effective in zip(self.scores, self.effective, strict=True):
            found = [self.interval(score, signal) for signal in self.signals]
            percent = [Interval(*(100 * end for end in one)) for one in found]
            rows[score] = [*map(str, percent), round(float(effective))]
        columns = [*self.signals, "effective background"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def compare_at_rate(
    scores: Mapping[str, np.ndarray],
    events: TriggerEvents,
    rate: float,
    n_bootstrap: int = 200,
    rng: Seed = 0,
) -> RateComparison:
    """Efficiencies of each signal at the threshold at which the background has this rate.

    Args:
        scores: (N,) of all events, by name; larger is stranger.
        events: N events of the background (label 0, with weights in Hz) and of signals.
        rate: Hz.
        n_bootstrap: drawn samples.
        rng: source of randomness, or its seed.

    Raises:
        ValueError: without weights, scores of another length, no signal, or a rate below that of a
            single background event.
    """
    checked_number("rate", rate, 0, np.inf, "()", "100_000")
    n_bootstrap = checked_count("n_bootstrap", n_bootstrap)
    checked_by_name("scores", scores, "{'autoencoder': score}")
    checked_events(events)
    signals = tuple(name for k, name in enumerate(events.names) if k and (events.label == k).any())
    if events.weight is None or not signals or not scores:
        raise ValueError(
            f"{len(scores)} scores, signals {signals}, weights {events.weight!r:.20}: give events "
            "of load('trigger_regions'), which have background with weights and signals"
        )
    columns = {name: checked_finite(name, score, 1) for name, score in scores.items()}
    wrong = [name for name, column in columns.items() if len(column) != len(events)]
    if wrong:
        raise ValueError(f"scores {wrong} do not have one number for each of {len(events)} events")
    table = np.stack([*columns.values()])  # (S, N)
    groups = [np.flatnonzero(events.label == k) for k in range(len(events.names))]
    groups = [group for group in groups if len(group)]
    found, effective = _efficiencies(table, groups, events.weight, rate)
    generator = checked_rng(rng)
    drawn = []
    for _ in range(n_bootstrap):
        again = [generator.choice(group, len(group)) for group in groups]
        drawn.append(_efficiencies(table, again, events.weight, rate)[0])
    return RateComparison(tuple(columns), signals, rate, found, np.array(drawn), effective)


def _efficiencies(
    table: np.ndarray, groups: list[np.ndarray], weight: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Efficiencies (S, K) and effective background events (S,) of scores (S, N)."""
    background, *signals = groups
    found, effective = [], []
    for column in table:
        curve = RateCurve.of_events(column[background], weight[background])
        threshold = curve.threshold(rate) if curve.rates[0] <= rate else np.inf
        found.append([np.mean(column[signal] >= threshold) for signal in signals])
        kept = weight[background][column[background] >= threshold]
        effective.append(kept.sum() ** 2 / max(np.sum(kept**2), 1e-300))
    return np.array(found), np.array(effective)


def _interval(value: float, drawn: np.ndarray) -> Interval:
    low, high = central_interval(drawn)
    return Interval(float(value), float(min(low, value)), float(max(high, value)))
