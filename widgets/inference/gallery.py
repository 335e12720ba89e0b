"""The failure gallery: a posterior that is wrong in a known way, and what each check says."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hepml_lite.inference import failures
from hepml_lite.inference.calibration.diagnosis import Diagnosis, diagnose
from widgets.inference.stored import stored_results

RIGHT = "right"
BIASED = "biased"
NARROW = "too narrow"
PRESETS = {RIGHT: (0.0, 1.0), BIASED: (0.5, 1.0), NARROW: (0.0, 0.5)}
CHOICES = (*PRESETS, *failures.FAILURES[1:])
BIASES = (0.0, 0.25, 0.5, 1.0)
WIDTHS = (0.5, 0.7, 1.0, 1.4, 2.0)
SEED = 2
N_OBSERVATIONS = 400
N_DRAWS = 100
N_SHOWN = 400  # draws in the figure
N_BINS = 10  # of ranks
LOCAL = "local classifier test"
CLASSIFIER = "classifier test against the exact posterior"
SMALL = 0.05  # of the local test, whose p-value is at least 1/21
FAR = 0.55  # accuracy of a classifier


class Shown(NamedTuple):
    """All that the screen tells of one estimate.

    Attributes:
        estimate: the posterior.
        judged: by all checks that take milliseconds.
        findings: of all checks, the stored ones included where they are stored.
        diagnoses: of both parameters.
        exact: draws (400, 2) of the exact posterior at the observation.
        draws: of the estimate.
    """

    estimate: failures.FailingPosterior
    judged: failures.Judged
    findings: tuple[failures.Finding, ...]
    diagnoses: list[Diagnosis]
    exact: np.ndarray
    draws: np.ndarray


@lru_cache(maxsize=64)
def shown(choice: str, bias: float, width: float) -> Shown:
    """What the screen tells.

    Args:
        choice: one of `CHOICES`.
        bias: one of `BIASES`, in standard deviations of the noise.
        width: one of `WIDTHS`, over the right one.
    """
    failure = "none" if choice in PRESETS else choice
    estimate = failures.FailingPosterior(failure, bias, width)
    judged = failures.judge(estimate, N_OBSERVATIONS, N_DRAWS, SEED)
    theta, x = failures.simulate(N_OBSERVATIONS, SEED)
    return Shown(
        estimate,
        judged,
        (*judged.findings, *_stored(failure, bias, width)),
        diagnose(estimate.sample(N_DRAWS, x, SEED), theta, SEED),
        failures.EXACT.sample(N_SHOWN, estimate.observed, SEED),
        estimate.sample(N_SHOWN, estimate.observed, SEED),
    )


def _stored(failure: str, bias: float, width: float) -> list[failures.Finding]:
    """The classifier tests; none where they are not stored."""
    place = (failures.FAILURES.index(failure), BIASES.index(bias), WIDTHS.index(width))
    p_value = float(stored_results()["local_p_value"][place])
    accuracy = float(stored_results()["c2st"][place])
    if np.isnan(p_value):
        return []
    return [
        failures.Finding(LOCAL, f"p = {p_value:.2g}", p_value < SMALL),
        failures.Finding(CLASSIFIER, f"{accuracy:.2f}", accuracy > FAR),
    ]
