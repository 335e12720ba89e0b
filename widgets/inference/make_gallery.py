"""What the third screen of the dashboard cannot compute on a move: the classifier tests."""

from typing import Any

import numpy as np

from hepml_lite.inference import calibration, failures, local_classifier_test
from widgets.inference import gallery

Arrays = dict[str, Any]  # name -> array

N_LOCAL = 1000  # simulations of the local classifier test


def classifier_tests() -> Arrays:
    """p-value of the local test and accuracy against exact draws; NaN where not made."""
    shape = (len(failures.FAILURES), len(gallery.BIASES), len(gallery.WIDTHS))
    p_value = np.full(shape, np.nan)
    accuracy = np.full(shape, np.nan)
    for i, failure in enumerate(failures.FAILURES):
        for j, bias in enumerate(gallery.BIASES):
            for k, width in enumerate(gallery.WIDTHS):
                if i and (bias, width) != (0.0, 1.0):
                    continue
                estimate = failures.FailingPosterior(failure, bias, width)
                p_value[i, j, k] = local_p_value(estimate)
                exact = failures.EXACT.sample(N_LOCAL, estimate.observed, 1)
                drawn = estimate.sample(N_LOCAL, estimate.observed, 2)
                accuracy[i, j, k] = calibration.c2st(exact, drawn).value
    return {"local_p_value": p_value, "c2st": accuracy}


def local_p_value(estimate: failures.FailingPosterior) -> float:
    """Of the local classifier test at the observation of the gallery."""
    theta, x = failures.simulate(N_LOCAL, 3)
    drawn = estimate.sample(1, x, 4)[0]
    there = estimate.sample(N_LOCAL, estimate.observed, 5)
    return local_classifier_test.local_classifier_test(
        theta, drawn, x, estimate.observed, there, rng=6
    ).p_value
