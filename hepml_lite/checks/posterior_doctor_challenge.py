"""The check of the open challenge 6.7: a doctor who names the fault of a posterior.

A student's function gets draws of posteriors at simulated data with their true parameters, and is
judged on cases that it has not seen.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.named_faults import Ladder, accuracy, checked_name, most_often
from hepml_lite.inference import calibration, failures
from hepml_lite.inference.calibration.diagnosis import diagnose

FAULTS = ("right", "too narrow", "too wide", "biased", "leakage", "ignores the data")
HELP = {
    "right": "Where no check finds a fault, say right",
    "too narrow": "Ranks pile up at both ends: compare their spread with that of uniform ranks",
    "too wide": "Ranks gather in the middle: compare their spread with that of uniform ranks",
    "biased": "A shift moves the mean of the ranks, up or down, and both directions count",
    "leakage": "Look for draws outside the prior first: their ranks can be uniform",
    "ignores the data": "Ranks of a part of the prior are uniform: TARP sees it with references "
    "that depend on x",
}
N_OF_EACH = 6
N_SIMULATIONS = 300
N_DRAWS = 100
LADDER = Ladder(0.6, 0.8, 0.95)  # shares of the cases
ONE_FOR = "the whole case, not one for each parameter or simulation"


class Case(NamedTuple):
    """An estimate of a posterior to judge, and what is hidden: its fault.

    Attributes:
        draws: (S, N, 2), S draws of both parameters at each of N simulations.
        truths: (N, 2), uniform from -1 to 1.
        x: (N, 2), the truths with a noise of 0.3.
        fault: one of `FAULTS`.
    """

    draws: np.ndarray
    truths: np.ndarray
    x: np.ndarray
    fault: str


def cases(n_of_each: int, rng: int = 0) -> list[Case]:
    """So many cases of each fault, in random order and of random size."""
    generator = np.random.default_rng(rng)
    made = []
    for fault in generator.permutation(np.repeat(FAULTS, n_of_each)).tolist():
        truths, x = failures.simulate(N_SIMULATIONS, generator)
        estimate = _estimate(fault, generator)
        draws = estimate.sample(N_DRAWS, x, generator)
        made.append(Case(draws, truths, x[:, :2], fault))
    return made


def _estimate(fault: str, rng: np.random.Generator) -> failures.FailingPosterior:
    if fault == "too narrow":
        return failures.FailingPosterior(width=rng.uniform(0.45, 0.75))
    if fault == "too wide":
        return failures.FailingPosterior(width=rng.uniform(1.4, 2.2))
    if fault == "biased":
        return failures.FailingPosterior(bias=rng.choice([-1, 1]) * rng.uniform(0.35, 0.9))
    if fault == "leakage":
        return failures.FailingPosterior("leakage")
    if fault == "ignores the data":
        return failures.FailingPosterior("outlier scaling")
    return failures.EXACT


def by_several_checks(draws: ArrayLike, truths: ArrayLike, x: ArrayLike) -> str:
    """The model answer to 6.7: the prior, then ranks, then balls near the data."""
    drawn, truth, data = (np.asarray(values, float) for values in (draws, truths, x))
    if (np.abs(drawn) > failures.END).any(-1).mean() > 0.01:
        return "leakage"
    names = ", ".join(one.name for one in diagnose(drawn, truth))
    if "too high" in names or "too low" in names:
        return "biased"
    for width in ("too narrow", "too wide"):
        if width in names:
            return width
    references = data + failures.NOISE * np.random.default_rng(0).normal(size=data.shape)
    ball = calibration.tarp(drawn, truth, references)
    return "ignores the data" if ball.p_value < failures.FOUND else "right"


@exercise("6.7", reference=by_several_checks)
def name_of_the_fault(answer, **context):
    """6.7: cases that nobody has seen."""
    given = cases(N_OF_EACH, rng=67)
    found = [
        checked_name(answer(case.draws.copy(), case.truths.copy(), case.x.copy()), FAULTS, ONE_FOR)
        for case in given
    ]
    share = accuracy(found, given)
    told = f"{100 * share:.0f} % of {len(given)} hidden cases are named right"
    if share < LADDER.bronze:
        needed = 100 * LADDER.bronze
        raise Wrong(f"{told}; bronze needs {needed:.0f} %. {_confused(found, given)}")
    medal = LADDER.medal(share)
    ladder = f"{LADDER}; the reference uses three checks, one after the other"
    return f"{medal}: {told}. The ladder: {ladder}"


def _confused(found: Sequence[str], given: Sequence[Case]) -> str:
    """What goes wrong most often."""
    if len(set(found)) == 1:
        return f"You say {found[0]!r} in all cases: the answer does not depend on the draws"
    most = most_often(found, given, FAULTS)
    if (most["too narrow"], most["too wide"]) == ("too wide", "too narrow"):
        return "Narrow and wide are swapped: ranks pile up at both ends where draws are too narrow"
    if most["right"] != "right":
        return (
            f"You call {most['right']!r} what is right: with {N_SIMULATIONS} simulations every "
            "number fluctuates, so compare with its error"
        )
    sleeping = [fault for fault in FAULTS[1:] if most[fault] == "right"]
    if sleeping:
        return f"Nothing is found for: {', '.join(sleeping)}. {HELP[sleeping[0]]}"
    fault = next(one for one in FAULTS if most[one] != one)
    return f"{most[fault]!r} is said of {fault!r}. {HELP[fault]}"
