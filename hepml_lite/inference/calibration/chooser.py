"""Which check to choose: what each of them needs, what it finds and what it misses."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Check:
    """A check of an inference.

    Attributes:
        name: as in the field.
        call: of this library.
        needs: what must be at hand.
        finds: what it is sensitive to.
        misses: what it cannot see.
        is_local: whether it speaks of the observation at hand, and not of the mean over the prior.
        needs_exact: whether it needs the exact posterior or likelihood.
    """

    name: str
    call: str
    needs: str
    finds: str
    misses: str
    is_local: bool = False
    needs_exact: bool = False


CHECKS = (
    Check(
        "simulation-based calibration",
        "calibration.simulation_based_calibration",
        "draws for some hundred simulated observations",
        "bias and wrong widths, parameter by parameter",
        "wrong correlations; the prior itself passes",
    ),
    Check(
        "coverage of intervals",
        "calibration.coverage",
        "draws for some hundred simulated observations",
        "the number that an experiment quotes",
        "errors that cancel over the prior; the prior itself passes",
    ),
    Check(
        "expected coverage",
        "calibration.expected_coverage",
        "log_prob of the estimate at truths and draws",
        "too narrow or too wide in all parameters together",
        "bias without a change of width, in part; the prior itself passes",
    ),
    Check(
        "TARP",
        "calibration.tarp",
        "draws, and reference points; best such that depend on the data",
        "any error, with enough observations and good references",
        "a posterior that ignores the data, if the references do, too",
    ),
    Check(
        "local classifier test",
        "local_classifier_test.local_classifier_test",
        "some thousand simulations, and a classifier trained on them",
        "an error at the observation at hand",
        "what the classifier does not learn",
        is_local=True,
    ),
    Check(
        "classifier test against the exact posterior",
        "calibration.c2st",
        "draws of the exact posterior",
        "any difference that a network can learn",
        "little, but it is possible in toys only",
        is_local=True,
        needs_exact=True,
    ),
    Check(
        "importance weights",
        "sampling.weighted",
        "the likelihood at each draw, and log_prob of the estimate",
        "a wrong estimate, and repairs it: the effective sample size says by how much",
        "parts of the posterior where the estimate has no draws",
        is_local=True,
        needs_exact=True,
    ),
    Check(
        "posterior predictive check",
        "data_model_checks.predictive_check",
        "one simulation for each of some hundred draws",
        "a posterior in a wrong place, or a wrong simulator",
        "a posterior that is too narrow",
        is_local=True,
    ),
    Check(
        "classifier of data and model",
        "hidden_systematics.classifier_p_values",
        "the events of the data, and as many simulated at draws of the posterior",
        "any feature of single events that the model does not describe after the fit",
        "a nuisance that looks like the parameters; differences below the noise of the data",
        is_local=True,
    ),
    Check(
        "misspecification",
        "data_model_checks.is_simulated",
        "the simulations of the training",
        "data that no parameters produce",
        "a wrong simulator whose data look like those of other parameters",
        is_local=True,
    ),
)


def choose(*, is_exact_known: bool = False, has_density: bool = True) -> list[Check]:
    """The checks that can be made.

    Args:
        is_exact_known: the exact likelihood or posterior is at hand, as in a toy.
        has_density: the estimate has log_prob, not only draws.
    """
    chosen = []
    for check in CHECKS:
        uses_density = "log_prob" in check.needs
        if (is_exact_known or not check.needs_exact) and (has_density or not uses_density):
            chosen.append(check)
    return chosen


def table() -> pd.DataFrame:
    """All checks, one a row."""
    rows = [vars(check) for check in CHECKS]
    return pd.DataFrame(rows).set_index("name")
