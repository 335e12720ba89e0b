"""The check of the open challenge 6.5: alpha_s behind a tracker that loses unknown shares.

A student's function is trained on sets with known parameters, and its intervals are judged on
other sets: do 68 % of them hold the truth, and how narrow are they?
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from hepml_lite.checks import Wrong, exercise
from hepml_lite.inference.experiments.hadronic_z import PRIOR, Sets, with_lost_tracks

LEVEL = 0.68
EFFICIENCY = (0.90, 1.00)  # of the tracker, uniform
BRONZE, SILVER, GOLD = 0.0080, 0.0045, 0.0037  # half widths of the intervals
TOLERANCE = 3.0  # binomial errors of the coverage
SEED = 65

Measure = Callable[[np.ndarray], Any]


class Score(NamedTuple):
    """What the intervals reach on sets that the training has not seen.

    Attributes:
        coverage: share that holds the truth.
        error: binomial, of an honest share.
        half_width: mean.
        bias: mean distance of the middles to the truth, in half widths.
    """

    coverage: float
    error: float
    half_width: float
    bias: float

    def __str__(self) -> str:
        return f"{self.coverage:.0%} hold the truth, half width {self.half_width:.4f}"


def through_tracker(sets: Sets, seed: int) -> Sets:
    """The sets behind trackers whose efficiencies are drawn from 0.90 to 1.00."""
    rng = np.random.default_rng(seed)
    efficiency = rng.uniform(*EFFICIENCY, len(sets.theta))
    return Sets(sets.theta, with_lost_tracks(sets.events, efficiency, rng))


def summaries(events: np.ndarray) -> np.ndarray:
    """Means and standard deviations of the shapes, (S, 10), of sets (S, N, 5)."""
    return np.concatenate([events.mean(1), events.std(1)], axis=1)


def train(theta: np.ndarray, events: np.ndarray) -> Measure:
    """A polynomial of means and widths, and the scatter of its residuals: the reference."""
    powers = PolynomialFeatures(2, include_bias=False)
    model = make_pipeline(
        StandardScaler(), powers, StandardScaler(), RidgeCV(np.logspace(-3, 2, 11))
    )
    alpha_s = theta[:, 0]
    predicted = cross_val_predict(model, summaries(events), alpha_s, cv=10)
    error = np.std(predicted - alpha_s)
    model.fit(summaries(events), alpha_s)

    def measure(one: np.ndarray) -> tuple[float, float]:
        centre = model.predict(summaries(one[None]))[0]
        return float(centre - error), float(centre + error)

    return measure


@exercise("6.5", reference=train)
def _(answer, practice: Sets, hidden: Sets, **context):
    unseen = through_tracker(hidden, SEED)
    measure = answer(practice.theta.copy(), practice.events.copy())
    if not callable(measure):
        raise Wrong(
            f"your train returned a {type(measure).__name__}: return a function that gives "
            "(low, high) for the events (400, 5) of one set"
        )
    ends = np.array([_ends(measure(one.copy())) for one in unseen.events])
    _require_meaning(ends, unseen.theta)
    found = _scored(ends, unseen.theta[:, 0])
    _require_honesty(found)
    if found.half_width > BRONZE:
        raise Wrong(f"{found}: honest, but bronze needs a half width of {BRONZE}. What else varies "
                    "with alpha_s?")  # fmt: skip
    return f"{_medal(found)}: {found}. {_ladder()}"


def _ends(found: Any) -> np.ndarray:
    try:
        pair = np.asarray(found, dtype=float)
    except (TypeError, ValueError) as error:
        raise Wrong(f"an interval is (low, high), two numbers ({error})") from error
    if pair.shape != (2,):
        raise Wrong(f"an interval is (low, high), two numbers, and not of shape {pair.shape}")
    if not np.isfinite(pair).all():
        raise Wrong("an end is NaN or infinite: was something divided by zero?")
    return pair


def _require_meaning(ends: np.ndarray, theta: np.ndarray) -> None:
    """Refuse what is no interval of alpha_s."""
    low, high = ends.T
    prior = PRIOR.high[0]
    if (np.abs(high - high[0]) < 1e-12).all() and (np.abs(low - low[0]) < 1e-12).all():
        raise Wrong("all sets get the same interval: the data have no influence on it")
    if (high < low).mean() > 0.5 and (low < 2 * prior).all() and (high < 0.3 * low).mean() > 0.5:
        raise Wrong("this is a value and its error: return both ends, value ± error")
    if (high < low).any():
        raise Wrong("low is above high: are the ends exchanged?")
    if (high == low).any():
        raise Wrong("the interval has no width: add and subtract an error")
    middle = np.median((low + high) / 2)
    if abs(middle) < 0.3 * np.median(high - low):
        raise Wrong("these are intervals around zero: are they errors? Add the value")
    if 0.4 <= middle <= PRIOR.high[1]:
        raise Wrong("these are values of the nuisance a: theta[:, 0] is alpha_s")
    if not 0.5 * PRIOR.low[0] < middle < 2 * prior:
        raise Wrong(f"the intervals are around {middle:.3g}, but alpha_s is 0.100 to 0.145")


def _require_honesty(found: Score) -> None:
    """Refuse intervals that do not hold the truth as often as they promise."""
    allowed = TOLERANCE * found.error
    promised = f"{LEVEL:.0%} ± {allowed:.0%} are honest"
    if found.coverage < LEVEL - allowed:
        if abs(found.bias) > 0.6:
            side = "high" if found.bias > 0 else "low"
            raise Wrong(
                f"{found}, {promised}. The intervals are too {side} on average. Was the training "
                "without the lost tracks?"
            )
        raise Wrong(
            f"{found}, {promised}. They are too narrow: does the error contain the nuisance, the "
            "lost tracks, and the error of sets that the training has not seen?"
        )
    if found.coverage > LEVEL + allowed:
        raise Wrong(
            f"{found}, {promised}. They are too wide: these are intervals of "
            f"{found.coverage:.0%}, not of {LEVEL:.0%}"
        )


def _scored(ends: np.ndarray, truth: np.ndarray) -> Score:
    low, high = ends.T
    half_width = (high - low) / 2
    inside = (low <= truth) & (truth <= high)
    error = np.sqrt(LEVEL * (1 - LEVEL) / len(truth))
    pull = ((low + high) / 2 - truth) / half_width
    return Score(float(inside.mean()), float(error), float(half_width.mean()), float(pull.mean()))


def _medal(found: Score) -> str:
    if found.half_width <= GOLD:
        return "gold"
    return "silver" if found.half_width <= SILVER else "bronze"


def _ladder() -> str:
    return (
        f"The ladder, in half widths of honest intervals: bronze {BRONZE:.4f}, silver "
        f"{SILVER:.4f}, gold {GOLD:.4f}; the reference reaches gold"
    )
