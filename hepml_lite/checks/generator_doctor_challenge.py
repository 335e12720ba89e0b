"""The check of the open challenge 3.8: a doctor who names the fault of a generator.

A student's function gets training rows, fresh real rows and generated rows, and says what is wrong.
It is judged on cases that it has not seen; what is wrong with them is not in its hands.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.named_faults import Ladder, accuracy, checked_name, most_often
from hepml_lite.generation.evaluation.distortions import DISTORTIONS, copied
from hepml_lite.generation.evaluation.neighbours import memorisation, neighbour_metrics

HEALTHY = "healthy"
FAULTS = (HEALTHY, *DISTORTIONS, "copies")
STRENGTHS = {
    "shift": (0.3, 0.5),
    "smear": (0.7, 0.9),
    "missing tail": (0.08, 0.15),
    "lost correlation": (0.7, 1.0),
    "missing mode": (0.25, 0.35),
    "copies": (0.4, 1.0),
}  # where the faults were seen in the table of the notebook
HELP = {
    HEALTHY: "Where nothing exceeds what two real samples differ by, say healthy",
    "shift": "One feature has another mean and the same width",
    "smear": "One feature is wider",
    "missing tail": "Compare the largest value of each feature with the real ones",
    "lost correlation": "All histograms are right: compare the two tables of correlations",
    "missing mode": "Real rows of one region have no generated row near them: coverage",
    "copies": "Compare distances to the training rows with those to fresh rows",
}
N_OF_EACH = 4
N_ROWS = 900  # of each sample of a case
MOST_CORRELATED = 0.5  # a feature whose lost correlation can be seen
LADDER = Ladder(0.5, 0.75, 0.92)  # shares of the cases
ONE_FOR = "the whole sample, not one for each row or feature"


class Case(NamedTuple):
    """Samples to judge, and what is hidden: the fault.

    Attributes:
        training: (N, D), which a memory would copy.
        real: (N, D), fresh.
        generated: (N, D).
        fault: one of `FAULTS`.
    """

    training: np.ndarray
    real: np.ndarray
    generated: np.ndarray
    fault: str


def cases(rows: ArrayLike, n_of_each: int, rng: int = 0) -> list[Case]:
    """So many cases of each fault, in random order, of features in random order.

    Args:
        rows: of the truth (N, D), N >= 3 `N_ROWS`.
        n_of_each: cases of each fault.
        rng: seed.

    Raises:
        ValueError: fewer rows.
    """
    truth = np.asarray(rows, dtype=float)
    if len(truth) < 3 * N_ROWS:
        raise ValueError(f"{len(truth)} rows: a case needs {3 * N_ROWS}")
    generator = np.random.default_rng(rng)
    names = generator.permutation(np.repeat(FAULTS, n_of_each)).tolist()
    return [_case(truth, name, generator) for name in names]


def _case(truth: np.ndarray, fault: str, rng: np.random.Generator) -> Case:
    """A fault of one feature or region; the features are standardised, in random order."""
    truth = (truth - truth.mean(axis=0)) / truth.std(axis=0)
    truth = truth[:, rng.permutation(truth.shape[1])]
    others = np.corrcoef(truth, rowvar=False) - np.eye(truth.shape[1])
    seen = np.flatnonzero(np.abs(others).max(axis=0) > MOST_CORRELATED)
    first = rng.choice(seen)
    drawn = truth[rng.permutation(len(truth))[: 3 * N_ROWS]]
    training, real, fresh = np.split(drawn, 3)
    strength = rng.uniform(*STRENGTHS.get(fault, (0.0, 0.0)))
    if fault == "copies":
        n_copies = round(strength * N_ROWS)
        fresh[:n_copies] = copied(training, n_copies, rng)
    elif fault != HEALTHY:
        order = [first, *[column for column in range(truth.shape[1]) if column != first]]
        broken = DISTORTIONS[fault](fresh[:, order], strength, rng)
        fresh = broken[:, np.argsort(order)]
    return Case(training, real, fresh, fault)


def by_several_metrics(training: ArrayLike, real: ArrayLike, generated: ArrayLike) -> str:
    """The model answer to 3.8: first copies, then single features, then several at once."""
    true, made = np.asarray(real, float), np.asarray(generated, float)
    if memorisation(training, real, generated).copies > 0.05:
        return "copies"
    beyond = (true > made.max(axis=0)).mean(axis=0)  # real rows above all generated ones
    if beyond.max() > 0.04:
        return "missing tail"
    correlations = [np.corrcoef(rows, rowvar=False) for rows in (true, made)]
    if np.abs(correlations[0] - correlations[1]).max() > 0.45:
        return "lost correlation"
    if neighbour_metrics(true, made).coverage < 0.85:
        return "missing mode"
    if (np.abs(made.mean(axis=0) - true.mean(axis=0)) / true.std(axis=0)).max() > 0.22:
        return "shift"
    middle = [np.diff(np.quantile(rows, (0.16, 0.84), axis=0), axis=0) for rows in (true, made)]
    return "smear" if (middle[1] / middle[0]).max() > 1.18 else HEALTHY


@exercise("3.8", reference=by_several_metrics)
def name_of_the_fault(answer, rows, **context):
    """3.8: cases that nobody has seen."""
    given = cases(rows, N_OF_EACH, rng=38)
    found = [
        checked_name(answer(*(sample.copy() for sample in case[:3])), FAULTS, ONE_FOR)
        for case in given
    ]
    share = accuracy(found, given)
    told = f"{100 * share:.0f} % of {len(given)} hidden generators are named right"
    if share < LADDER.bronze:
        needed = 100 * LADDER.bronze
        raise Wrong(f"{told}; bronze needs {needed:.0f} %. {_confused(found, given)}")
    medal = LADDER.medal(share)
    ladder = f"{LADDER}; the reference asks five questions, one after the other"
    return f"{medal}: {told}. The ladder: {ladder}"


def _confused(found: Sequence[str], given: Sequence[Case]) -> str:
    """What goes wrong most often."""
    if len(set(found)) == 1:
        return f"You say {found[0]!r} of all: the answer does not depend on the samples"
    most = most_often(found, given, FAULTS)
    if most["shift"] == "smear" and most["smear"] == "shift":
        return "Shift and smear are swapped: a shift moves the mean, a smear makes it wider"
    if most[HEALTHY] != HEALTHY:
        return (
            f"You call {most[HEALTHY]!r} what is healthy: two real samples of {N_ROWS} rows "
            "differ, too, so compare with what you find between training and real rows"
        )
    missed = [fault for fault in FAULTS[1:] if most[fault] == HEALTHY]
    if missed:
        return f"Nothing is found for: {', '.join(missed)}. {HELP[missed[0]]}"
    fault = next(one for one in FAULTS if most[one] != one)
    return f"{most[fault]!r} is said of {fault!r}. {HELP[fault]}"
