"""The check of the open challenge 7.10: an anomaly score that survives the pile-up of the day.

A student's function learns from background crossings at the pile-up of the beginning of a fill and
returns a score. It is judged at *half* of that pile-up, on crossings that nobody has seen: the
check lays ordinary collisions over each other, and over hidden signal events, with a random seed
that follows from the scores of the answer. So the same answer meets the same crossings, and they
cannot be known before. The function gets them in random order and without labels.
"""

import hashlib
from collections.abc import Callable

import numpy as np

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.trigger_challenge import Reached, ScoreOf, require_meaning, scores_of
from hepml_lite.containers.pile_up import overlay
from hepml_lite.containers.trigger_events import TriggerEvents
from hepml_lite.trigger.anomaly.baselines import Rarity
from hepml_lite.trigger.rates.pile_up import crossings

MU_OF_PRACTICE, MU_OF_JUDGEMENT = 40.0, 20.0
CROSSING_RATE = 28.6e6  # Hz
SHARE = 0.005  # of the crossings that may be kept: 143 kHz
MOST_SIGNALS = 500  # of each kind
RARE = ("met", "egamma 1", "egamma 2", "muons 1", "muons 2", "jets 1", "HT")
BRONZE, SILVER, GOLD = 0.25, 0.34, 0.4  # geometric mean of the efficiencies


def train(background: TriggerEvents) -> ScoreOf:
    """The rarest of a few quantities, -ln(rate): the reference."""
    return Rarity.of_background(background, RARE).score


@exercise("7.10", reference=train)
def _(
    answer,
    minimum_bias: TriggerEvents,
    hidden_signals: Callable[[], TriggerEvents],
    n_crossings: int,
    **context,
):
    practice = practice_crossings(minimum_bias, n_crossings)
    score = answer(practice)
    if not callable(score):
        raise Wrong(
            f"your train returned a {type(score).__name__}: return a function that gives one "
            "score (N,) for TriggerEvents"
        )
    on_practice = scores_of(score, TriggerEvents(objects=practice.objects.copy()))
    rng = np.random.default_rng(_seed_of(on_practice))
    hidden, label, names = _hidden(minimum_bias, hidden_signals(), n_crossings, rng)
    scores = scores_of(score, hidden)
    require_meaning(scores, score, hidden, rng)
    found = reached(scores, label, names)
    backwards = reached(-scores, label, names)
    if backwards.mean > found.mean and found.mean < BRONZE:
        raise Wrong(
            f"{found}; with the sign reversed {backwards.mean:.3f}: the larger a score, the "
            "stranger the crossing must be"
        )
    if found.mean < BRONZE:
        weakest = min(found.efficiencies, key=lambda name: found.efficiencies[name])
        raise Wrong(
            f"{found}: bronze needs {BRONZE}. {weakest} is nearly lost: what does it have that is "
            "rare among twenty ordinary collisions, and does your score see it?"
        )
    return f"{medal(found)}: {found}. {_ladder()}"


def practice_crossings(minimum_bias: TriggerEvents, n: int, seed: int = 1) -> TriggerEvents:
    """Background crossings at the pile-up of practice, each with the rate of all crossings [Hz]."""
    made = crossings(minimum_bias, MU_OF_PRACTICE, n, seed)
    return TriggerEvents(objects=made.objects, weight=np.full(n, CROSSING_RATE))


def reached(scores: np.ndarray, label: np.ndarray, names: tuple[str, ...]) -> Reached:
    """Efficiencies of the signals where the background keeps the allowed share."""
    threshold = float(np.quantile(scores[label == 0], 1 - SHARE, method="higher"))
    efficiencies = {
        name: float(np.mean(scores[label == k] > threshold)) for k, name in enumerate(names) if k
    }
    return Reached(threshold, efficiencies)


def medal(found: Reached) -> str:
    """Of the geometric mean, which is at least bronze."""
    if found.mean >= GOLD:
        return "gold"
    return "silver" if found.mean >= SILVER else "bronze"


def _seed_of(scores: np.ndarray) -> int:
    """A seed that follows from the scores, and that cannot be chosen."""
    digest = hashlib.sha256(np.ascontiguousarray(scores, np.float32).tobytes()).digest()
    return int.from_bytes(digest[:8], "big")


def _hidden(
    minimum_bias: TriggerEvents, signals: TriggerEvents, n: int, rng: np.random.Generator
) -> tuple[TriggerEvents, np.ndarray, tuple[str, ...]]:
    """Crossings of background and signals in random order, their labels, and the names."""
    collisions = TriggerEvents(objects=minimum_bias.objects)
    parts = [crossings(collisions, MU_OF_JUDGEMENT, n, rng).objects]
    label = [np.zeros(n, int)]
    for k, name in enumerate(signals.names):
        of_kind = signals.of_class(name)
        if not k or not len(of_kind):
            continue
        few = of_kind[rng.permutation(len(of_kind))[:MOST_SIGNALS]]
        alone = TriggerEvents(objects=few.objects)
        parts.append(overlay(alone, collisions, MU_OF_JUDGEMENT, rng).objects)
        label.append(np.full(len(few), k))
    order = rng.permutation(sum(map(len, label)))
    objects = np.concatenate(parts)[order]
    return TriggerEvents(objects=objects), np.concatenate(label)[order], signals.names


def _ladder() -> str:
    return (
        f"The ladder, in geometric means: bronze {BRONZE}, silver {SILVER}, gold {GOLD}; the "
        "reference reaches gold"
    )
