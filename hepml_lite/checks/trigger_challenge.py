"""The check of the open challenge 7.6: an anomaly score for a budget, judged on hidden events.

A student's function learns from background alone and returns a score. The threshold is set so that
the score's rate is 20 kHz on events that it has not seen. What counts is how much of four signals
passes: the geometric mean of the four efficiencies, so that no signal may be given up.

The hidden events come without labels, in random order, and with pT changed by a thousandth: who has
the same events with labels cannot find them again, neither by place nor by content.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import as_numbers
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.trigger.anomaly.baselines import Rarity
from hepml_lite.trigger.rates import RateCurve

BUDGET = 20_000.0  # Hz
BRONZE, SILVER, GOLD = 0.32, 0.42, 0.54  # geometric mean of the efficiencies

ScoreOf = Callable[[TriggerEvents], Any]


class Reached(NamedTuple):
    """What a score keeps within the budget.

    Attributes:
        threshold: of the score.
        efficiencies: of each signal, by name.
    """

    threshold: float
    efficiencies: dict[str, float]

    @property
    def mean(self) -> float:
        """The geometric mean of the efficiencies."""
        values = np.array([*self.efficiencies.values()])
        return float(np.exp(np.mean(np.log(np.maximum(values, 1e-6)))))

    def __str__(self) -> str:
        each = ", ".join(f"{name} {share:.0%}" for name, share in self.efficiencies.items())
        return f"{self.mean:.3f} ({each})"


def train(background: TriggerEvents) -> ScoreOf:
    """The rarest of a few quantities, -ln(rate): the reference."""
    return Rarity.of_background(background).score


@exercise("7.6", reference=train)
def _(answer, practice: TriggerEvents, hidden: TriggerEvents, **context):
    score = answer(practice)
    if not callable(score):
        raise Wrong(
            f"your train returned a {type(score).__name__}: return a function that gives one "
            "score (N,) for TriggerEvents"
        )
    rng = np.random.default_rng(len(hidden))
    hidden = hidden[rng.permutation(len(hidden))]
    unlabelled = _without_labels(hidden, rng)
    scores = scores_of(score, unlabelled)
    require_meaning(scores, score, unlabelled, rng)
    found = reached(scores, hidden)
    backwards = reached(-scores, hidden)
    if backwards.mean > found.mean and found.mean < BRONZE:
        raise Wrong(
            f"{found}; with the sign reversed {backwards.mean:.3f}: the larger a score, the "
            "stranger the event must be"
        )
    if found.mean < BRONZE:
        weakest = min(found.efficiencies, key=lambda name: found.efficiencies[name])
        raise Wrong(
            f"{found}: bronze needs {BRONZE}. {weakest} is nearly lost: what does it have that is "
            "rare, and does your score see it?"
        )
    return f"{_medal(found)}: {found}. {_ladder()}"


def reached(scores: np.ndarray, events: TriggerEvents) -> Reached:
    """Efficiencies of the four signals where the background has the rate of the budget."""
    background = events.label == 0
    weight = events.weight
    if weight is None:
        raise ValueError("hidden events have no weight: give events of load('trigger_objects')")
    curve = RateCurve.of_events(scores[background], weight[background])
    threshold = curve.threshold(BUDGET) if curve.rates[0] <= BUDGET else np.inf
    efficiencies = {
        name: float(np.mean(scores[events.label == label] >= threshold))
        for label, name in enumerate(events.names)
        if label
    }
    return Reached(float(threshold), efficiencies)


def _without_labels(events: TriggerEvents, rng: np.random.Generator) -> TriggerEvents:
    """The objects alone, each pT off by up to 0.1 %, far less than a trigger measures."""
    objects = events.objects.copy()
    objects[..., 0] *= rng.uniform(0.999, 1.001, objects.shape[:2]).astype(np.float32)
    return TriggerEvents(objects=objects)


def scores_of(score: ScoreOf, events: TriggerEvents) -> np.ndarray:
    """One finite score an event, or a `Wrong` that says what it is instead."""
    numbers = as_numbers(score(events), "one score an event, (N,)")
    if numbers.ndim == 0:
        raise Wrong("your score gives one number for all events: give one an event, (N,)")
    if numbers.shape != (len(events),):
        raise Wrong(
            f"your score has shape {numbers.shape} for {len(events)} events: give one number an "
            "event, (N,)"
        )
    if not np.isfinite(numbers).all():
        raise Wrong(
            f"{(~np.isfinite(numbers)).sum()} scores are NaN or infinite: does the score divide by "
            "the pT of an absent object, or take its logarithm?"
        )
    return numbers


def require_meaning(
    scores: np.ndarray, score: ScoreOf, events: TriggerEvents, rng: np.random.Generator
) -> None:
    """Refuse what is no score of the single event."""
    if (scores == scores[0]).all():
        raise Wrong("all events have the same score: the event has no influence on it")
    if set(np.unique(scores).tolist()) <= {0.0, 1.0}:
        raise Wrong(
            "these are decisions, 0 and 1: give a score, the check chooses the threshold that "
            "meets the budget"
        )
    some = rng.permutation(len(events))[: len(events) // 2]
    again = scores_of(score, events[some])
    if not np.allclose(again, scores[some], rtol=1e-4, atol=1e-6):
        raise Wrong(
            "an event's score changes with the other events that are scored together (or from one "
            "call to the next): a trigger sees one crossing at a time, so learn all numbers from "
            "the practice background"
        )


def _medal(found: Reached) -> str:
    if found.mean >= GOLD:
        return "gold"
    return "silver" if found.mean >= SILVER else "bronze"


def _ladder() -> str:
    return (
        f"The ladder, in geometric means: bronze {BRONZE}, silver {SILVER}, gold {GOLD}; the "
        "reference reaches gold"
    )
