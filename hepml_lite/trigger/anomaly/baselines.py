"""Floors and ceilings of an anomaly trigger: scores without a network, and trained classifiers.

The number of leptons and the sum of pT only count: a score that does not beat them is activity by
another name. `Rarity` is what a menu does: it asks how rarely background has a leading object of
this pT. Boosted trees that are trained on the signal itself show how much there is to find. No
anomaly score may be expected to reach them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.trigger.pieces import in_pieces
from hepml_lite.trigger.quantities import checked_events, quantities
from hepml_lite.trigger.rates.rate_curve import RateCurve

Columns = Callable[[TriggerEvents], np.ndarray]

COMMON = 0.95  # of the weights; the others, those of empty crossings, are cut
RARE = ("met", "egamma 1", "muons 1", "jets 1", "sum pT")


def floors(events: TriggerEvents) -> dict[str, np.ndarray]:
    """Scores (N,) that only count: "lepton count" and "sum pT" [GeV]."""
    columns = quantities(events)
    return {"lepton count": columns["n leptons"], "sum pT": columns["sum pT"]}


@dataclass(frozen=True)
class Rarity:
    """The score -ln(rate) of the rarest of a few quantities.

    A threshold on it is a menu in which each quantity has the same rate. It is learned from
    background alone, as an anomaly score is, and has no network.

    Attributes:
        curves: the rate of background as a function of the threshold, by quantity.
    """

    curves: Mapping[str, RateCurve]

    @classmethod
    def of_background(cls, events: TriggerEvents, names: tuple[str, ...] = RARE) -> Self:
        """Learn the rates of background events with weights [Hz].

        Raises:
            ValueError: without weights, or for an unknown quantity.
        """
        columns = quantities(events)
        unknown = [name for name in names if name not in columns]
        if events.weight is None or unknown or not names:
            raise ValueError(
                f"weights {events.weight!r:.20}, unknown quantities {unknown}: give events with "
                f"weights, and some of {', '.join(columns)}"
            )
        weight = events.weight
        return cls({name: RateCurve.of_events(columns[name], weight) for name in names})

    def score(self, events: TriggerEvents) -> np.ndarray:
        """-ln(rate / Hz) of the rarest quantity, (N,).

        Above the highest value of the training the rate is below that of a single event, and falls
        as 1 / value.
        """
        columns = quantities(events)
        single = min(curve.rates[0] for curve in self.curves.values())
        rarest = np.full(len(events), -np.inf)
        for name, curve in self.curves.items():
            values = columns[name].astype(float)
            top = curve.thresholds[0]
            start = max(top, 1.0)  # GeV; background may have no such object at all
            beyond = single * start / np.maximum(values, start)
            rate = np.where(values > top, beyond, curve.rate(values))
            rarest = np.maximum(rarest, -np.log(rate))
        return rarest


def supervised_trees(events: TriggerEvents, signal: str, seed: int = 0) -> "SupervisedTrees":
    """Trees that tell one signal from the background, trained on events (N of both classes).

    Background counts by its rate, or the trees would learn to beat the mixture and not the beam.
    The largest weights, of empty crossings, are cut to those of the others. Both classes have the
    same sum.

    Args:
        events: with labels, the class "background" among them.
        signal: name of the class to look for.
        seed: of the trees.

    Raises:
        ValueError: for an unknown class, or without events of both.
    """
    return trees_of(_columns, events, signal, seed)


def trees_of(columns: Columns, events: TriggerEvents, signal: str, seed: int) -> "SupervisedTrees":
    """`supervised_trees` of other columns, TriggerEvents -> (N, D)."""
    background = checked_events(events).of_class("background")
    wanted = events.of_class(signal)
    if not len(background) or not len(wanted):
        raise ValueError(
            f"{len(background)} background and {len(wanted)} {signal!r} events: give some of both"
        )
    inputs = np.concatenate([columns(background), columns(wanted)])
    labels = np.repeat([0, 1], [len(background), len(wanted)])
    rate = np.ones(len(background)) if background.weight is None else background.weight
    rate = np.minimum(rate, np.quantile(rate, COMMON))
    importance = np.concatenate([rate / rate.sum(), np.full(len(wanted), 1 / len(wanted))])
    trees = HistGradientBoostingClassifier(max_iter=50, learning_rate=0.2, random_state=seed)
    return SupervisedTrees(trees.fit(inputs, labels, importance * len(wanted)), columns)


def _columns(events: TriggerEvents) -> np.ndarray:
    """What the trees see: all objects, and the sums and numbers of a menu, (N, D)."""
    sums = quantities(events)
    objects = events.objects.reshape(len(events), -1)
    return np.column_stack([objects, sums["HT"], sums["n jets"], sums["sum pT"], sums["n leptons"]])


class SupervisedTrees:
    """A trained classifier of one signal."""

    def __init__(self, trees: HistGradientBoostingClassifier, columns: Columns = _columns) -> None:
        self.trees = trees
        self.columns = columns

    def score(self, events: TriggerEvents) -> np.ndarray:
        """The log odds of the signal, (N,)."""
        checked_events(events)
        return in_pieces(lambda part: self.trees.decision_function(self.columns(part)), events)
